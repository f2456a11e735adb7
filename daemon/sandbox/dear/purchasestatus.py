"""What is derived from a purchase as it stands: quantities, totals and every status word.

Pure: the same parts always give the same words.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from daemon.sandbox.dear.documents import LIVE
from daemon.sandbox.dear.money import ZERO, Manner, Totals, totals

Part = Mapping[str, Any]


def live(parts: Iterable[Part]) -> list[Part]:
    """Parts that count: authorised, or paid."""
    return [part for part in parts if part["Status"] in LIVE]


def quantities(parts: Iterable[Part]) -> dict[str, Decimal]:
    """By product; parts without charges are receipts."""
    sums: dict[str, Decimal] = {}
    for part in parts:
        for line in (*part["Lines"], *part.get("AdditionalCharges", ())):
            sums[line["ProductID"]] = sums.get(line["ProductID"], ZERO) + line["Quantity"]
    return sums


def part_totals(part: Part, how: Manner) -> Totals:
    return totals((*part["Lines"], *part["AdditionalCharges"]), how)


def paid(payments: Iterable[Part]) -> Decimal:
    return sum((payment["Amount"] for payment in payments), ZERO)


def covered(wanted: Mapping[str, Decimal], given: Mapping[str, Decimal]) -> bool:
    return all(given.get(product, ZERO) >= quantity for product, quantity in wanted.items())


def goods(fields: Part) -> dict[str, Decimal]:
    """Stocked quantities ordered."""
    return quantities([{"Lines": fields["Order"]["Lines"]}])


def received(fields: Part) -> dict[str, Decimal]:
    return quantities(live([*fields["StockReceived"], *fields["PutAway"]]))


def is_ordered(fields: Part) -> bool:
    return bool(fields["Order"]["Status"] == "AUTHORISED")


def receiving(fields: Part) -> str:
    """CombinedReceivingStatus."""
    wanted = goods(fields)
    if fields["Voided"]:
        return "VOIDED"
    if not is_ordered(fields) or not wanted:
        return "NOT AVAILABLE"
    got = received(fields)
    if not any(got.values()):
        return "NOT RECEIVED"
    return "FULLY RECEIVED" if covered(wanted, got) else "PARTIALLY RECEIVED"


def invoicing(fields: Part) -> str:
    """CombinedInvoiceStatus."""
    if fields["Voided"] or not is_ordered(fields):
        return "NOT AVAILABLE"
    return invoicing_word(fields["Order"], fields["Invoice"], fields["CreditNote"])


def invoicing_word(order: Part, invoices: Iterable[Part], credit_notes: Iterable[Part]) -> str:
    """How much of an order stands on live invoices."""
    bills = live(invoices)
    if not bills:
        return "NOT INVOICED"
    full = covered(quantities([order]), quantities(bills))
    word = "INVOICED" if full else "PARTIALLY INVOICED"
    return f"{word} / CREDITED" if live(credit_notes) else word


def payment(fields: Part, how: Manner) -> str:
    """CombinedPaymentStatus."""
    if fields["Voided"]:
        return "VOIDED"
    prepaid = bool(fields["Order"]["Prepayments"])
    return payment_word(fields["Invoice"], fields["CreditNote"], how, prepaid=prepaid)


def payment_word(
    invoices: Iterable[Part], credit_notes: Iterable[Part], how: Manner, *, prepaid: bool
) -> str:
    bills, notes = live(invoices), live(credit_notes)
    owed = sum((part_totals(part, how).total for part in bills), ZERO)
    credited = sum((part_totals(part, how).total for part in notes), ZERO)
    given = sum((paid(part["Payments"]) for part in bills), ZERO)
    refunded = sum((paid(part["Refunds"]) for part in notes), ZERO)
    if not owed:
        return "PREPAID" if prepaid else "UNPAID"
    left = owed - credited - given + refunded
    if left < 0:
        return "OVERPAID / CREDITED"
    if left == 0:
        return "PAID"
    return "PARTIALLY PAID" if given or credited else "UNPAID"


def overall(fields: Part, how: Manner) -> str:
    """Status of the whole purchase."""
    if fields["Voided"]:
        return "VOIDED"
    if fields["Order"]["Status"] == "NOT AVAILABLE" or fields["Undone"]:
        return "DRAFT"
    if not is_ordered(fields):
        return "ORDERING"
    stock, bills = receiving(fields), invoicing(fields)
    has_goods = bool(goods(fields))
    done = stock == "FULLY RECEIVED" or not has_goods
    invoiced = bills.removesuffix(" / CREDITED") == "INVOICED"
    if done and invoiced and payment(fields, how) == "PAID":
        return "COMPLETED"
    drafts = any(
        part["Status"] == "DRAFT" for part in (*fields["StockReceived"], *fields["PutAway"])
    )
    stage = ""
    if stock == "FULLY RECEIVED":
        stage = "RECEIVED"
    elif stock == "PARTIALLY RECEIVED" or drafts:
        stage = "RECEIVING"
    if live(fields["CreditNote"]):
        return f"{stage} / CREDITED" if stage else "CREDITED"
    word = {"INVOICED": "INVOICED", "PARTIALLY INVOICED": "PARTIALLY INVOICED"}.get(bills, "")
    first, second = (stage, word) if fields["Approach"] == "INVOICE" else (word, stage)
    return first or second or "ORDERED"


def one_status(parts: Iterable[Part]) -> str:
    """One word for several parts, as the lists show it."""
    words = [str(part["Status"]) for part in parts if part["Status"] != "VOIDED"]
    if not words:
        return "VOIDED" if any(True for _ in parts) else "NOT AVAILABLE"
    for word in ("DRAFT", "AUTHORISED"):
        if word in words:
            return word
    return words[0]
