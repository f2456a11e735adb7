"""Endpoints that the real system has and this twin does not imitate: refused by name."""

from typing import Final

_TREES: Final = (
    "advanced-purchase",
    "crm",
    "disassembly",
    "finishedgoods",
    "product/attachments",
    "productfamily/attachments",
    "production",
    "purchase",
    "reference",
    "ref/customer",
    "ref/supplier",
    "sale",
    "stockadjustment",
    "stocktake",
    "stocktransfer",
)
_ENDPOINTS: Final = frozenset(
    {
        "banktransfer",
        "custom-prices",
        "disassemblylist",
        "finishedgoodslist",
        "inventorywriteoff",
        "inventorywriteofflist",
        "journal",
        "me/addresses",
        "moneyoperation",
        "moneytasklist",
        "product-suppliers",
        "purchasecreditnotelist",
        "purchaselist",
        "ref/fixedassettype",
        "ref/markupprices",
        "ref/templates",
        "salecreditnotelist",
        "salelist",
        "stockadjustmentlist",
        "stocktakelist",
        "stocktransferlist",
        "transactions",
        "webhooks",
    }
)


def is_known(tail: str) -> bool:
    """Whether the real system has this path; ``tail`` is the path below the base, in lower case."""
    if tail in _ENDPOINTS or tail in _TREES:
        return True
    return any(tail.startswith(f"{tree}/") for tree in _TREES)
