"""What is asked, which answers there are, and the exact sentences of what follows. Pure."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from daemon.control.protocol import CandidateShown, FieldConflictShown, HoldShown
from daemon.control.protocol_drift import FieldShown, RecordAnswer, SideShown, UseShown
from tui.screens.deciding import (
    Asked,
    answers,
    asked,
    counted,
    moved,
    sentences,
    still,
    targets,
    turned,
    uses_text,
)
from tui.screens.decision_sheet import Decided, sheet_lines
from tui.screens.operating import pretty

PRICE = FieldConflictShown(
    field="sales_price",
    base={"dear": "12.40", "qbo": "12.40"},
    values={"qbo": "13.00", "dear": "12.95"},
)


def hold(code: str, **changes: Any) -> HoldShown:
    known = {"record": "item-1", "kind": "item", "label": "W-7", "text": "Why.", "cure": "Cure."}
    return msgspec.convert({**known, "code": code, **changes}, HoldShown)


def record(*holds: HoldShown, kind: str = "item", **changes: Any) -> RecordAnswer:
    sides = [
        SideShown(system=s, ref=f"{s}/{kind}/1", state="live", seen_at="", seen_seq=1)
        for s in ("dear", "qbo")
    ]
    known: dict[str, Any] = {
        "as_of": datetime(2026, 8, 1, tzinfo=UTC),
        "head": 1,
        "record": "item-1",
        "kind": kind,
        "label": "W-7",
        "title": "W-7 Widget",
        "sides": tuple(sides),
        "fields": (),
        "operations": (),
        "holds": holds,
        "history": (),
    }
    return msgspec.convert({**known, **changes}, RecordAnswer)


def conflicting(*fields: FieldConflictShown) -> RecordAnswer:
    return record(hold("conflict", conflict=fields))


def test_the_books_stand_last_and_both_values_can_be_taken() -> None:
    (one,) = asked(conflicting(PRICE))
    assert (one.may, list(one.values)) == (("dear", "qbo"), ["dear", "qbo"])
    assert targets([one], {"sales_price": "dear"}) == ("qbo",)


def test_the_effect_names_system_field_values_and_difference() -> None:
    fields = asked(conflicting(PRICE))
    (told,) = sentences("item W-7", fields, {"sales_price": "dear"})
    assert told == "update item W-7 in qbo: sales price 13.00 -> 12.95 (-0.05)"
    assert counted(fields, {"sales_price": "dear"}) == "1 update to qbo"
    assert counted(fields, {}) == "nothing is picked yet"


def test_two_fields_may_go_two_ways() -> None:
    name = FieldConflictShown(field="name", base={}, values={"dear": "A", "qbo": "B"})
    fields = asked(conflicting(PRICE, name))
    picks = {"sales_price": "dear", "name": "qbo"}
    assert counted(fields, picks) == "1 update to qbo and 1 to dear"
    assert list(sentences("item W-7", fields, picks))[1] == "update item W-7 in dear: name A -> B"


def test_a_code_of_digits_has_no_difference() -> None:
    code = FieldConflictShown(field="code", base={}, values={"dear": "0123", "qbo": "0124"})
    (told,) = sentences("item W-7", asked(conflicting(code)), {"code": "dear"})
    assert told == "update item W-7 in qbo: code 0124 -> 0123"


def test_a_posted_figure_can_only_be_accepted() -> None:
    shown = record(
        hold("discrepant", field="total", system="qbo", sides={"dear": "1.00", "qbo": "2.00"}),
        kind="bill",
    )
    (one,) = asked(shown)
    assert one.may == ("qbo",)
    assert (turned(one, None, -1), turned(one, "qbo", 1)) == ("qbo", "qbo")
    assert targets([one], {"total": "qbo"}) == ()
    assert counted([one], {"total": "dear"}) == "nothing is picked yet"
    assert "accepted" in counted([one], {"total": "qbo"})


def test_an_edit_of_master_data_that_is_kept_is_written_to_its_owner() -> None:
    field = FieldShown(
        field="terms",
        status="conflict",
        agreed={"qbo": "Net 30"},
        now={"dear": "Net 10", "qbo": "Net 30"},
        owner="qbo",
    )
    shown = record(hold("foreign_edit", field="terms", system="dear"), fields=(field,))
    (one,) = asked(shown)
    assert targets([one], {"terms": "dear"}) == ("qbo",)
    assert targets([one], {"terms": "qbo"}) == ("dear",)


@pytest.mark.parametrize(
    ("code", "acts"),
    [
        ("proposed_match", ["link", "apart"]),
        ("ambiguous_match", ["link", "apart"]),
        ("name_taken", ["link"]),
        ("edited_and_removed", ["link", "unlink"]),
        ("voided", ["link", "unlink"]),
        ("rejected", ["link", "retry"]),
        ("lost_update", ["link", "retry"]),
        ("reopened", ["link"]),
    ],
)
def test_each_reason_has_the_answers_that_exist(code: str, acts: list[str]) -> None:
    candidate = CandidateShown(ref="qbo/item/9", label="W", evidence="same SKU")
    shown = record(hold(code, system="qbo", candidates=(candidate,)))
    assert [one.act for one in answers(shown)] == acts
    assert asked(shown) == ()


def test_what_would_be_refused_is_not_offered() -> None:
    linked = CandidateShown(ref="qbo/item/9", label="W", evidence="x", is_linked=True)
    other = CandidateShown(ref="qbo/account/9", label="W", evidence="has this name")
    shown = record(hold("name_taken", system="qbo", candidates=(linked, other)))
    assert answers(shown) == ()


def test_what_was_set_aside_can_be_taken_up() -> None:
    shown = record(hold("settled", skipped="later"))
    assert [one.act for one in answers(shown)] == ["retry"]


def test_a_pick_lives_as_long_as_the_values_that_it_was_made_of() -> None:
    (before,) = asked(conflicting(PRICE))
    changed = msgspec.structs.replace(PRICE, values={"dear": "12.95", "qbo": "14.00"})
    (after,) = asked(conflicting(changed))
    picks = {"sales_price": "qbo", "gone": "qbo"}
    assert still([before], [before], picks) == {"sales_price": "qbo"}
    assert still([before], [after], picks) == {}
    assert moved(before, after)
    assert moved(before, None)


def test_picks_turn_between_the_ends() -> None:
    one = Asked(field="x", code="conflict", agreed={}, values={}, may=("a", "b", "c"))
    assert [turned(one, take, 1) for take in (None, "a", "b", "c")] == ["c", "b", "c", "c"]
    assert [turned(one, take, -1) for take in (None, "a", "b", "c")] == ["a", "a", "a", "b"]


def test_what_points_to_it_is_counted() -> None:
    shown = record(uses=(UseShown(kind="purchase_order", count=27), UseShown(kind="bill", count=1)))
    assert uses_text(shown) == "27 purchase orders, 1 bill point to it"


@pytest.mark.parametrize("width", [40, 76, 116, 196])
def test_the_sheet_is_clean_and_fits(width: int) -> None:
    evil = "[@click=app.quit]x[/] \x1b]52;c;eA==\x07 \u202e" + "y" * 300
    field = FieldConflictShown(field="name", base={"dear": evil}, values={"dear": evil, "qbo": "B"})
    shown = record(hold("conflict", conflict=(field,), text=evil), hold("voided", text=evil))
    decided = Decided(seq=0, text=evil)
    lines = list(sheet_lines(shown, {"name": "dear"}, width, lambda at: at, decided))
    text = "\n".join(line.text for line in lines)
    assert "[@click=" in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert max(len(line.text) for line in lines) <= width


def test_a_request_is_shown_with_the_digits_that_it_is_sent_with() -> None:
    body = '{"Line":[{"Amount":1185.00,"Qty":1e2}],"sparse":true,"X":"a \\"b\\"","Y":[]}'
    told = pretty(body)
    assert "".join(line.strip() for line in told).replace('": ', '":') == body
    assert '      "Amount": 1185.00,' in told
    assert pretty("not json") == ["not json"]
