"""The bookkeeper at QuickBooks' screens: edits, settles, ends and enters documents, closes and
opens the books. What QuickBooks refuses is told, and changes nothing."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from daemon.sandbox.qbo import control as qbo_control
from daemon.sandbox.qbo.faultbodies import QboFault
from daemon.sandbox.qbo.state import Stored
from tests.simulation.papers import KIND_OF_PAPER, PAPER_ENTITIES, Paper, dear_papers
from tests.simulation.trail import PAYMENTS
from tests.simulation.witness import Witness
from tests.town import Town

Rng = random.Random
Body = dict[str, Any]

_NUMBERS: Final = ("1001", "V-1", "V-2", "INV-00001", "PO-00001", "9")
_TEXTS: Final = ("", "see file", "blue")
_AMOUNTS: Final = ("1", "0.01", "55.5", "120")


def _try(one: Town, witness: Witness, kind: str, **order: Any) -> str:
    with witness.by("bookkeeper"):
        try:
            qbo_control.edit(one.qbo.state, {"kind": kind, **order})
        except (QboFault, ValueError) as refused:
            return f"qbo refuses {kind} {order}: {type(refused).__name__} {refused}"
    return f"qbo {kind} {order}"


def _any(one: Town, rng: Rng, *entities: str) -> Stored | None:
    """Any document, but rather one of the newest."""
    found = [s for entity in entities for s in one.qbo.state.all(entity)]
    found.sort(key=lambda stored: int(stored.id))
    if not found:
        return None
    return rng.choice(found[-2:] if rng.random() < 0.4 else found)


def _document(one: Town, rng: Rng) -> Stored | None:
    return _any(one, rng, *PAPER_ENTITIES.values())


def mark_line(one: Town, witness: Witness, rng: Rng) -> str:
    """What is the bookkeeper's own: class, customer and whether it is billed on."""
    stored = _document(one, rng)
    if stored is None:
        return "no document"
    line = rng.choice(stored.derived["Line"])
    change: Body = {"Id": line["Id"]}
    if rng.random() < 0.7 or stored.spec.name == "Invoice":
        change["ClassRef"] = {"value": rng.choice([s.id for s in one.qbo.state.all("Class")])}
    else:
        customers = [s.id for s in one.qbo.state.all("Customer") if s.active]
        change["CustomerRef"] = {"value": rng.choice(customers)}
        change["BillableStatus"] = rng.choice(("Billable", "NotBillable"))
    return _try(one, witness, KIND_OF_PAPER[stored.spec.name], id=stored.id, line=change)


def reorder(one: Town, witness: Witness, rng: Rng) -> str:
    stored = _document(one, rng)
    if stored is None:
        return "no document"
    ids = [line["Id"] for line in stored.derived["Line"]]
    rng.shuffle(ids)
    return _try(one, witness, KIND_OF_PAPER[stored.spec.name], id=stored.id, reorder=ids)


def edit_line(one: Town, witness: Witness, rng: Rng) -> str:
    """A figure or a text that is the source's to say."""
    stored = _document(one, rng)
    if stored is None:
        return "no document"
    line = rng.choice(stored.derived["Line"])
    change = rng.choice(
        (
            {"Description": rng.choice(_TEXTS)},
            {"Qty": Decimal(rng.choice(_AMOUNTS))},
            {"UnitPrice": Decimal(rng.choice(_AMOUNTS))},
        )
    )
    change = {"Id": line["Id"], **change}
    return _try(one, witness, KIND_OF_PAPER[stored.spec.name], id=stored.id, line=change)


def change_lines(one: Town, witness: Witness, rng: Rng) -> str:
    """A line more, a line less, or a remark."""
    stored = _document(one, rng)
    if stored is None:
        return "no document"
    lines = [dict(line) for line in stored.derived["Line"]]
    twin = {k: v for k, v in rng.choice(lines).items() if k not in ("Id", "LinkedTxn")}
    remark = {"DetailType": "DescriptionOnly", "Description": "delivered in the rain"}
    match rng.choice(("more", "less", "remark")):
        case "less" if len(lines) > 1:
            lines.pop(rng.randrange(len(lines)))
        case "remark" if stored.spec.name == "Invoice":
            lines.insert(rng.randrange(len(lines) + 1), remark)
        case _:
            lines.append(twin)
    return _try(one, witness, KIND_OF_PAPER[stored.spec.name], id=stored.id, set={"Line": lines})


def edit_header(one: Town, witness: Witness, rng: Rng) -> str:
    stored = _document(one, rng)
    if stored is None:
        return "no document"
    day = date.fromisoformat(str(stored.fields["TxnDate"])) - timedelta(days=rng.choice((1, 30)))
    memo: Any = rng.choice(_TEXTS)
    changes: list[Body] = [
        {"PrivateNote": rng.choice(_TEXTS)},
        {"PrivateNote": "paid by cheque"},
        {"TxnDate": day.isoformat()},
        {"DocNumber": rng.choice(_NUMBERS)},
        {"CustomerMemo": {"value": memo}} if stored.spec.name == "Invoice" else {"Memo": memo},
    ]
    change = rng.choice(changes)
    return _try(one, witness, KIND_OF_PAPER[stored.spec.name], id=stored.id, set=change)


def close_order(one: Town, witness: Witness, rng: Rng) -> str:
    stored = _any(one, rng, "PurchaseOrder")
    if stored is None:
        return "no order"
    change = {"POStatus": rng.choice(("Closed", "Closed", "Open"))}
    return _try(one, witness, "purchase_order", id=stored.id, set=change)


def pay(one: Town, witness: Witness, rng: Rng) -> str:
    """All of it or a part."""
    stored = _any(one, rng, "Bill", "Invoice")
    if stored is None:
        return "nothing to pay"
    how: Any = True
    if rng.random() < 0.5:
        how = {"amount": (stored.derived["Balance"] / 2).quantize(Decimal("0.01"))}
    return _try(one, witness, KIND_OF_PAPER[stored.spec.name], id=stored.id, pay=how)


def unpay(one: Town, witness: Witness, rng: Rng) -> str:
    """A payment is deleted or voided."""
    stored = _any(one, rng, *PAYMENTS)
    if stored is None:
        return "no payment"
    kind = "payment" if stored.spec.name == "Payment" else "bill_payment"
    return _try(one, witness, kind, id=stored.id, **{rng.choice(("delete", "void")): True})


def end(one: Town, witness: Witness, rng: Rng) -> str:
    """A document is deleted; an invoice as often voided."""
    stored = _document(one, rng)
    if stored is None:
        return "no document"
    how = "void" if stored.spec.name == "Invoice" and rng.random() < 0.5 else "delete"
    return _try(one, witness, KIND_OF_PAPER[stored.spec.name], id=stored.id, **{how: True})


def enter(one: Town, witness: Witness, rng: Rng) -> str:
    """By hand what DEAR has too, to the cent or with a slip of the pen."""
    papers = [paper for paper in dear_papers(one.dear).values() if paper.stands and paper.lines]
    if not papers:
        return "nothing to enter"
    paper = rng.choice(papers)
    given = _copy(one, paper)
    if given is None:
        return f"QuickBooks has not what it takes to enter {paper}"
    match rng.choice(("exact", "exact", "number", "cent", "day", "party", "twice")):
        case "number":
            given["number"] = rng.choice(_NUMBERS)
        case "cent":
            given["lines"][0]["amount"] += Decimal("0.01")
        case "day":
            given["date"] = "2026-02-01"
        case "party":
            parties = one.qbo.state.all("Vendor" if paper.kind != "invoice" else "Customer")
            given["party"] = rng.choice([s.name for s in parties if s.active])
        case "twice":
            _try(one, witness, paper.kind, enter=given)
        case _:
            pass
    return _try(one, witness, paper.kind, enter=given)


def _copy(one: Town, paper: Paper) -> Body | None:
    """A document of DEAR as somebody would type it in."""
    table = "customer" if paper.kind == "invoice" else "supplier"
    party = one.dear.state[table].get(paper.party)
    lines = []
    for line in paper.lines:
        product = one.dear.state["product"].get(line.subject)
        if product is None:
            return None
        row: Body = {"item": product.fields["SKU"], "amount": line.amount}
        row |= {"quantity": line.quantity} if line.quantity else {}
        row["description"] = line.text or product.fields["Name"]
        if paper.kind == "invoice":
            row["taxed"] = bool(paper.tax)
        lines.append(row)
    if party is None:
        return None
    given: Body = {
        "party": str(party.fields["Name"]).replace(":", "-").strip(),
        "number": paper.number[:21],
        "date": paper.date,
        "lines": lines,
    }
    if paper.tax and paper.kind == "invoice":
        given["tax"] = "California"
    return given


def enter_own(one: Town, witness: Witness, rng: Rng) -> str:
    """A document that only the books know."""
    kind = rng.choice(list(PAPER_ENTITIES))
    parties = one.qbo.state.all("Customer" if kind == "invoice" else "Vendor")
    items = [s.name for s in one.qbo.state.all("Item") if s.active]
    if not items:
        return "no items"
    amount = Decimal(rng.choice(_AMOUNTS))
    given: Body = {
        "party": rng.choice([s.name for s in parties if s.active]),
        "number": rng.choice(_NUMBERS),
        "date": (one.clock.now().date() - timedelta(days=rng.choice((0, 5, 40)))).isoformat(),
        "lines": [{"item": rng.choice(items), "quantity": Decimal(1), "amount": amount}],
    }
    return _try(one, witness, kind, enter=given)


def start_counting(one: Town, witness: Witness, rng: Rng) -> str:
    """The day from which the books count the stock of an item, earlier or later."""
    counted = [s.id for s in one.qbo.state.all("Item") if s.fields["Type"] == "Inventory"]
    if not counted:
        return "nothing is counted"
    change = {"InvStartDate": rng.choice(("2014-11-01", "2026-02-15", "2026-01-05"))}
    return _try(one, witness, "item", id=rng.choice(counted), set=change)


def close_books(one: Town, witness: Witness, rng: Rng) -> str:
    today = one.clock.now().date()
    day = rng.choice(("", "", "2026-01-31", (today - timedelta(days=15)).isoformat()))
    return _try(one, witness, "company", set={"closed_until": day})


ACTS: Final[tuple[Callable[[Town, Witness, Rng], str], ...]] = (
    mark_line,
    mark_line,
    reorder,
    edit_line,
    change_lines,
    edit_header,
    close_order,
    pay,
    pay,
    unpay,
    end,
    enter,
    enter,
    enter_own,
    start_counting,
    close_books,
)
