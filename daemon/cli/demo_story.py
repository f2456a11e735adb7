"""What happens in the demonstration: the edits, and the commands that show their fate."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from daemon.cli.demo import Demo

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Cast:
    """Records that stand on both sides and agree, one for each thing that is shown."""

    priced: dict[str, Any]
    """DEAR product whose price changes."""
    disputed: dict[str, Any]
    """DEAR product that both sides describe anew."""
    disputed_in_qbo: str
    moved: dict[str, Any]
    """QBO vendor that moves house."""
    renamed: dict[str, Any]
    """DEAR supplier that gets another name."""


def tell(demo: Demo) -> None:
    """From two strangers to agreement, and what becomes of five edits."""
    demo.say("Two systems that have never met. The daemon has read both; nothing was written.")
    demo.must("status")
    demo.say("The first plan waits for a person. Its beginning, and its totals:")
    demo.must("plan", "--limit", "4", lines=26)
    waiting = demo.ask("plan", "--limit", "1")["totals"]["operations"]
    demo.say("Approved by its exact count; the daemon writes with a durable intent per request.")
    demo.must("approve", "--all", "--expect-count", str(waiting), "--note", "first plan, read")
    demo.must("apply")
    _approve_the_rest(demo)
    demo.say("Agreement. What is left waits for a person and says why.")
    demo.must("status")

    cast = choose(demo)
    _edit_both_sides(demo, cast)
    demo.say("One cycle later:")
    demo.must("apply")
    demo.say("The price travelled. Its whole life, from the ledger:")
    demo.must("ledger", "history", cast.priced["SKU"], lines=14)
    demo.say(
        "The description that both sides changed is held, with the agreed text and both new ones:"
    )
    demo.must("conflict", "show", cast.disputed["SKU"])
    demo.say("Both sides per kind, at the end:")
    demo.must("status")
    demo.must("ledger", "verify")
    _next_command(demo, cast)


def _approve_the_rest(demo: Demo) -> None:
    """What the first wave made possible asks again: an approval is a ceiling, not a licence."""
    rest = demo.ask("plan", "--limit", "1")["totals"]
    waiting = rest["by_state"].get("waiting", 0)
    if waiting:
        demo.say(f"{waiting} more changes became possible by the first ones, and ask on their own.")
        demo.must("approve", "--all", "--expect-count", str(waiting))
        demo.must("apply")


def choose(demo: Demo) -> Cast:
    """Pick records that are linked, equal and not held."""
    held = {hold["label"] for hold in demo.ask("plan", "--limit", "2000")["holds"]}
    items = {row["Sku"]: row for row in demo.dump("qbo", "item") if row.get("Sku")}
    pairs = [
        (row, items[row["SKU"]])
        for row in demo.dump("dear", "product")
        if row["SKU"] in items and row["SKU"] not in held and row["Status"] == "Active"
    ]
    suppliers = {row["Name"]: row for row in demo.dump("dear", "supplier")}
    vendors = [
        row
        for row in demo.dump("qbo", "vendor")
        if row["Active"] and row["DisplayName"] in suppliers and row["DisplayName"] not in held
    ]
    renamed = suppliers[vendors[1]["DisplayName"]]
    return Cast(
        priced=pairs[0][0],
        disputed=pairs[1][0],
        disputed_in_qbo=pairs[1][1]["Id"],
        moved=vendors[0],
        renamed=renamed,
    )


def _edit_both_sides(demo: Demo, cast: Cast) -> None:
    demo.say("Meanwhile people work, in both systems, through their own screens:")
    old = Decimal(str(cast.priced["PriceTier1"]))
    new = (old * Decimal("1.05")).quantize(CENT)
    demo.note(f"DEAR: the price of {cast.priced['SKU']} goes from {old} to {new}")
    demo.edit(
        "dear",
        {"kind": "product", "id": cast.priced["_id"], "set": {"PriceTier1": float(new)}},
    )
    demo.note(f"QuickBooks: {cast.moved['DisplayName']} moves to 77 Foundry Road, Tucson")
    address = {"Line1": "77 Foundry Road", "City": "Tucson", "CountrySubDivisionCode": "AZ"}
    demo.edit(
        "qbo",
        {
            "kind": "vendor",
            "id": cast.moved["Id"],
            "set": {"BillAddr": {**address, "PostalCode": "85701", "Country": "USA"}},
        },
    )
    demo.note(f"both: the description of {cast.disputed['SKU']}, each in its own way")
    demo.edit(
        "dear",
        {
            "kind": "product",
            "id": cast.disputed["_id"],
            "set": {"Description": "Now with stainless screws"},
        },
    )
    demo.edit(
        "qbo",
        {
            "kind": "item",
            "id": cast.disputed_in_qbo,
            "set": {"Description": "Sold in boxes of ten"},
        },
    )
    demo.note("QuickBooks: a new vendor, Sierra Anodising")
    demo.edit(
        "qbo",
        {
            "kind": "vendor",
            "create": {
                "DisplayName": "Sierra Anodising",
                "PrimaryEmailAddr": {"Address": "orders@sierra-anodising.example"},
                "TermRef": {"value": "3"},
            },
        },
    )
    demo.note(f"DEAR: {cast.renamed['Name']} is now called {cast.renamed['Name']} International")
    demo.edit(
        "dear",
        {
            "kind": "supplier",
            "id": cast.renamed["_id"],
            "set": {"Name": f"{cast.renamed['Name']} International"},
        },
    )


def _next_command(demo: Demo, cast: Cast) -> None:
    held = demo.ask("conflict", "show", cast.disputed["SKU"])["conflicts"][0]
    demo.say("Next: decide the conflict, for example in favour of QuickBooks:")
    demo.note(
        f"trueup conflict resolve {held['record']} --field description --take qbo "
        '--reason "boxes of ten is what we ship"'
    )
