"""What is derived from a sale as it stands: quantities and every status word. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from daemon.sandbox.dear.money import ZERO, Manner
from daemon.sandbox.dear.purchasestatus import (
    covered,
    invoicing_word,
    live,
    payment_word,
    quantities,
)

Part = Mapping[str, Any]

SIMPLE = "Simple Sale"


def goods(fields: Part) -> dict[str, Decimal]:
    """Stocked quantities ordered."""
    return quantities([{"Lines": fields["Order"]["Lines"]}])


def stage(fields: Part, name: str) -> dict[str, Decimal]:
    """Quantities whose Pick, Pack or Ship is authorised; what is shipped is what was picked."""
    return quantities(
        one["Pick"] for one in fields["Fulfilments"] if one[name]["Status"] == "AUTHORISED"
    )


def is_ordered(fields: Part) -> bool:
    return bool(fields["Order"]["Status"] == "AUTHORISED")


def progress(fields: Part, name: str, done: str) -> str:
    """``NOT PICKED``, ``PARTIALLY PICKED``, ``PICKED`` and their like."""
    if fields["Voided"]:
        return "VOIDED"
    wanted = goods(fields)
    if not is_ordered(fields) or not wanted:
        return "NOT AVAILABLE"
    got = stage(fields, name)
    if not any(got.values()):
        return f"NOT {done}"
    return done if covered(wanted, got) else f"PARTIALLY {done}"


def invoicing(fields: Part) -> str:
    """CombinedInvoiceStatus."""
    if fields["Voided"] or not (is_ordered(fields) or fields["IsServiceOnly"]):
        return "NOT AVAILABLE"
    return invoicing_word(fields["Order"], fields["Invoices"], fields["CreditNotes"])


def payment(fields: Part, how: Manner) -> str:
    """CombinedPaymentStatus."""
    if fields["Voided"]:
        return "VOIDED"
    prepaid = bool(fields["Quote"]["Prepayments"])
    return payment_word(fields["Invoices"], fields["CreditNotes"], how, prepaid=prepaid)


def overall(fields: Part, how: Manner, *, backordered: bool) -> str:
    """Status of the whole sale."""
    if fields["Voided"]:
        return "VOIDED"
    if fields["Undone"]:
        return "DRAFT"
    bills = _by_bills(fields, how)
    if bills:
        return bills
    if fields["IsServiceOnly"]:
        return "DRAFT"
    if not is_ordered(fields):
        return _before_order(fields)
    if fields["Type"] == SIMPLE and (word := _by_fulfilment(fields["Fulfilments"])):
        return word
    return "BACKORDERED" if backordered else "ORDERED"


def _by_bills(fields: Part, how: Manner) -> str:
    words = invoicing(fields)
    shipped = progress(fields, "Ship", "SHIPPED")
    whole = words.removesuffix(" / CREDITED") == "INVOICED"
    if whole and shipped in ("SHIPPED", "NOT AVAILABLE") and payment(fields, how) == "PAID":
        return "COMPLETED"
    if live(fields["CreditNotes"]):
        return "CREDITED"
    if whole:
        return "INVOICED"
    drafted = any(part["Status"] == "DRAFT" for part in fields["Invoices"])
    return "INVOICING" if drafted or live(fields["Invoices"]) else ""


def _before_order(fields: Part) -> str:
    if fields["Order"]["Status"] == "DRAFT":
        return "ORDERING"
    quote = {"DRAFT": "ESTIMATING", "AUTHORISED": "ESTIMATED"}
    return quote.get(str(fields["Quote"]["Status"]), "DRAFT")


def _by_fulfilment(fulfilments: Iterable[Part]) -> str:
    word = ""
    for one in fulfilments:
        if one["Ship"]["Status"] in ("DRAFT", "AUTHORISED"):
            word = "SHIPPING"
        elif one["Pack"]["Status"] in ("DRAFT", "AUTHORISED"):
            word = "PACKED" if one["Pack"]["Status"] == "AUTHORISED" else "PACKING"
        elif one["Pick"]["Status"] in ("DRAFT", "AUTHORISED"):
            word = "PICKED" if one["Pick"]["Status"] == "AUTHORISED" else "PICKING"
    return word


def unshipped(fields: Part) -> dict[str, Decimal]:
    """What an authorised order still waits for, by product."""
    if fields["Voided"] or not is_ordered(fields):
        return {}
    gone = stage(fields, "Ship")
    left = {
        product: quantity - gone.get(product, ZERO) for product, quantity in goods(fields).items()
    }
    return {product: quantity for product, quantity in left.items() if quantity > 0}
