"""What happens in the demonstration: the edits, and the commands that show their fate."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from daemon.cli.demo import Demo
from daemon.cli.text import columns

CENT = Decimal("0.01")
PLAN_LINES = 44
NEW_VENDOR = "Sierra Anodising"


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
    demo.say("1. Two systems that have never met. The daemon has read both and written nothing.")
    demo.must("status")
    demo.say("2. The first plan: its numbers, then every change and question. This is its start.")
    demo.must("plan", "--limit", "3", lines=PLAN_LINES)
    waiting = demo.ask("plan", "--limit", "1")["totals"]["operations"]
    demo.say("3. A person says yes to exactly these changes; one more or less would be refused.")
    demo.must("approve", "--all", "--expect-count", str(waiting), "--note", "first plan, read")
    demo.note("The vendors' limits hold here too, so the writing takes a few seconds.")
    demo.must("apply")
    _approve_the_rest(demo)
    _tell_what_is_held(demo)

    cast = choose(demo)
    _edit_both_sides(demo, cast)
    demo.say("5. One cycle later: four of the five have travelled, the fifth is held.")
    demo.must("apply")
    _tell_fates(demo, cast)
    demo.say("6. Why did that price change? The ledger knows, entry by entry:")
    demo.must("ledger", "history", cast.priced["SKU"], lines=14)
    demo.say("7. The text that two people changed differently is never guessed:")
    demo.must("conflict", "show", cast.disputed["SKU"])
    demo.say("8. Both sides per kind at the end, and the proof that the ledger is whole:")
    demo.must("status")
    demo.must("ledger", "verify")
    _next_command(demo, cast)


def _tell_what_is_held(demo: Demo) -> None:
    totals = demo.ask("plan", "--limit", "1")["totals"]
    codes = ", ".join(f"{n} {code.replace('_', ' ')}" for code, n in totals["by_code"].items())
    demo.say("Agreement, as far as anybody can say without asking.")
    demo.note(f"{totals['held_records']} records differed before trueup came, or lack something,")
    demo.note(f"and wait with their reason and cure: {codes}.")


def _tell_fates(demo: Demo, cast: Cast) -> None:
    """What each side shows now of each edit, read from the simulators themselves."""
    items = {row.get("Sku"): row for row in demo.dump("qbo", "item")}
    suppliers = {row["_id"]: row for row in demo.dump("dear", "supplier")}
    by_name = {row["Name"]: row for row in suppliers.values()}
    vendors = {row["DisplayName"] for row in demo.dump("qbo", "vendor")}
    renamed = f"{cast.renamed['Name']} International"
    moved = by_name.get(cast.moved["DisplayName"], {}).get("Addresses", [{}])
    disputed = items[cast.disputed["SKU"]]["Description"]
    rows = [
        ("the price", f"QuickBooks shows {items[cast.priced['SKU']]['UnitPrice']}"),
        ("the address", f"DEAR shows {moved[0].get('Line1', '')}, {moved[0].get('City', '')}"),
        ("the new vendor", "is in DEAR" if NEW_VENDOR in by_name else "is not in DEAR"),
        ("the new name", f"QuickBooks {'has' if renamed in vendors else 'lacks'} {renamed}"),
        ("the description", f"held; QuickBooks still says {disputed!r}"),
    ]
    for line in columns(rows):
        demo.note(line)


def _approve_the_rest(demo: Demo) -> None:
    """What the first wave made possible asks again: an approval is a ceiling, not a licence."""
    rest = demo.ask("plan", "--limit", "1")["totals"]
    waiting = rest["by_state"].get("waiting", 0)
    if waiting:
        demo.say(f"The first changes made {waiting} more possible; they ask on their own.")
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
    demo.say("4. Meanwhile people work, in both systems, through their own screens:")
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
    demo.note(f"QuickBooks: a new vendor, {NEW_VENDOR}")
    demo.edit(
        "qbo",
        {
            "kind": "vendor",
            "create": {
                "DisplayName": NEW_VENDOR,
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
    demo.say("The next command is a person's: decide the conflict, here for QuickBooks:")
    demo.note(
        f"trueup conflict resolve {held['record']} --field description --take qbo "
        '--reason "boxes of ten is what we ship"'
    )
