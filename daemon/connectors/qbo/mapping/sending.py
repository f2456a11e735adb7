"""The object that goes out for a document: head, custom fields, tax, and how it ends.

An update says only what changes. Must not decide what is wanted: a wish that QuickBooks cannot
hold is refused by name, never bent.
"""

from decimal import Decimal
from typing import Final

from daemon.connectors.qbo.mapping.outlines import Outlines
from daemon.connectors.qbo.mapping.wire import (
    Entity,
    Setting,
    Unwritable,
    Wire,
    number,
    part,
    parts,
    text,
)
from ledger.model.capabilities import LineTax
from ledger.model.errors import Broken
from ledger.model.ids import Kind
from ledger.model.keys import fold
from ledger.model.money import exact, quantise
from ledger.model.outcomes import Write
from ledger.model.plans import Action
from ledger.model.values import Lines, Texts, Value

LONGEST_CUSTOM: Final = 31
_WORDS: Final = {
    Kind.PURCHASE_ORDER: "purchase orders",
    Kind.BILL: "bills",
    Kind.INVOICE: "invoices",
}
_WHERE: Final = {
    Kind.PURCHASE_ORDER: "Account and settings, Expenses, Purchase orders",
    Kind.INVOICE: "Account and settings, Sales, Sales form content",
}
ENDS: Final = {
    Action.VOID: frozenset({Kind.INVOICE}),
    Action.DELETE: frozenset({Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE}),
    Action.CLOSE: frozenset({Kind.PURCHASE_ORDER}),
}
"""Which kinds can end in which way."""


def document_body(entity: Entity, write: Write, last: Wire, setting: Setting) -> Wire:
    """The object to send. ``last``: the document as QuickBooks showed it, empty for a create."""
    match write.action:
        case Action.CREATE:
            return _new(entity, write, setting)
        case Action.UPDATE:
            return (
                _identity(write)
                | {"sparse": True}
                | _kept(entity, last)
                | _said(entity, write, last, setting)
            )
        case Action.VOID | Action.DELETE:
            _check_end(write)
            return _identity(write)
        case Action.CLOSE:
            _check_end(write)
            closed = {"sparse": True, "POStatus": "Closed"}
            return _identity(write) | _kept(entity, last) | closed
        case Action.INACTIVATE | Action.REACTIVATE:
            raise Unwritable(
                "status",
                f"{_WORDS[write.kind]} cannot be made inactive in QuickBooks",
                "void, close or delete it there",
            )


def _check_end(write: Write) -> None:
    if write.kind not in ENDS[write.action]:
        raise Unwritable(
            "status",
            f"QuickBooks cannot {write.action.value} {_WORDS[write.kind]}",
            "end it in QuickBooks by hand",
        )


def _identity(write: Write) -> Wire:
    if write.ref is None or not write.version:
        raise Broken("a document is to be changed without an id or without a version")
    return {"Id": write.ref.id, "SyncToken": write.version}


def _kept(entity: Entity, last: Wire) -> Wire:
    """What QuickBooks demands with every update, as it last was."""
    return {prop: last[prop] for prop in entity.required if prop in last}


def _new(entity: Entity, write: Write, setting: Setting) -> Wire:
    out = _said(entity, write, {}, setting)
    if setting.payable_account and write.kind is not Kind.INVOICE:
        out["APAccountRef"] = {"value": setting.payable_account}
    return {
        prop: {k: v for k, v in value.items() if v != ""} if isinstance(value, dict) else value
        for prop, value in out.items()
        if value not in ("", {})
    }


def _said(entity: Entity, write: Write, last: Wire, setting: Setting) -> Wire:
    """The fields of a write in QuickBooks' properties."""
    out: Wire = {}
    is_create = write.action is Action.CREATE
    for field, value in write.fields.items():
        match field:
            case "lines":
                _put_lines(out, value, entity, last, setting)
            case "custom_fields":
                _put_custom_fields(out, value, write.kind, last, setting)
            case "tax_total":
                _put_tax(out, value, entity.kind, setting)
            case _:
                entity.say(out, field, value, is_create=is_create)
    return out


def _put_lines(out: Wire, value: Value, entity: Entity, last: Wire, setting: Setting) -> None:
    if not isinstance(value, Lines) or not value.lines:
        raise Unwritable(
            "lines", "QuickBooks holds no document without lines", "enter a line, or void it"
        )
    lines = Outlines(entity, last, setting)
    out["Line"] = [lines.line(line, place) for place, line in enumerate(value.lines, start=1)]
    tax = setting.line_tax(entity.kind)
    if setting.taxes_by_code:
        untaxed = tax is LineTax.NONE
        out["GlobalTaxCalculation"] = "NotApplicable" if untaxed else "TaxExcluded"
    elif tax is LineTax.ONE:
        _put_group(out, lines, last)
    elif tax is LineTax.TAXED:
        # The tax that was charged stands, unless the write itself names another.
        charged = number(part(last, "TxnTaxDetail") or {}, "TotalTax")
        if charged is not None:
            out.setdefault("TxnTaxDetail", {"TotalTax": charged})


def _put_group(out: Wire, lines: Outlines, last: Wire) -> None:
    """The one tax code of the taxed lines. Never a total: QuickBooks works it out, and one that
    was sent once would stand for ever."""
    before = part(last, "TxnTaxDetail") or {}
    code = lines.tax_code
    if code:
        out["TxnTaxDetail"] = {"TxnTaxCodeRef": {"value": code}}
    elif lines.is_taxed and "TxnTaxCodeRef" in before:
        out["TxnTaxDetail"] = {"TxnTaxCodeRef": before["TxnTaxCodeRef"]}
    elif number(before, "TotalTax") or "TxnTaxCodeRef" in before:
        out["TxnTaxDetail"] = {"TotalTax": exact(0)}


def _put_tax(out: Wire, value: Value, kind: Kind, setting: Setting) -> None:
    if setting.line_tax(kind) is not LineTax.TAXED:
        raise Unwritable(
            "tax_total",
            "QuickBooks works out the tax of this document by itself",
            "correct the tax codes of the lines, or the rates in QuickBooks",
        )
    if not isinstance(value, Decimal) or value != quantise(value, 2):
        raise Unwritable("tax_total", "the tax total is no amount in cents", "round it to cents")
    out["TxnTaxDetail"] = {"TotalTax": value}


def _put_custom_fields(out: Wire, value: Value, kind: Kind, last: Wire, setting: Setting) -> None:
    """Custom fields by their definition. What is not named stays; an empty text empties."""
    if kind is Kind.BILL:
        raise Unwritable("custom_fields", "bills have no custom fields", "take them out")
    shown = parts(last, "CustomField")
    known = {fold(name): row for row in shown if (name := text(row, "Name"))}
    named = {fold(name): (name, content) for name, content in _entries(value, known)}
    rows: list[Wire] = []
    for key, (name, content) in named.items():
        if len(content) > LONGEST_CUSTOM:
            raise Unwritable(
                "custom_fields",
                f'custom field "{name}" has {len(content)} characters and QuickBooks holds '
                f"{LONGEST_CUSTOM}",
                f"shorten it to {LONGEST_CUSTOM} characters",
            )
        definition = setting.custom_fields(kind).get(key, "")
        definition = definition or text(known.get(key, {}), "DefinitionId") or ""
        if not definition:
            raise Unwritable(
                "custom_fields",
                f'{_WORDS[kind]} have no custom field "{name}" in QuickBooks',
                f'switch on a custom field "{name}" in QuickBooks ({_WHERE[kind]}), or take it out',
            )
        rows.append(_row(definition, name, content))
    # The others go along as they are, should QuickBooks take the list for the whole.
    rows += [row for key, row in known.items() if key not in named and row.get("StringValue")]
    out["CustomField"] = rows


def _entries(value: Value, known: dict[str, Wire]) -> list[tuple[str, str]]:
    if isinstance(value, Texts):
        return list(value.entries)
    if value is not None:
        raise Broken("custom fields are to be sent as something else")
    return [(str(row["Name"]), "") for row in known.values() if row.get("StringValue")]


def _row(definition: str, name: str, content: str) -> Wire:
    return {
        "DefinitionId": definition,
        "Name": name,
        "Type": "StringType",
        "StringValue": content,
    }
