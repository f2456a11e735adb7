"""What a notice says, as far as it matters: which kinds moved, in the company that is ours. Pure.

Ids, operations and times are not taken over: nobody may believe them, so nobody gets to see them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ledger.model.ids import Kind

QBO_KINDS: Mapping[str, Kind] = {
    "account": Kind.ACCOUNT,
    "bill": Kind.BILL,
    "billpayment": Kind.BILL_PAYMENT,
    "class": Kind.CLASS,
    "creditmemo": Kind.CREDIT_MEMO,
    "customer": Kind.CUSTOMER,
    "estimate": Kind.ESTIMATE,
    "invoice": Kind.INVOICE,
    "item": Kind.ITEM,
    "journalentry": Kind.JOURNAL_ENTRY,
    "payment": Kind.PAYMENT,
    "paymentmethod": Kind.PAYMENT_METHOD,
    "purchaseorder": Kind.PURCHASE_ORDER,
    "refundreceipt": Kind.REFUND,
    "term": Kind.TERM,
    "timeactivity": Kind.TIME_ACTIVITY,
    "vendor": Kind.VENDOR,
    "vendorcredit": Kind.VENDOR_CREDIT,
}
"""Entities of QuickBooks' notices, in lower case."""
CLOUD_EVENT = ("qbo", "v1")
"""First and last word of ``qbo.customer.created.v1``."""
DEAR_LISTS: Mapping[str, frozenset[Kind]] = {
    "NumberOfPurchase": frozenset({Kind.PURCHASE_ORDER, Kind.BILL}),
    "PurchaseOrderNumber": frozenset({Kind.PURCHASE_ORDER, Kind.BILL}),
    "SupplierDetailsList": frozenset({Kind.VENDOR}),
    "ProductDetailsList": frozenset({Kind.ITEM}),
    "SaleID": frozenset({Kind.INVOICE}),
    "SaleTaskID": frozenset({Kind.INVOICE}),
    "SaleOrderNumber": frozenset({Kind.INVOICE}),
    "CustomerDetailsList": frozenset({Kind.CUSTOMER}),
}
"""Keys that give an event of DEAR away, the surest first: purchases too come in a
``CustomerDetailsList``."""


class NotUnderstood(Exception):
    """It is signed, and still not in a form that is known."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What one notice comes to."""

    kinds: frozenset[Kind] = frozenset()
    """Kinds of records that moved in our company."""
    ignored: int = 0
    """Events about what is not read here."""
    elsewhere: int = 0
    """Events of other companies that use the same Intuit app."""


def read_qbo(body: bytes, realm: str, followed: frozenset[Kind]) -> Heard:
    """Both formats: ``eventNotifications``, and a list of CloudEvents. ``NotUnderstood``."""
    kinds: set[Kind] = set()
    ignored = elsewhere = 0
    for company, entity in _events(_decoded(body)):
        kind = QBO_KINDS.get(entity.lower())
        if company != realm:
            elsewhere += 1
        elif kind is None or kind not in followed:
            ignored += 1
        else:
            kinds.add(kind)
    return Heard(kinds=frozenset(kinds), ignored=ignored, elsewhere=elsewhere)


def read_dear(body: bytes, followed: frozenset[Kind]) -> Heard:
    """DEAR says neither company nor event in one place: its keys give the kind away.

    ``NotUnderstood`` when it is no JSON. Bare lists (stock levels, overdue tasks) are ignored.
    """
    told = _decoded(body)
    if not isinstance(told, dict):
        return Heard(ignored=1)
    for key, kinds in DEAR_LISTS.items():
        if key in told:
            mine = kinds & followed
            return Heard(kinds=mine, ignored=0 if mine else 1)
    return Heard(ignored=1)


def _events(told: Any) -> Iterator[tuple[str, str]]:
    """Company and entity of every event."""
    if isinstance(told, dict) and isinstance(told.get("eventNotifications"), list):
        for notification in told["eventNotifications"]:
            yield from _old(notification)
        return
    events = [told] if isinstance(told, dict) else told
    if not isinstance(events, list) or not all(_is_cloud_event(event) for event in events):
        raise NotUnderstood
    for event in events:
        words = event["type"].split(".")
        is_known = len(words) == 4 and (words[0], words[3]) == CLOUD_EVENT
        yield _text(event.get("intuitaccountid")), words[1] if is_known else ""


def _old(notification: Any) -> Iterator[tuple[str, str]]:
    change = notification.get("dataChangeEvent") if isinstance(notification, dict) else None
    entities = change.get("entities") if isinstance(change, dict) else None
    if not isinstance(entities, list):
        raise NotUnderstood
    for entity in entities:
        name = entity.get("name") if isinstance(entity, dict) else None
        yield _text(notification.get("realmId")), _text(name)


def _is_cloud_event(event: Any) -> bool:
    return (
        isinstance(event, dict)
        and isinstance(event.get("specversion"), str)
        and isinstance(event.get("type"), str)
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotUnderstood from error
