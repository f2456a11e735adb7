"""What happens in the demonstration, from two strangers to the last proof.

Documents have their own chapters: ``demo_documents``.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import click

from daemon.cli.demo_books import CURRENCY
from daemon.cli.demo_documents import Goods, Papers, tell_documents
from daemon.cli.demo_stage import Demo
from daemon.cli.lines import money
from daemon.control.text import clean

CENT = Decimal("0.01")
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 .&'-]{,29}")
"""Names that are short and easy on the eye; the worlds hold hostile ones as well."""
NEW_STREET = "77 Foundry Road"
TAXED, UNTAXED = "California", "Tax Exempt"


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
    goods: Goods
    """Who and what the documents are about."""


def tell(demo: Demo) -> Papers:
    """From two strangers to agreement, then documents, then the proof."""
    _first_plan(demo)
    cast = choose(demo)
    _edit_both_sides(demo, cast)
    papers = tell_documents(demo, cast.goods)
    _prove(demo, papers)
    _next_command(demo, cast)
    return papers


def _first_plan(demo: Demo) -> None:
    demo.say("1. Two systems that have never met. Both were read, and nothing was written.")
    demo.must("plan", "--limit", "1", until="Changes (")
    waiting = demo.ask("plan", "--limit", "1")["totals"]["operations"]
    demo.note("A person says yes to exactly these; one more or less would be refused.")
    demo.must("approve", "--all", "--expect-count", str(waiting), "--note", "first plan, read")
    demo.must("apply")
    rest = demo.ask("plan", "--limit", "1")["totals"]
    if waiting := rest["by_state"].get("waiting", 0):
        demo.note(f"The first changes made {waiting} more possible; they ask on their own.")
        demo.must("approve", "--all", "--expect-count", str(waiting))
        demo.must("apply")
    demo.note(
        f"{rest['held_records']} records differed before trueup came, or lack something: they wait "
        "with their reason and cure, and everything else goes on."
    )


def choose(demo: Demo) -> Cast:
    """Pick records that are linked, equal and not held."""
    held = {hold["label"] for hold in demo.ask("plan", "--limit", "2000")["holds"]}
    items = {row["Sku"]: row for row in demo.dump("qbo", "item") if row.get("Sku")}
    products = [
        row
        for row in demo.dump("dear", "product")
        if row["SKU"] in items
        and row["SKU"] not in held
        and (row["Status"], row["Type"]) == ("Active", "Stock")
    ]
    parties = {}
    for kind, there in (("vendor", "supplier"), ("customer", "customer")):
        known = {row["Name"]: row for row in demo.dump("dear", there)}
        parties[kind] = [
            row
            for row in demo.dump("qbo", kind)
            if row["Active"]
            and row["DisplayName"] in known
            and row["DisplayName"] not in held
            and known[row["DisplayName"]]["TaxRule"] == (UNTAXED if kind == "vendor" else TAXED)
        ]
    products.sort(key=lambda row: not PLAIN.fullmatch(row["Name"]))
    for rows in parties.values():
        rows.sort(key=lambda row: not PLAIN.fullmatch(row["DisplayName"]))
    classes = demo.dump("qbo", "class")
    if len(products) < 5 or len(parties["vendor"]) < 2 or not parties["customer"] or not classes:
        raise click.ClickException("this world is too small for the story: try another --seed")
    return Cast(
        priced=products[3],
        disputed=products[4],
        disputed_in_qbo=items[products[4]["SKU"]]["Id"],
        moved=parties["vendor"][1],
        goods=Goods(
            vendor=parties["vendor"][0]["DisplayName"],
            customer=parties["customer"][0]["DisplayName"],
            products=tuple(row["SKU"] for row in products[:3]),
            book_class=classes[0],
            taxed=TAXED,
            untaxed=UNTAXED,
        ),
    )


def _edit_both_sides(demo: Demo, cast: Cast) -> None:
    demo.say("2. People work in both systems, through their own screens.")
    sku, disputed = cast.priced["SKU"], cast.disputed["SKU"]
    vendor = cast.moved["DisplayName"]
    old = Decimal(cast.priced["PriceTier1"])
    new = (old * Decimal("1.05")).quantize(CENT)
    demo.note(f"DEAR:       the price of {sku} goes from {money(old)} to {money(new)} {CURRENCY}")
    _set(demo, "dear", "product", cast.priced["_id"], PriceTier1=new)
    demo.note(f"QuickBooks: {vendor} moves to {NEW_STREET}")
    address = {"Line1": NEW_STREET, "City": "Tucson", "CountrySubDivisionCode": "AZ"}
    address |= {"PostalCode": "85701", "Country": "USA"}
    _set(demo, "qbo", "vendor", cast.moved["Id"], BillAddr=address)
    demo.note(f"both:       the description of {disputed}, each in its own way")
    _set(demo, "dear", "product", cast.disputed["_id"], Description="Now with stainless screws")
    _set(demo, "qbo", "item", cast.disputed_in_qbo, Description="Sold in boxes of ten")
    demo.must("apply")
    items = {row.get("Sku"): row for row in demo.dump("qbo", "item")}
    (supplier,) = [row for row in demo.dump("dear", "supplier") if row["Name"] == vendor]
    price = Decimal(items[sku]["UnitPrice"])
    demo.show(f"QuickBooks sells {sku} for {money(price)} {CURRENCY} now.", price == new)
    streets = [place["Line1"] for place in supplier["Addresses"]]
    demo.show(f"DEAR has {vendor} at {NEW_STREET}.", NEW_STREET in streets)
    text = items[disputed]["Description"]
    demo.show(
        f'Nobody guessed the description: QuickBooks still says "{text}", and a person decides.',
        text == "Sold in boxes of ten",
    )
    demo.must("conflict", "show", disputed)


def _set(demo: Demo, system: str, kind: str, record_id: str, **fields: Any) -> None:
    demo.edit(system, {"kind": kind, "id": record_id, "set": fields})


def _prove(demo: Demo, papers: Papers) -> None:
    demo.say(f"10. Why does bill {papers.bill} say what it says? Entry by entry:")
    demo.must("ledger", "history", papers.bill)
    demo.say("11. And the ledger is whole:")
    demo.must("ledger", "verify")


def leave_open_ends(demo: Demo) -> None:
    """Something of every sort for a person to look at, and to decide, in the front end."""
    demo.say("12. Look around yourself: the company goes on living while you do.")
    cast = choose(demo)
    sku, vendor = cast.disputed["SKU"], cast.moved["DisplayName"]
    demo.note(f"QuickBooks: product {sku} is made inactive; nothing follows that nobody approved.")
    _set(demo, "qbo", "item", cast.disputed_in_qbo, Active=False)
    demo.note(f"QuickBooks: {vendor} gets another telephone; it will be in DEAR in a moment.")
    _set(demo, "qbo", "vendor", cast.moved["Id"], PrimaryPhone={"FreeFormNumber": "555 0188"})
    demo.must("apply")
    demo.note("Keys: 1-7 views, enter opens, a approves, ? helps, q leaves.")


def _next_command(demo: Demo, cast: Cast) -> None:
    held = demo.ask("conflict", "show", cast.disputed["SKU"])["conflicts"][0]
    demo.say("The next command is a person's: decide the conflict of chapter 2.")
    click.echo(
        f"   trueup conflict resolve {clean(held['record'])} --field description --take qbo "
        '--reason "boxes of ten is what we ship"'
    )
