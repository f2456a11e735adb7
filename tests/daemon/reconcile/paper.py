"""Documents in the little world of ``worlds``: what both systems can hold, and books that post.

``Desk`` is a ledger whose books do what QuickBooks does with a document: they number its lines,
add it up, and keep the links to orders. Nothing here plans.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from daemon.reconcile.policy import DocumentPolicy, Policy
from ledger.model.capabilities import Access, Capabilities, KindRule, LineRule, LineTax
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind, RecordId
from ledger.model.plans import REMOVALS, Action, Operation
from ledger.model.records import Bill, Document, Invoice, PurchaseOrder, Record, TaxCode
from ledger.model.values import Line, Lines, RecordRef, Reference, Value
from tests.daemon.reconcile.alphabet import (
    NET30,
    RENT,
    SALES,
    customer,
    dear_item,
    qbo_item,
    vendor,
)
from tests.daemon.reconcile.worlds import DEAR, QBO, Ledger, R, policy

NON = Reference(kind=Kind.TAX_CODE, id="NON")
TAXED_8 = "Sales tax"
NOT_TAXED = "Exempt"
SINCE = "2026-01-01"
_READ = R(access=Access.READ)
_HEADER = (
    *("number", "date", "due_date", "currency", "exchange_rate", "tax_calculation", "terms"),
    *("memo", "note", "location", "custom_fields", "lines", "tax_total", "total", "status"),
)
_OWN = {
    Kind.PURCHASE_ORDER: ("vendor", "shipping_address", "expected_date"),
    Kind.BILL: ("vendor", "order", "order_number"),
    Kind.INVOICE: ("customer", "shipping_address", "customer_reference", "order_number"),
}


def line_rule(kind: Kind, **changes: Any) -> LineRule:
    sales = kind is Kind.INVOICE
    rule = LineRule(
        accounts=not sales,
        tax=LineTax.ONE if sales else LineTax.NONE,
        untaxed=NON,
        links_orders=kind is Kind.BILL,
    )
    return msgspec.structs.replace(rule, **changes)


def books_kind(kind: Kind, **changes: Any) -> KindRule:
    fields = dict.fromkeys(("number", "date", "lines"), R(required=True))
    fields |= dict.fromkeys(("due_date", "terms", "memo", "custom_fields"), R())
    fields["number"] = R(
        max_length=21,
        namespace={
            Kind.PURCHASE_ORDER: "purchase_order_number",
            Kind.INVOICE: "invoice_number",
        }.get(kind, ""),
    )
    fields |= {"note": R(access=Access.CREATE), "currency": _READ}
    fields |= dict.fromkeys(("total", "tax_total", "status", "tax_calculation"), _READ)
    party = "customer" if kind is Kind.INVOICE else "vendor"
    fields[party] = R(required=True, clearable=False)
    if kind is not Kind.BILL:
        fields["shipping_address"] = R()
    removal = {
        Kind.PURCHASE_ORDER: Action.CLOSE,
        Kind.BILL: Action.DELETE,
        Kind.INVOICE: Action.VOID,
    }[kind]
    rule = KindRule(fields=fields, lines=line_rule(kind), removal=removal, recovery_key="number")
    return msgspec.structs.replace(rule, **changes)


def source_kind(kind: Kind) -> KindRule:
    return KindRule(
        fields=dict.fromkeys((*_HEADER, *_OWN[kind]), _READ),
        can_create=False,
        can_update=False,
        tombstones=False,
    )


def rules(**changes: Any) -> Policy:
    """A policy under which all documents flow from the first of January on."""
    made = policy()
    books, source = made.capabilities[QBO], made.capabilities[DEAR]
    capabilities = {
        QBO: _with(books, {kind: books_kind(kind) for kind in DOCUMENT_KINDS}),
        DEAR: _with(source, {kind: source_kind(kind) for kind in DOCUMENT_KINDS}),
    }
    documents = {kind: DocumentPolicy(since=SINCE) for kind in DOCUMENT_KINDS}
    settings: dict[str, Any] = {"documents": documents, "home_currency": "USD"} | changes
    return msgspec.structs.replace(made, capabilities=capabilities, **settings)


def with_document(rules: Policy, kind: Kind, **changes: Any) -> Policy:
    one = msgspec.structs.replace(rules.document(kind), **changes)
    return msgspec.structs.replace(rules, documents=rules.documents | {kind: one})


def _with(capabilities: Capabilities, kinds: dict[Kind, KindRule]) -> Capabilities:
    return msgspec.structs.replace(capabilities, kinds=capabilities.kinds | kinds)


# -- what stands on paper ------------------------------------------------------------------------


def to(kind: Kind, key: str) -> Reference:
    return Reference(kind=kind, key=key)


def line(item: str = "1", quantity: str = "2", price: str = "10", **changes: Any) -> Line:
    """A line of the source: two widgets at ten, untaxed."""
    number, each = Decimal(quantity), Decimal(price)
    discount = Decimal(changes.get("discount_percent") or 0)
    amount = _cents(number * each * (100 - discount) / 100)
    shown: dict[str, Any] = {
        "item": Reference(kind=Kind.ITEM, id=item),
        "description": f"Item {item}",
        "quantity": number,
        "unit_price": each,
        "amount": amount,
        "tax_code": to(Kind.TAX_CODE, NOT_TAXED),
        "tax": Decimal(0),
    }
    return Line(**(shown | changes))


def freight(amount: str = "15", account: str = "6000") -> Line:
    return Line(
        sort="account",
        account=to(Kind.ACCOUNT, account),
        description="Freight",
        quantity=Decimal(1),
        unit_price=Decimal(amount),
        amount=Decimal(amount),
        tax_code=to(Kind.TAX_CODE, NOT_TAXED),
        tax=Decimal(0),
    )


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _head(lines: tuple[Line, ...], changes: dict[str, Any]) -> dict[str, Any]:
    net = sum((one.amount or Decimal() for one in lines), Decimal())
    tax = sum((one.tax or Decimal() for one in lines), Decimal())
    return {
        "date": "2026-03-01",
        "currency": "USD",
        "tax_calculation": "exclusive",
        "lines": Lines(lines),
        "tax_total": tax,
        "total": net + tax,
        "status": "open",
    } | changes


def order(*lines: Line, **changes: Any) -> PurchaseOrder:
    shown: dict[str, Any] = {"number": "PO-1", "vendor": Reference(kind=Kind.VENDOR, id="v1")}
    return PurchaseOrder(**(_head(lines or (line(),), shown | changes)))


def bill(*lines: Line, of: str = "o1", **changes: Any) -> Bill:
    shown: dict[str, Any] = {
        "number": "A-77",
        "vendor": Reference(kind=Kind.VENDOR, id="v1"),
        "order": Reference(kind=Kind.PURCHASE_ORDER, id=of),
        "order_number": "PO-1",
        "date": "2026-03-05",
    }
    return Bill(**(_head(lines or (line(),), shown | changes)))


def invoice(*lines: Line, **changes: Any) -> Invoice:
    shown: dict[str, Any] = {"number": "INV-1", "customer": Reference(kind=Kind.CUSTOMER, id="c1")}
    return Invoice(**(_head(lines or (line(),), shown | changes)))


# -- books that post -----------------------------------------------------------------------------


class Desk(Ledger):
    """A ledger over two systems; the books do with documents what QuickBooks does."""

    def __init__(self) -> None:
        super().__init__()
        books: tuple[Record, ...] = (SALES, RENT, NET30)
        for number, record in enumerate(books):
            self.pair(record, record, id=f"b{number}")
        tax = TaxCode(name=TAXED_8, rate=Decimal(8), active=True)
        self.pair(tax, tax, id="t8")
        none = TaxCode(name=NOT_TAXED, rate=Decimal(0), active=True)
        self.pair(none, none, id="NON")
        for item in ("1", "2", "3"):
            same = {"name": f"Item {item}", "sku": f"I-{item}"}
            self.pair(qbo_item(**same), dear_item(**same), id=item)
        self.pair(vendor(), vendor(), id="v1")
        self.pair(customer(), customer(), id="c1")
        self.tax_off = Decimal(0)
        """What the books add to the tax of everything they post."""
        self.drops_links = False

    def do(self, operation: Operation, rules: Policy) -> None:
        if operation.kind not in DOCUMENT_KINDS:
            super().do(operation, rules)
            return
        if not self._is_ready(operation):
            return  # as in a cycle: it goes in a later round
        ref = self.ref_of(operation.record, QBO)
        if operation.action in REMOVALS:
            assert ref is not None, "only what is there can end"
            self._end(ref, operation.action)
            return
        values: dict[str, Any] = {c.field: self._said(c.after) for c in operation.changes}
        if ref is None:
            shown: dict[str, Any] = {
                "currency": "USD",
                "tax_calculation": "exclusive",
                "status": "open",
                "note": None,
                "terms": None,
                "memo": None,
            }
            ref = ExternalRef(QBO, operation.kind, f"{len(self.shown)}")
            self.records[ref] = operation.record
            kinds = {PurchaseOrder.KIND: PurchaseOrder, Bill.KIND: Bill, Invoice.KIND: Invoice}
            posted: Document = kinds[operation.kind](**(shown | values))
        else:
            before = self.shown[ref].record
            assert isinstance(before, PurchaseOrder | Bill | Invoice), "documents are changed here"
            posted = msgspec.structs.replace(before, **values)
        self.show(QBO, ref.id, self._added_up(posted))

    def _is_ready(self, operation: Operation) -> bool:
        rows = [
            row
            for change in operation.changes
            if isinstance(change.after, Lines)
            for row in change.after.lines
        ]
        return all(self._in_map(row) for row in rows if isinstance(row.order, RecordRef))

    def _in_map(self, row: Line) -> bool:
        assert isinstance(row.order, RecordRef)
        baseline = self.baselines.get(row.order.record, {}).get(QBO)
        agreed = baseline.fields.get("lines") if baseline is not None else None
        places = {one.number for one in agreed.lines} if isinstance(agreed, Lines) else set()
        return not row.order_number or row.order_number in places

    def _end(self, ref: ExternalRef, action: Action) -> None:
        match action:
            case Action.VOID:
                nothing = {"total": Decimal(0), "tax_total": Decimal(0)}
                self.edit(QBO, ref.kind, ref.id, status="voided", **nothing)
            case Action.CLOSE:
                self.edit(QBO, ref.kind, ref.id, status="closed")
            case _:
                self.remove(QBO, ref.kind, ref.id)

    def _said(self, value: Value) -> Value:
        if isinstance(value, Lines):
            return Lines(tuple(self._line(one) for one in value.lines))
        return self.wire(value, QBO)

    def _line(self, one: Line) -> Line:
        pointers = {
            name: self.wire(pointer, QBO)
            for name in ("item", "account", "tax_code", "reporting_class", "customer")
            if (pointer := getattr(one, name)) is not None
        }
        linked = one.order_line
        if isinstance(one.order, RecordRef) and one.order_number:
            agreed = self.baselines[one.order.record][QBO].fields["lines"]
            assert isinstance(agreed, Lines)
            linked = next(row.id for row in agreed.lines if row.number == one.order_number)
        order = None if one.order is None or self.drops_links else self.wire(one.order, QBO)
        return msgspec.structs.replace(
            one,
            number=0,
            order_number=0,
            order=order,
            order_line=linked if order is not None else "",
            **pointers,
        )

    def _added_up(self, posted: Document) -> Document:
        rows = posted.lines.lines if isinstance(posted.lines, Lines) else ()
        used = [int(row.id) for row in rows if row.id]
        fresh = max(used, default=0)
        done = []
        for row in rows:
            if not row.id:
                fresh += 1
                row = msgspec.structs.replace(row, id=str(fresh))
            done.append(row)
        net = sum((row.amount or Decimal() for row in done), Decimal())
        taxed = sum(
            (
                row.amount or Decimal()
                for row in done
                if isinstance(row.tax_code, Reference) and row.tax_code.id == "t8"
            ),
            Decimal(),
        )
        tax = _cents(taxed * 8 / 100) + self.tax_off
        return msgspec.structs.replace(
            posted, lines=Lines(tuple(done)), tax_total=tax, total=net + tax, balance=net + tax
        )

    def posted(self, record: RecordId) -> Any:
        """The document as the books show it."""
        ref = self.ref_of(record, QBO)
        assert ref is not None, "it has not been posted"
        return self.shown[ref].record
