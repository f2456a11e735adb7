"""Three-way diffs, the drift list's words and the question before an approval: pure text."""

from datetime import UTC, datetime

import msgspec
import pytest

from daemon.control.protocol import OperationShown, StatusAnswer
from daemon.control.protocol_drift import DriftAnswer, DriftRow, DriftSort, FieldShown
from daemon.control.protocol_state import CycleShown, SystemShown
from daemon.control.text import cell, cells
from tui.export import csv_text
from tui.screens.approval import BIG, digests_text, of_operations, of_rows, question
from tui.screens.drifting import head_text, plan_text, why_empty
from tui.state import Connection, State
from tui.widgets.diff import agreed_text, chunks, diff_lines, systems_of, wrap

NOW = datetime(2026, 8, 14, 14, 41, 7, tzinfo=UTC)


def field(name: str, group: str = "", status: str = "changed", **shown: object) -> FieldShown:
    return msgspec.convert(
        {"group": group, "field": name, "status": status, "owner": "dear", **shown}, FieldShown
    )


PRICE = field(
    "unit_price",
    "line 2 of 5: 820412-001 [REV B]",
    agreed={"dear": "118.50", "qbo": "118.50"},
    now={"dear": "120.00", "qbo": "118.50"},
    changed_in=("dear",),
    will_be={"qbo": "120.00"},
)
DUE = field("due_date", status="same", now={"dear": "2026-08-30", "qbo": "2026-08-30"})
FREIGHT = field("account", "line 5 of 5: freight", "new", now={"dear": "Freight In"})


@pytest.mark.parametrize("width", [40, 78, 118, 200])
def test_every_change_stands_under_its_heading_and_nothing_is_too_wide(width: int) -> None:
    lines = list(diff_lines([DUE, PRICE, FREIGHT], ["dear", "qbo"], width))
    texts = [line.text for line in lines]
    headings = [text for text in texts if text.startswith("------")]
    assert [heading.split(":")[0] for heading in headings] == [
        "------ line 2 of 5",
        "------ line 5 of 5",
    ]
    price = next(i for i, text in enumerate(texts) if text.startswith("~ unit price"))
    freight = next(i for i, text in enumerate(texts) if text.startswith("+ account"))
    assert texts.index(headings[0]) < price < texts.index(headings[1]) < freight
    assert not any("due date" in text for text in texts)
    assert all(cells(text) <= width for text in texts)
    assert {line.stop for line in lines if line.text.startswith("------")} == {""}


def test_the_systems_stand_beside_each_other_where_there_is_room() -> None:
    wide = [line.text for line in diff_lines([PRICE], ["dear", "qbo"], 118)]
    assert wide[0].split() == ["field", "last", "agreed", "dear", "qbo", "will", "be", "(qbo)"]
    assert wide[-1].split() == ["~", "unit", "price", "118.50", ">", "120.00", "118.50", "120.00"]
    narrow = [line.text.strip() for line in diff_lines([PRICE], ["dear", "qbo"], 78)]
    assert narrow[1:] == [
        "~ unit price  (dear decides)",
        "agreed 118.50",
        "> dear   120.00",
        "qbo    118.50 -> 120.00",
    ]


def test_what_is_the_same_is_shown_only_when_it_is_asked_for() -> None:
    assert list(diff_lines([DUE], ["dear", "qbo"], 78)) == []
    shown = [line.text.strip() for line in diff_lines([DUE], ["dear", "qbo"], 78, everything=True)]
    assert shown == ["due date  (dear decides)", "2026-08-30"]


def test_images_that_never_were_the_same_are_told_apart() -> None:
    sanitised = field("name", agreed={"dear": "Hose: 25 m", "qbo": "Hose - 25 m"})
    assert agreed_text(sanitised) == "dear: Hose: 25 m, qbo: Hose - 25 m"
    assert agreed_text(FREIGHT) == "(never agreed)"
    assert systems_of([PRICE, FREIGHT], ["qbo", "ion"]) == ["dear", "ion", "qbo"]


def test_long_texts_are_wrapped_by_columns_and_never_lose_their_end_silently() -> None:
    assert wrap("call before delivery", 11) == ["call before", "delivery"]
    assert wrap("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert wrap("x" * 50, 10)[-1].endswith("…")
    assert wrap("工具工具工具", 5) == ["工具", "工具", "工具"]
    assert wrap("", 10) == [""]
    assert all(cells(part) <= 9 for part in wrap("工 具 a工具b 工具 xyz", 9))
    assert "".join(part.strip() for part in chunks("y" * 10_000)) == "y" * 10_000


def row(**changes: object) -> DriftRow:
    shown: dict[str, object] = {
        "record": "item-1",
        "kind": "item",
        "class": "changed",
        "label": "BOLT",
        "title": "BOLT Hex bolt",
        "targets": ("qbo",),
        "state": "waiting",
        "reason": "manual_flow",
        "digests": ("d" * 64,),
        "since": "2026-08-14T12:00:00Z",
        "age_s": 7200,
        **changes,
    }
    return msgspec.convert(shown, DriftRow)


@pytest.mark.parametrize(
    ("changes", "plan"),
    [
        ({}, "-> qbo"),
        ({"state": "approved"}, "approved"),
        ({"state": "sending"}, "sending"),
        ({"state": "held", "class": "held"}, "waits"),
        ({"state": "held", "class": "conflict"}, "human"),
        ({"state": "skipped", "class": "skipped"}, "none"),
    ],
)
def test_the_plan_says_who_is_waited_for(changes: dict[str, object], plan: str) -> None:
    assert plan_text(row(**changes)) == plan


def status(link: str = "connected", **changes: object) -> StatusAnswer:
    cycle = CycleShown(cycle="c1", reason="poll", started_at="", ended_at="2026-08-14T14:40:00Z")
    shown: dict[str, object] = {
        "as_of": NOW,
        "instance": "acme",
        "company": "Acme",
        "version": "1",
        "head": 9,
        "systems": (
            SystemShown(system="dear", link="connected"),
            SystemShown(system="qbo", link=link, since="2026-08-14T14:00:00Z", cure="Reconnect."),
        ),
        "counts": (),
        "operations": {},
        "holds": {},
        "dirty": 0,
        "open_intents": 0,
        "first_plan_approved": True,
        "last_cycle": cycle,
        **changes,
    }
    return msgspec.convert(shown, StatusAnswer)


def answer(everything: int, *, complete: bool = True) -> DriftAnswer:
    return DriftAnswer(
        as_of=NOW,
        head=9,
        rows=(),
        offset=0,
        total=0,
        everything=everything,
        by_class={"skipped": 9},
        by_kind={},
        complete=complete,
    )


def test_empty_lists_are_empty_for_different_reasons() -> None:
    def told(known: StatusAnswer | None, shown: DriftAnswer, text: str = "") -> str:
        state = State(connection=Connection.LIVE, status=known)
        return why_empty(state, shown, text, NOW)

    assert told(status(), answer(0)) == "Nothing to do: the systems agree, compared 1m ago."
    assert "hides 412 records" in told(status(), answer(412), "kind:bill")
    assert "Not compared yet" in told(status(last_cycle=None), answer(0))
    assert "Not compared yet" in told(status(), answer(0, complete=False))
    away = told(status("reauth_needed"), answer(0))
    assert away == (
        "Not compared: qbo is out of reach since 2026-08-14T14:00:00Z: reauth needed. Reconnect."
    )
    assert why_empty(State(), None, "", NOW) == "Not connected: what differs is not known."


def test_the_head_counts_what_was_set_aside_and_says_of_when_it_is() -> None:
    told = head_text(answer(412), DriftSort.OLDEST, "09:41:05", wide=True, away="qbo down 2h")
    assert told == ("412 records, 9 set aside   qbo down 2h   sort oldest first   as of 09:41:05")


def operation(action: str = "update", digest: str = "a" * 64, **changes: object) -> OperationShown:
    shown: dict[str, object] = {
        "digest": digest,
        "operation": f"op-{digest[:4]}",
        "record": "item-1",
        "kind": "item",
        "label": "BOLT",
        "system": "qbo",
        "action": action,
        "state": "waiting",
        "wave": 1,
        "changes": (),
        **changes,
    }
    return msgspec.convert(shown, OperationShown)


@pytest.mark.parametrize(
    ("action", "count", "reason", "typed"),
    [
        ("update", 1, "manual_flow", ""),
        ("update", BIG, "manual_flow", ""),
        ("update", BIG + 1, "manual_flow", "Acme"),
        ("update", 2, "mass_change", "Acme"),
        ("inactivate", 1, "inactivates", "Acme"),
        ("void", 1, "manual_flow", "Acme"),
    ],
)
def test_the_companys_name_is_asked_for_where_one_key_is_too_little(
    action: str, count: int, reason: str, typed: str
) -> None:
    waiting = [operation(action, f"{n:064d}", reason=reason) for n in range(count)]
    asked = question(of_operations("BOLT", waiting), status(), "*PRODUCTION*")
    assert asked.typed == typed
    facts = dict(asked.facts)
    assert facts["Company"] == "Acme *PRODUCTION*"
    assert facts["Changes"] == f"{count}: {count} {action} item in qbo"
    assert facts["Writes to"] == "qbo (1)"


def test_only_what_waits_is_approved_and_the_rest_is_told() -> None:
    held = row(record="item-2", digests=(), state="held", **{"class": "conflict"})
    aside = row(record="item-3", state="skipped", digests=("e" * 64,))
    chosen = of_rows([row(), held, aside], None, "15.00 USD")
    assert (chosen.records, chosen.left_out, chosen.digests) == (1, 2, ("d" * 64,))
    skipped = operation(reason="skipped")
    assert of_operations("BOLT", [skipped, operation("update", "b" * 64)]).digests == ("b" * 64,)


def test_a_set_has_a_digest_whatever_its_order() -> None:
    some = [f"{n:064d}" for n in range(9)]
    assert digests_text(some).split(":")[0] == digests_text(some[::-1]).split(":")[0]
    assert digests_text(some).split(":")[0] != digests_text(some[1:]).split(":")[0]
    assert digests_text(["f" * 64]) == "f" * 12


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\uff1d1"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert cell(start).startswith("'")
    assert cell("Bolt") == "Bolt"
    assert csv_text(["a"], [[cell('x "y", z')]]) == 'a\r\n"x ""y"", z"\r\n'
