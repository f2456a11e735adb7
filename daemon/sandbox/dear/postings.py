"""DEAR's own general ledger: balanced pairs that events of documents post, and /transactions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from daemon.sandbox.dear.errors import Flaw, Invalid
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.holdings import Posting, event_key
from daemon.sandbox.dear.money import CENT, ZERO, Manner, Totals, base, net
from daemon.sandbox.dear.paging import Answer, Call, listing
from daemon.sandbox.dear.state import DearState, Row
from daemon.sandbox.dear.stockroom import cost_of
from daemon.sandbox.dear.switches import DearSwitches

COGS_CHANGE: Final = "Sale COGS Change"


@dataclass(frozen=True, slots=True)
class Booking:
    """The event that posts."""

    task: str
    master: str
    date: str
    reference: str
    text: str
    type: str
    """``Purchase`` or ``Sale``."""
    what: str
    """Tells the events of one task apart."""

    @property
    def key(self) -> str:
        return event_key(self.task, self.what)


def post(state: DearState, why: Booking, pairs: Iterable[tuple[str, str, Decimal]]) -> None:
    """Keep (debit, credit, amount) pairs; those of nothing are left out."""
    rows = state.holdings.postings.setdefault(why.key, [])
    state.holdings.posted.setdefault(why.master, {})[why.key] = None
    for debit, credit, amount in pairs:
        if not amount:
            continue
        rows.append(
            Posting(
                task=why.task,
                master=why.master,
                debit=debit,
                credit=credit,
                amount=amount,
                date=why.date,
                reference=why.reference,
                text=why.text,
                type=why.type,
                id=state.new_id(),
            )
        )


def unpost(state: DearState, switches: DearSwitches, key: str) -> None:
    """The event did not happen: its entries go, or are reversed where the company keeps them."""
    rows = state.holdings.postings.pop(key, [])
    for row in rows[:1]:
        state.holdings.posted.get(row.master, {}).pop(key, None)
    if switches.undone_entries == "reversed":
        state.holdings.undone += rows
        state.holdings.undone += [
            replace(row, debit=row.credit, credit=row.debit, id=state.new_id()) for row in rows
        ]


def mapped(state: DearState, field: str, *chosen: str | None) -> str:
    """The account for a use: the first chosen one, else the company's mapping.

    The mapping of this company is whatever account its oldest product or customer names there.
    """
    for code in chosen:
        if code:
            return code
    for kind in ("product", "customer", "supplier"):
        for row in state[kind]:
            if code := row.fields.get(field):
                return str(code)
    raise Invalid(Flaw(f"{field} is not set in the account mapping"))


def system_account(state: DearState, code: str) -> str:
    """The code of a system account, or of the rounding account, or the system name itself."""
    for wanted in (code, "ROUNDING"):
        row = state["account"].one("SystemAccountCode", wanted)
        if row is not None:
            return row.id
    return code


def deposits(state: DearState, name: str, control: str) -> str:
    """Where prepayments wait: the account of that name, or else the party's own."""
    row = state["account"].one("Name", name)
    return row.id if row is not None else control


def allocate(
    state: DearState,
    prepayments: list[Fields],
    invoices: list[Fields],
    part: Fields,
    total: Decimal,
) -> list[Fields]:
    """Use what is left of the prepayments on an invoice; the payments that this made."""
    made: list[Fields] = []
    for prepayment in prepayments:
        used = sum(
            (
                payment["Amount"]
                for invoice in invoices
                for payment in invoice["Payments"]
                if payment.get("PrepaymentID") == prepayment["ID"]
            ),
            ZERO,
        )
        open_amount = total - sum((payment["Amount"] for payment in part["Payments"]), ZERO)
        amount = min(prepayment["Amount"] - used, open_amount)
        if amount <= 0:
            continue
        origin = {"ID": state.new_id(), "Amount": amount, "PrepaymentID": prepayment["ID"]}
        made.append({**prepayment, **origin})
        part["Payments"].append(made[-1])
    return made


@dataclass(frozen=True, slots=True)
class Bill:
    """What of an invoice or credit note is posted."""

    control: str
    """Receivable or payable."""
    lines: list[Fields]
    totals: Totals
    rate: Decimal
    account_of: Callable[[Fields], str]


def bill_pairs(
    state: DearState, bill: Bill, how: Manner, *, debits_lines: bool
) -> list[tuple[str, str, Decimal]]:
    """Entries of an invoice or credit note; the control account gets the whole total exactly.

    ``debits_lines``: lines are debited (purchase invoice, sale credit note) or credited.
    """
    sums: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    for line in bill.lines:
        account = bill.account_of(line)
        sums[account] = sums.get(account, ZERO) + net(line, how)
        rule = state["tax"].one("Name", line["TaxRule"])
        code = str(rule.fields["Account"]) if rule else ""
        taxes[code] = taxes.get(code, ZERO) + line["Tax"]
    amounts = [(code, base(amount, bill.rate)) for code, amount in sums.items()]
    amounts += [(code, base(amount, bill.rate)) for code, amount in taxes.items() if amount]
    whole = base(bill.totals.total, bill.rate)
    rest = whole - sum((amount for _, amount in amounts), ZERO)
    if rest:
        amounts.append((system_account(state, "ROUNDING"), rest))
    if debits_lines:
        return [(code, bill.control, amount) for code, amount in amounts]
    return [(bill.control, code, amount) for code, amount in amounts]


def shipment_pairs(state: DearState, key: str) -> list[tuple[str, str, Decimal]]:
    """COGS of a shipment by what its goods cost now, less what is booked already."""
    booked = state.holdings.booked.setdefault(key, {})
    pairs = []
    draws = state.holdings.draws.get(key, [])
    for product_id in sorted({draw.product for draw in draws}):
        fields = state["product"].rows[product_id].fields
        mine = [draw for draw in draws if draw.product == product_id]
        cost = cost_of(state, mine).quantize(CENT)
        change = cost - booked.get(product_id, ZERO)
        if change:
            booked[product_id] = cost
            cogs = mapped(state, "COGSAccount", fields["COGSAccount"])
            stock = mapped(state, "InventoryAccount", fields["InventoryAccount"])
            pairs.append((cogs, stock, change))
    return pairs


def of_document(state: DearState, row: Row) -> list[Posting]:
    """All entries of a purchase or sale."""
    events = state.holdings.posted.get(row.id, {})
    rows = [one for key in events for one in state.holdings.postings.get(key, ())]
    rows += [one for one in state.holdings.undone if one.master == row.id]
    return sorted(rows, key=lambda one: one.date)


def all_postings(state: DearState) -> list[Posting]:
    rows = [one for many in state.holdings.postings.values() for one in many]
    return sorted([*rows, *state.holdings.undone], key=lambda one: one.date)


def show_entry(one: Posting) -> Mapping[str, Any]:
    """An entry as documents show it."""
    return {
        "TaskID": one.task,
        "TransactionID": one.id,
        "Debit": one.debit,
        "Credit": one.credit,
        "Description": one.text,
        "Amount": one.amount,
        "EffectiveDate": one.date,
    }


def list_transactions(call: Call) -> Answer:
    """By effective date only; this is no change feed."""
    query = call.query
    first, last = query.instant("FromDate"), query.instant("ToDate")
    account = query.text("Account")
    rows = [
        one
        for one in all_postings(call.state)
        if (first is None or one.date[:10] >= first.date().isoformat())
        and (last is None or one.date[:10] <= last.date().isoformat())
        and (not account or account in (one.debit, one.credit))
    ]
    return listing(call, "Transactions", rows, _show_row)


def _show_row(one: Posting) -> Fields:
    return {
        "TaskID": one.task,
        "DebitAccountCode": one.debit,
        "CreditAccountCode": one.credit,
        "Amount": one.amount,
        "EffectiveDate": one.date,
        "Reference": one.reference,
        "Transaction": one.text,
        "Type": one.type,
    }


ROUTES: Final = {"transactions": {"GET": list_transactions}}
