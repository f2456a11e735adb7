"""What counts as a missed notice, and what does not."""

from datetime import timedelta

import pytest

from daemon.webhooks.tally import GOOD, Register, Result
from ledger.model.ids import Kind, SystemName

from .support import AT, QBO, REFUSED

PATIENCE = timedelta(minutes=15)
SECRETS = (b"of today", b"of yesterday")


def register(system: SystemName = QBO, *, expected: bool = True) -> Register:
    return Register(system, secrets=SECRETS, expected=expected, patience=PATIENCE)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


class Day:
    """Looks and notices at minutes of a day."""

    def __init__(self, one: Register) -> None:
        self.one = one
        self.one.looked((), AT - minutes(2), AT - minutes(2))

    def look(self, at: float, *kinds: Kind) -> "Day":
        self.one.looked(kinds, AT + minutes(at), AT + minutes(at) + timedelta(seconds=5))
        return self

    def ring(self, at: float, *kinds: Kind) -> "Day":
        self.one.good(SECRETS[0], AT + minutes(at))
        self.one.heard(kinds, AT + minutes(at))
        return self

    def missed(self, at: float = 1000.0) -> tuple[int, tuple[Kind, ...]]:
        tally = self.one.tally(AT + minutes(at))
        return tally.missed, tally.missing


def test_every_result_is_good_or_refused_and_there_from_the_start() -> None:
    assert set(Result) == GOOD | REFUSED
    assert not GOOD & REFUSED
    tally = register().tally(AT)
    assert tally.received == dict.fromkeys(Result, 0)
    assert (tally.missed, tally.last_at, tally.warning) == (0, None, None)


@pytest.mark.parametrize(
    "day",
    [
        Day(register()).ring(-1, Kind.ITEM).look(0, Kind.ITEM),
        Day(register()).look(0, Kind.ITEM).ring(1, Kind.ITEM),
        Day(register()).look(0, Kind.ITEM).ring(15, Kind.ITEM),
        Day(register()).look(0, Kind.BILL, Kind.TAX_CODE, Kind.PURCHASE_ORDER),
        Day(register(SystemName("dear"))).look(0, Kind.ACCOUNT, Kind.INVOICE),
        Day(register(expected=False)).look(0, Kind.ITEM),
    ],
    ids=["before", "after", "just in time", "no such notices", "not in DEAR", "not expected"],
)
def test_it_is_not_missed(day: Day) -> None:
    assert day.missed() == (0, ())


@pytest.mark.parametrize(
    "day",
    [
        Day(register()).look(0, Kind.ITEM),
        Day(register()).look(0, Kind.ITEM).ring(16, Kind.VENDOR),
        Day(register()).ring(-10, Kind.ITEM).look(0, Kind.ITEM),
        Day(register()).ring(-1, Kind.VENDOR).look(0, Kind.ITEM),
        Day(register(SystemName("dear"))).look(0, Kind.VENDOR),
    ],
    ids=["silence", "too late", "of an earlier change", "of another kind", "in DEAR"],
)
def test_it_is_missed_once(day: Day) -> None:
    assert day.missed()[0] == 1
    assert day.missed(2000.0)[0] == 1


def test_what_changed_while_nobody_listened_is_not_missed() -> None:
    one = register()
    one.looked({Kind.ITEM}, AT, AT)
    assert one.tally(AT + minutes(1000)).missed == 0


def test_it_is_told_when_the_time_is_over_and_until_somebody_rings() -> None:
    day = Day(register()).look(0, Kind.ITEM, Kind.VENDOR)
    assert day.missed(14) == (0, ())
    assert day.missed(16) == (2, (Kind.ITEM, Kind.VENDOR))
    warning = day.one.tally(AT + minutes(16)).warning
    assert warning is not None
    assert warning.message.endswith("came: item, vendor")

    day.ring(20, Kind.CUSTOMER)
    assert day.missed(21) == (2, ()), "the count stays for those who graph it"
    assert day.one.tally(AT + minutes(21)).warning is None


def test_many_changes_of_a_kind_without_a_notice_are_one_miss_at_a_time() -> None:
    day = Day(register())
    for minute in range(10):
        day.look(minute, Kind.ITEM)
    assert day.missed(100)[0] == 1
    day.look(200, Kind.ITEM)
    assert day.missed(300)[0] == 2
