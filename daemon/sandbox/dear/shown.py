"""Showing the parts of documents. Lines keep a product's id; SKU and name are those of now."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.money import ZERO, manner
from daemon.sandbox.dear.paging import Call
from daemon.sandbox.dear.state import DearState

NOISE: Final[Fields] = {
    "ProductLength": ZERO,
    "ProductWidth": ZERO,
    "ProductHeight": ZERO,
    "ProductWeight": ZERO,
    "WeightUnits": None,
    "DimensionsUnits": None,
    **{f"ProductCustomField{n}": None for n in range(1, 11)},
}
"""Every object with a ProductID carries these."""


def ordered(call: Call, lines: Sequence[Fields]) -> list[Fields]:
    """Lines in the order in which answers show them."""
    if call.switches.line_order == "reversed":
        return list(reversed(lines))
    if call.switches.line_order == "sku":
        products = call.state["product"]
        return sorted(lines, key=lambda line: str(products.rows[line["ProductID"]].fields["SKU"]))
    return list(lines)


def show_product_part(state: DearState, product_id: str) -> Fields:
    product = state["product"].get(product_id)
    fields = product.fields if product else {"SKU": None, "Name": None}
    return {"ProductID": product_id, "SKU": fields["SKU"], "Name": fields["Name"]}


def show_lines(
    call: Call, document: Mapping[str, Any], lines: Sequence[Fields], *, hide: Sequence[str] = ()
) -> list[Fields]:
    """Priced lines on the wire."""
    how = manner(call.state.me, document, call.switches)
    hidden = {"ProductID", "Reference", *hide}
    return [
        {
            **show_product_part(call.state, line["ProductID"]),
            **{name: value for name, value in line.items() if name not in hidden},
            "Total": line["Total"] + line["Tax"] if how.shows_tax else line["Total"],
            **NOISE,
        }
        for line in ordered(call, lines)
    ]


def show_charges(
    call: Call, document: Mapping[str, Any], lines: Sequence[Fields], *, hide: Sequence[str] = ()
) -> list[Fields]:
    """Additional charges: service products under their name as Description."""
    how = manner(call.state.me, document, call.switches)
    hidden = {"ProductID", "Comment", "SupplierSKU", "AverageCost", *hide}
    return [
        {
            "Description": show_product_part(call.state, line["ProductID"])["Name"],
            **{name: value for name, value in line.items() if name not in hidden},
            "Total": line["Total"] + line["Tax"] if how.shows_tax else line["Total"],
        }
        for line in ordered(call, lines)
    ]


def show_parts(
    call: Call, document: Mapping[str, Any], part: Mapping[str, Any], *, hide: Sequence[str] = ()
) -> Fields:
    """Lines and AdditionalCharges of a part, merged into Lines when the call asks for it."""
    goods, charges = part["Lines"], part["AdditionalCharges"]
    if call.query.flag("CombineAdditionalCharges"):
        return {
            "Lines": show_lines(call, document, [*goods, *charges], hide=hide),
            "AdditionalCharges": [],
        }
    return {
        "Lines": show_lines(call, document, goods, hide=hide),
        "AdditionalCharges": show_charges(call, document, charges, hide=hide),
    }
