"""Builders of document bodies, and what a suite of documents wants to know about the books."""

from decimal import Decimal
from typing import Any

from tests.daemon.sandbox.qbo.client import Answer, Client

PAYABLE = {"value": "33"}
PUMP, FOUNTAIN = "11", "5"
"""Tracked items of the sample company."""


def ref(value: Any) -> dict[str, str]:
    return {"value": str(value)}


def sale(item: str, amount: Any = None, **detail: Any) -> dict[str, Any]:
    line: dict[str, Any] = {
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": ref(item), **detail},
    }
    return line if amount is None else {**line, "Amount": amount}


def goods(item: str, qty: Any, price: Any, **detail: Any) -> dict[str, Any]:
    return {
        "DetailType": "ItemBasedExpenseLineDetail",
        "ItemBasedExpenseLineDetail": {
            "ItemRef": ref(item),
            "Qty": qty,
            "UnitPrice": price,
            **detail,
        },
    }


def expense(account: str, amount: Any, **detail: Any) -> dict[str, Any]:
    return {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": ref(account), **detail},
    }


def linked(line: dict[str, Any], order: dict[str, Any], line_id: str) -> dict[str, Any]:
    link = {"TxnId": order["Id"], "TxnType": "PurchaseOrder", "TxnLineId": line_id}
    return {**line, "LinkedTxn": [link]}


def settles(amount: Any, document: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": document["Id"], "TxnType": kind}]}


async def vendor(client: Client, name: str = "Seller", **fields: Any) -> dict[str, str]:
    return ref((await client.create("Vendor", DisplayName=name, **fields))["Id"])


async def customer(client: Client, name: str = "Buyer", **fields: Any) -> dict[str, str]:
    return ref((await client.create("Customer", DisplayName=name, **fields))["Id"])


async def order(client: Client, seller: dict[str, str], *lines: Any, **fields: Any) -> Any:
    return await client.create(
        "PurchaseOrder", VendorRef=seller, APAccountRef=PAYABLE, Line=list(lines), **fields
    )


async def bill(client: Client, seller: dict[str, str], *lines: Any, **fields: Any) -> Any:
    return await client.create("Bill", VendorRef=seller, Line=list(lines), **fields)


async def invoice(client: Client, buyer: dict[str, str], *lines: Any, **fields: Any) -> Any:
    return await client.create("Invoice", CustomerRef=buyer, Line=list(lines), **fields)


async def delete(client: Client, entity: str, record: dict[str, Any]) -> Answer:
    current = await client.read(entity, record["Id"])
    body = {"Id": current["Id"], "SyncToken": current["SyncToken"]}
    return await client.post(entity.lower(), body, operation="delete")


async def postings(client: Client) -> dict[str, dict[str, Decimal]]:
    """Amount per account of each posting, debits positive."""
    found: dict[str, dict[str, Decimal]] = {}
    for posting in (await client.control("state/posting")).body:
        accounts = found.setdefault(posting["Id"], {})
        for entry in posting["Entries"]:
            account = entry["AccountRef"]["value"]
            accounts[account] = accounts.get(account, Decimal(0)) + entry["Amount"]
        assert sum(accounts.values()) == 0, posting
    return found


async def balance(client: Client, account: str) -> Any:
    return (await client.read("Account", account))["CurrentBalance"]
