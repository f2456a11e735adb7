"""The whole path as a person walks it: simulators, daemon and commands, each a real process."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.cli.demo_stage import Demo

SCALE = 200.0
NEW_TEXT = {"dear": "Sold in boxes of ten", "qbo": "Now with stainless screws"}


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Demo]:
    """Both simulators are up and the daemon has looked at them once."""
    demo = Demo(tmp_path, 11, "small", SCALE)
    with demo.sandbox(), demo.daemon():
        demo.wait_for_first_cycle()
        yield demo


def writes(show: Demo) -> list[str]:
    """Every request that could have changed something, log-ins aside."""
    rows = map(json.loads, (show.folder / "requests.jsonl").read_text().splitlines())
    sent = [row for row in rows if row["method"] != "GET" and "/_sandbox/" not in row["path"]]
    return [row["path"] for row in sent if "oauth2" not in row["path"]]


def pair(show: Demo) -> tuple[str, str, str]:
    """SKU and both ids of a product that stands on both sides and is not in question."""
    plan = show.ask("plan")
    assert plan["totals"]["operations"] == 0
    held = {hold["label"] for hold in plan["holds"]}
    items = {row.get("Sku"): row["Id"] for row in show.dump("qbo", "item")}
    return next(
        (row["SKU"], row["_id"], items[row["SKU"]])
        for row in show.dump("dear", "product")
        if row["SKU"] in items and row["SKU"] not in held and row["Status"] == "Active"
    )


def test_from_two_strangers_to_a_decided_conflict(show: Demo) -> None:
    waiting = show.ask("plan", "--limit", "1")["totals"]["operations"]
    assert waiting > 20
    wrong = show.run("approve", "--all", "--expect-count", str(waiting + 1))
    assert (wrong.returncode, wrong.stdout) == (6, "")
    assert writes(show) == [], "nothing leaves before somebody approved the first plan"
    show.must("approve", "--all", "--expect-count", str(waiting))
    assert show.ask("apply")["report"]["unknown"] == 0
    settled = len(writes(show))
    assert settled > 0
    assert show.ask("apply")["report"]["sent"] == 0
    assert len(writes(show)) == settled, "what agrees is not written again"

    sku, in_dear, in_qbo = pair(show)
    show.edit("dear", {"kind": "product", "id": in_dear, "set": {"PriceTier1": 77.25}})
    assert show.ask("apply")["report"]["rejected"] == 0
    (sold,) = [row for row in show.dump("qbo", "item") if row["Id"] == in_qbo]
    assert str(sold["UnitPrice"]) == "77.25"

    describe = {system: {"Description": text} for system, text in NEW_TEXT.items()}
    show.edit("dear", {"kind": "product", "id": in_dear, "set": describe["dear"]})
    show.edit("qbo", {"kind": "item", "id": in_qbo, "set": describe["qbo"]})
    show.must("apply")
    told = show.must("conflict", "show", sku)
    assert all(text in told for text in NEW_TEXT.values())
    answer = ("--field", "description", "--take", "qbo", "--reason", "the label says so")
    show.must("conflict", "resolve", sku, *answer)
    show.must("apply")
    (kept,) = [row for row in show.dump("dear", "product") if row["_id"] == in_dear]
    assert kept["Description"] == NEW_TEXT["qbo"]

    life = show.must("ledger", "history", sku)
    assert "sales_price" in life
    assert "-> 77.25" in life
    assert "description: qbo is right" in life
    assert json.loads(show.must("ledger", "verify", "--json"))["ok"] is True
