"""Small lists: terms, classes, payment methods."""

from decimal import Decimal

from daemon.connectors.qbo.mapping.wire import (
    COMMON,
    Entity,
    Setting,
    Unsayable,
    Wire,
    active,
    name,
    number,
    pointer,
    put_flag,
    put_number,
    put_pointer,
    put_text,
    text,
)
from ledger.model.ids import Kind
from ledger.model.records import Class, PaymentMethod, Term
from ledger.model.values import UNSET, UnsetType, Value

_METHODS = {"STANDARD": "days", "DATE_DRIVEN": "day_of_month"}
_TERM_TYPES = {method: word for word, method in _METHODS.items()}


def _read_term(raw: Wire, _setting: Setting) -> Term:
    word = text(raw, "Type")
    is_dated = word == "DATE_DRIVEN"
    return Term(
        name=name(raw, "Name"),
        # An unknown word stays as it is, lower-cased: seen and kept, equal only to itself.
        method=UNSET if word is None else _METHODS.get(word, word.lower()),
        due=number(raw, "DayOfMonthDue" if is_dated else "DueDays"),
        discount_percent=_shown(number(raw, "DiscountPercent")),
        discount_days=_shown(number(raw, "DiscountDayOfMonth" if is_dated else "DiscountDays")),
        active=active(raw),
    )


def _shown(value: Decimal | None) -> Decimal | UnsetType:
    return UNSET if value is None else value


def _put_method(out: Wire, value: Value) -> None:
    word = _TERM_TYPES.get(value) if isinstance(value, str) else None
    if word is None:
        raise Unsayable(
            f"QuickBooks has no payment terms of the sort {value} (Type)",
            "make a term with a number of days or a day of the month",
        )
    out["Type"] = word


def _put_due(out: Wire, value: Value) -> None:
    # Which property it is depends on the method, which may be set after this: see _complete_term.
    put_number("DueDays")(out, value)


def _complete_term(out: Wire) -> None:
    if out.get("Type") == "DATE_DRIVEN" and "DueDays" in out:
        out["DayOfMonthDue"] = out.pop("DueDays")


TERM = Entity(
    kind=Kind.TERM,
    name="Term",
    name_property="Name",
    read=_read_term,
    puts={
        "name": put_text("Name"),
        "method": _put_method,
        "due": _put_due,
        "discount_percent": put_number("DiscountPercent"),
        "discount_days": put_number("DiscountDays"),
        "active": put_flag("Active"),
    },
    known=COMMON
    | {
        "Name",
        "Active",
        "Type",
        "DueDays",
        "DiscountPercent",
        "DiscountDays",
        "DayOfMonthDue",
        "DueNextMonthDays",
        "DiscountDayOfMonth",
        "SalesTermEx",
    },
    queries={"name": "Name"},
    words={"Type": frozenset(_METHODS)},
    required=("Type",),
    complete=_complete_term,
)


def _read_class(raw: Wire, _setting: Setting) -> Class:
    return Class(
        name=name(raw, "Name"),
        parent=pointer(raw, "ParentRef", Kind.CLASS),
        active=active(raw),
    )


def _put_parent(out: Wire, value: Value) -> None:
    put_pointer("ParentRef")(out, value)
    out["SubClass"] = value is not None


CLASS = Entity(
    kind=Kind.CLASS,
    name="Class",
    name_property="Name",
    read=_read_class,
    puts={"name": put_text("Name"), "parent": _put_parent, "active": put_flag("Active")},
    known=COMMON | {"Name", "SubClass", "ParentRef", "FullyQualifiedName", "Active", "ClassEx"},
    queries={"name": "Name"},
)


def _read_payment_method(raw: Wire, _setting: Setting) -> PaymentMethod:
    word = text(raw, "Type")
    return PaymentMethod(
        name=name(raw, "Name"),
        method_type=UNSET if word is None else word.lower(),
        active=active(raw),
    )


def _put_method_type(out: Wire, value: Value) -> None:
    if isinstance(value, str):
        out["Type"] = value.upper()


PAYMENT_METHOD = Entity(
    kind=Kind.PAYMENT_METHOD,
    name="PaymentMethod",
    name_property="Name",
    read=_read_payment_method,
    puts={
        "name": put_text("Name"),
        "method_type": _put_method_type,
        "active": put_flag("Active"),
    },
    known=COMMON | {"Name", "Active", "Type", "PaymentMethodEx"},
    queries={"name": "Name"},
    words={"Type": frozenset({"CREDIT_CARD", "NON_CREDIT_CARD"})},
)
