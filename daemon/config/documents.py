"""Purchase orders, bills and invoices: from which day they flow, and what is asked first.

The source owns documents, so there is no ``authority`` and no ``create`` here: nothing of a
document is ever written to the source. As in ``model``, the docstring under each field is what a
reader of the file is told.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from daemon.config.types import Day, FieldOf, FlowMode, ForeignEdit, Section
from ledger.model.ids import Kind

LONGEST_BACK = 10
"""Years; an earlier first day is allowed and doubted."""
OLDEST = date(2000, 1, 1)
"""Neither system is older: a day before it is a slip of the pen."""


def _possible(day: date) -> date:
    if day < OLDEST:
        raise PydanticCustomError(
            "first_day", f"before {OLDEST}: no document of these systems is so old; check the year"
        )
    return day


FirstDay = Annotated[Day, AfterValidator(_possible)]
Prefix = Annotated[str, Field(max_length=10, pattern=r"^[A-Za-z0-9._/#-]*$")]
Tolerance = Annotated[Decimal, Field(ge=0, le=1)]


class DocumentConfig(Section):
    """What all kinds of documents have in common. They flow one way: the source owns them."""

    flow: FlowMode = "auto"
    """``auto`` sends what needs no approval; ``manual`` sends a document only after ``trueup send
    KIND REF`` or an approval; ``off`` never writes it. Nothing flows without ``since``."""
    since: FirstDay | None = None
    """First day of the documents that are written to QuickBooks, by their own date. Required:
    without it the kind is off and not even read. Earlier documents are observed and matched, so
    that later ones can point to them, and never written. Set it to the first day of a period
    whose documents nobody (and no other integration) posts by hand."""
    number_prefix: Prefix = ""
    """Put before the source's number in QuickBooks, at most 10 characters. Set it before the
    first document flows: documents that stand there keep their numbers until they change."""
    removals: Literal["ask", "auto"] = "ask"
    """Whether voiding, deleting or closing a document in QuickBooks, after the source voided it,
    waits for an approval each time."""
    tax_tolerance: Tolerance = Decimal("0.01")
    """Difference in the tax of one document, in its currency, that is reported as a variance and
    let pass. Any other difference of totals holds the document."""
    on_foreign_edit: dict[str, ForeignEdit] = Field(default_factory=dict)
    """What to do when a field is edited in QuickBooks."""


class PurchaseOrderConfig(DocumentConfig):
    """Purchase orders."""

    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.PURCHASE_ORDER, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """What to do when a field is edited in QuickBooks; ``"*"`` means every field, ``lines`` the
    lines. ``hold`` (default) asks, ``restore`` puts the source's value back, ``accept`` leaves
    the edit."""


class BillConfig(DocumentConfig):
    """Bills, called purchase invoices in DEAR."""

    before_order: Literal["hold", "unlinked"] = "hold"
    """What to do with a bill dated before the purchase order that it bills: wait for a person
    (``hold``), or post it without a link to the order (``unlinked``)."""
    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.BILL, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """As for purchase orders."""


class InvoiceConfig(DocumentConfig):
    """Invoices, called sale invoices in DEAR."""

    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.INVOICE, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """As for purchase orders."""


def doubts(sections: Mapping[Kind, DocumentConfig], today: date) -> list[str]:
    """What is allowed and probably not meant, as ``key: sentence``; for the check of a file."""
    found = []
    for kind, section in sections.items():
        key, since = f"kinds.{kind.value}.since", section.since
        if since is not None and since > today:
            found.append(f"{key}: {since} is still to come: nothing is written before that day")
        if since is not None and since < _years_before(today, LONGEST_BACK):
            found.append(
                f"{key}: {since} is more than {LONGEST_BACK} years ago: every document since then "
                "would be opened, and created where QuickBooks lacks it; check the year"
            )
    order, bill = sections.get(Kind.PURCHASE_ORDER), sections.get(Kind.BILL)
    if bill is not None and bill.since is not None and (order is None or _later(order, bill.since)):
        found.append(
            "kinds.bill.since: orders of those days are not written, and bills of orders that "
            "QuickBooks lacks are posted without a link: set kinds.purchase_order.since to the "
            "same day or an earlier one"
        )
    return found


def _later(section: DocumentConfig, day: date) -> bool:
    return section.flow == "off" or section.since is None or section.since > day


def _years_before(day: date, years: int) -> date:
    """The first of that month: nobody counts the days of ten years."""
    return date(day.year - years, day.month, 1)
