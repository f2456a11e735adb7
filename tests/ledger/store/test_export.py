"""An export can be checked by whoever has the file, with nothing of ours."""

import hashlib
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.model.entries import Quarantined
from ledger.model.facts import Problem
from ledger.store.export import SCHEMA, export
from ledger.store.ledger import Ledger
from tests.ledger.store.support import DEAR, KEY, QBO, Ticking, item, item_ref, join, see


async def tell(ledger: Ledger) -> None:
    draft = ledger.draft(actor="ann", cycle="c1")
    record = see(draft, ledger, item_ref(DEAR, 1), item("Bolt\n\x1b[31m", price="12.40"))
    see(draft, ledger, item_ref(QBO, 1))
    join(draft, record, item_ref(QBO, 1))
    problem = Problem(code="malformed", message="no name")
    draft.add(Quarantined(ref=item_ref(QBO, 2), problem=problem, payload=draft.body(b"<html>")))
    await ledger.append(draft)


def lines(out: io.BytesIO) -> list[Any]:
    return [json.loads(line, parse_float=Decimal) for line in out.getvalue().splitlines()]


async def test_header_entries_and_footer_agree(ledger: Ledger) -> None:
    await tell(ledger)
    out, steps = io.BytesIO(), []
    summary = await export(ledger, out, progress=lambda done, total: steps.append((done, total)))
    header, *entries, footer = lines(out)
    assert header == {"schema": SCHEMA, "entries": 4, "head": summary.head, "bodies": False}
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4]
    assert [entry["entry"]["entry"] for entry in entries] == [
        "Observed",
        "Observed",
        "Linked",
        "Quarantined",
    ]
    assert entries[0]["actor"] == "ann"
    assert entries[-1]["hash"] == summary.head
    before = b"".join(line + b"\n" for line in out.getvalue().splitlines()[:-1])
    digest = hashlib.sha256(before).hexdigest()
    assert footer == {"footer": {"entries": 4, "head": summary.head, "sha256": digest}}
    assert steps == [(4, 4)]
    assert b"12.40" not in out.getvalue()  # bodies only when asked for


async def test_a_stranger_can_follow_the_chain(ledger: Ledger) -> None:
    await tell(ledger)
    out = io.BytesIO()
    await export(ledger, out)
    previous = bytes(32)
    for raw in out.getvalue().splitlines()[1:-1]:
        line = json.loads(raw)
        start = raw.index(b'"entry":') + len(b'"entry":')
        body = raw[start : raw.rindex(b',"hash":')]
        scalars = [line[name] for name in ("seq", "at", "actor", "cycle")]
        scalars.append(line["entry"]["entry"])
        told = json.dumps(scalars, separators=(",", ":"), ensure_ascii=False).encode()
        previous = hashlib.sha256(previous + told + b"\n" + body).digest()
        assert previous.hex() == line["hash"]


async def test_bodies_keep_the_digits_they_came_with(ledger: Ledger) -> None:
    await tell(ledger)
    out = io.BytesIO()
    await export(ledger, out, bodies=True)
    entries = lines(out)[1:-1]
    (body,) = entries[0]["bodies"].values()
    assert str(body["record"]["sales_price"]) == "12.40"
    assert body["record"]["name"] == "Bolt\n\x1b[31m"
    assert body["raw"] == {"Id": "1"}
    assert list(entries[3]["bodies"].values()) == ["PGh0bWw+"]
    assert entries[2]["bodies"] == {}


async def test_an_empty_ledger_exports_two_lines(path: Path) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    out = io.BytesIO()
    summary = await export(ledger, out)
    await ledger.close()
    assert (summary.entries, summary.head, len(lines(out))) == (0, "00" * 32, 2)


async def test_a_long_journal_is_read_in_pages(ledger: Ledger) -> None:
    draft = ledger.draft()
    for number in range(2500):
        see(draft, ledger, item_ref(QBO, number))
    await ledger.append(draft)
    out, steps = io.BytesIO(), []
    await export(ledger, out, progress=lambda done, total: steps.append(done))
    assert steps == [1000, 2000, 2500]
    assert [line["seq"] for line in lines(out)[1:-1]] == list(range(1, 2501))
