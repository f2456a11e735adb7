"""What QuickBooks can hold of purchase orders, bills and invoices, as data for planning."""

from typing import Final

from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.fieldrules import CONTROL, READ, text_rule
from daemon.connectors.qbo.mapping.lines import UNTAXED
from ledger.model.capabilities import Access, FieldRule, KindRule, LineRule, LineTax
from ledger.model.ids import Kind
from ledger.model.plans import Action
from ledger.model.values import Reference

LONGEST_NUMBER: Final = 21
MOST_LINES: Final = {Kind.PURCHASE_ORDER: 500, Kind.BILL: 500, Kind.INVOICE: 750}
_REMOVALS: Final = {"close": Action.CLOSE, "delete": Action.DELETE}
_CUSTOM: Final = FieldRule(max_length=31)


def document_rules(config: QboConfig, features: Features) -> dict[Kind, KindRule]:
    return {
        Kind.PURCHASE_ORDER: _order(config, features),
        Kind.BILL: _bill(config, features),
        Kind.INVOICE: _invoice(config, features),
    }


def _head(features: Features, *, party: str, namespace: str, tax: LineTax) -> dict[str, FieldRule]:
    # A company with one currency refuses any other; there is nothing to choose.
    currency = Access.CREATE if features.is_multicurrency else Access.READ
    return {
        "number": FieldRule(max_length=LONGEST_NUMBER, forbidden=CONTROL, namespace=namespace),
        "date": FieldRule(required=True, clearable=False),
        "due_date": FieldRule(clearable=False),
        "currency": FieldRule(access=currency, clearable=False),
        "exchange_rate": READ,
        "tax_calculation": READ,
        "terms": FieldRule(),
        "note": text_rule(4000, access=Access.CREATE),
        "lines": FieldRule(required=True, clearable=False),
        "tax_total": FieldRule(clearable=False, places=2) if tax is LineTax.TAXED else READ,
        "total": READ,
        "status": READ,
        party: FieldRule(required=True, clearable=False),
    }


def _lines(kind: Kind, tax: LineTax, config: QboConfig, features: Features) -> LineRule:
    documents = config.documents
    chosen = documents.class_by_location | (
        {"": documents.default_class} if documents.default_class else {}
    )
    has_classes = features.classes_by_line and Kind.CLASS not in features.disabled
    return LineRule(
        accounts=kind is not Kind.INVOICE,
        tax=tax,
        # In the US lines are taxed or not; elsewhere "no tax" is a code like any other.
        untaxed=None if features.taxes_by_code else Reference(kind=Kind.TAX_CODE, id=UNTAXED),
        links_orders=kind is Kind.BILL and Kind.PURCHASE_ORDER not in features.disabled,
        most=MOST_LINES[kind],
        classes={
            location: Reference(kind=Kind.CLASS, key=name)
            for location, name in chosen.items()
            if has_classes
        },
        classes_key="qbo.documents.class_by_location",
        default_class_key="qbo.documents.default_class",
    )


def _order(config: QboConfig, features: Features) -> KindRule:
    tax = features.purchase_tax
    head = _head(features, party="vendor", namespace="purchase_order_number", tax=tax)
    return KindRule(
        fields=head
        | {
            "memo": text_rule(4000),
            "custom_fields": _CUSTOM,
            "shipping_address": FieldRule(),
            # Not shown by every edition: given once, and not compared afterwards.
            "expected_date": FieldRule(access=Access.CREATE, clearable=False),
        },
        lines=_lines(Kind.PURCHASE_ORDER, tax, config, features),
        removal=_REMOVALS[config.documents.void_order],
        recovery_key="number",
    )


def _bill(config: QboConfig, features: Features) -> KindRule:
    tax = features.purchase_tax
    # The number is the vendor's: two vendors may well use the same one.
    head = _head(features, party="vendor", namespace="", tax=tax)
    return KindRule(
        fields=head | {"balance": READ, "settlements": READ},
        lines=_lines(Kind.BILL, tax, config, features),
        removal=Action.DELETE,
        recovery_key="number",
        recovery_also=("vendor",),
    )


def _invoice(config: QboConfig, features: Features) -> KindRule:
    tax = features.sales_tax
    head = _head(features, party="customer", namespace="invoice_number", tax=tax)
    return KindRule(
        fields=head
        | {
            "memo": text_rule(1000),
            "custom_fields": _CUSTOM,
            "billing_address": FieldRule(),
            "shipping_address": FieldRule(),
            "balance": READ,
            "settlements": READ,
        },
        lines=_lines(Kind.INVOICE, tax, config, features),
        removal=Action.VOID,
        singly=frozenset({Action.VOID}),
        recovery_key="number",
    )
