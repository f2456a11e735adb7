"""Webhooks of QuickBooks: what happened to which record, in either format, signed. No I/O.

Entities and operations are those of Intuit's table; what is not in it raises no notice.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import NAMESPACE_URL, uuid5

from daemon.sandbox.postman import Letter
from daemon.sandbox.qbo.switches import QboSwitches

Operation = Literal["Create", "Update", "Delete", "Merge", "Void"]

RETRIES: Final = (10.0, 20.0, 30.0, 300.0, 1200.0, 7200.0, 14_400.0, 21_600.0, *[21_600.0] * 4)
"""Seconds between tries; Intuit goes on every six hours and may then switch the endpoint off."""

_ALL: Final = frozenset({"Create", "Update", "Delete", "Merge", "Void"})
_LISTS: Final = _ALL - {"Void"}
_UNVOIDED: Final = frozenset({"Create", "Update", "Delete"})
TABLE: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("Account", "Class", "Customer", "Item", "Vendor"), _LISTS),
    "PaymentMethod": frozenset({"Create", "Update", "Merge"}),
    "Term": frozenset({"Create", "Update"}),
    "Preferences": frozenset({"Update"}),
    **dict.fromkeys(("Bill", "PurchaseOrder", "VendorCredit"), _UNVOIDED),
    **dict.fromkeys(("BillPayment", "CreditMemo", "Invoice", "Payment"), _UNVOIDED | {"Void"}),
}
"""Operations of each entity that raise a notice."""
_WORDS: Final = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Merge": "merged",
    "Void": "voided",
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a record."""

    entity: str
    id: str
    operation: Operation
    at: datetime
    """To the microsecond; the old format tells whole seconds."""
    deleted: str = ""
    """Id of the record that was merged into this one."""


def raises_notice(entity: str, operation: str) -> bool:
    return operation in TABLE.get(entity, frozenset())


def letters(events: Sequence[Event], realm: str, switches: QboSwitches) -> list[Letter]:
    """All of it in one letter, in the format and with the signature of now."""
    old = switches.webhook_format == "notifications"
    told = _notifications(events, realm) if old else _cloud_events(events, realm)
    body = json.dumps(told, separators=(",", ":")).encode()
    return [signed(body, url=switches.webhook_url, token=switches.webhook_token)]


def signed(body: bytes, *, url: str, token: str) -> Letter:
    """The letter that Intuit would send of this body."""
    mark = b64encode(hmac.digest(token.encode(), body, hashlib.sha256)).decode()
    headers = {"Content-Type": "application/json", "intuit-signature": mark}
    return Letter(url, headers, body)


def _notifications(events: Sequence[Event], realm: str) -> Any:
    entities = []
    for event in events:
        entity = {"name": event.entity, "id": event.id, "operation": event.operation}
        if event.deleted:
            entity["deletedId"] = event.deleted
        stamp = f"{event.at:%Y-%m-%dT%H:%M:%S}.000Z"
        entities.append({**entity, "lastUpdated": stamp})
    notification = {"realmId": realm, "dataChangeEvent": {"entities": entities}}
    return {"eventNotifications": [notification]}


def _cloud_events(events: Sequence[Event], realm: str) -> Any:
    source = b64encode(hashlib.sha256(realm.encode()).digest()).decode()
    return [
        {
            "specversion": "1.0",
            "id": str(uuid5(NAMESPACE_URL, f"{realm}/{event}")),
            "source": f"intuit.{source}",
            "type": f"qbo.{event.entity.lower()}.{_WORDS[event.operation]}.v1",
            "datacontenttype": "application/json",
            "time": f"{event.at:%Y-%m-%dT%H:%M:%S.%f}000Z",
            "intuitentityid": event.id,
            "intuitaccountid": realm,
            "data": {"deletedId": event.deleted} if event.deleted else {},
        }
        for event in events
    ]
