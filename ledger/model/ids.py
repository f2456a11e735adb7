"""Identifiers: systems, kinds, references and ids derived by hashing (never random)."""

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from itertools import count
from typing import NewType

import msgspec

SystemName = NewType("SystemName", str)
"""Name of a connected system as configured: ``"qbo"``, ``"dear"``."""
RecordId = NewType("RecordId", str)
"""Our own id of one thing, whatever systems show it: ``"item-k3v7c2…"``."""
OperationId = NewType("OperationId", str)
RequestId = NewType("RequestId", str)
Digest = NewType("Digest", str)
"""Hex text of a hash. Digests of contents in the ledger are keyed (HMAC)."""


class Kind(StrEnum):
    """A type of record, in the field's own words."""

    ACCOUNT = "account"
    TAX_CODE = "tax_code"
    TERM = "term"
    CLASS = "class"
    PAYMENT_METHOD = "payment_method"
    VENDOR = "vendor"
    CUSTOMER = "customer"
    ITEM = "item"
    PURCHASE_ORDER = "purchase_order"
    BILL = "bill"
    VENDOR_CREDIT = "vendor_credit"
    BILL_PAYMENT = "bill_payment"
    ESTIMATE = "estimate"
    SALES_ORDER = "sales_order"
    INVOICE = "invoice"
    CREDIT_MEMO = "credit_memo"
    PAYMENT = "payment"
    REFUND = "refund"
    JOURNAL_ENTRY = "journal_entry"
    TIME_ACTIVITY = "time_activity"
    INVENTORY_ADJUSTMENT = "inventory_adjustment"


REFERENCE_KINDS = (Kind.ACCOUNT, Kind.TAX_CODE, Kind.TERM, Kind.CLASS, Kind.PAYMENT_METHOD)
"""Owned by the books."""
MASTER_KINDS = (Kind.VENDOR, Kind.CUSTOMER, Kind.ITEM)
"""Both ways, field by field."""
DOCUMENT_KINDS = (Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE)
"""Documents in sync: each is owned by the source and rendered for the books."""


class ExternalRef(msgspec.Struct, frozen=True, order=True):
    """The id of one record in one system."""

    system: SystemName
    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.system}/{self.kind.value}/{self.id}"


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(one + other for one in _LETTERS for other in _LETTERS)
"""What ten bits are in lower-case base32."""
_BITS = 260
"""Of a SHA-256 filled up with zeros to whole pairs of letters."""
_MOST_LETTERS = 52


def derive(*parts: str, length: int = 16) -> str:
    """Lower-case base32 text of a SHA-256 over the length-prefixed parts, cut to ``length``."""
    told = [len(data := part.encode()).to_bytes(8, "big") + data for part in parts]
    digest = hashlib.sha256(b"".join(told)).digest()
    # Ten bits make two letters: only those that are kept are encoded.
    bits = (min(length, _MOST_LETTERS) + 1) // 2 * 10
    number = int.from_bytes(digest, "big") << 4 >> _BITS - bits
    return "".join([_PAIRS[number >> at & 1023] for at in range(bits - 10, -1, -10)])[:length]


def own_ids(ref: ExternalRef) -> Iterator[RecordId]:
    """The ids that a reference may have by itself, in the order in which they are taken: the first
    may belong to a record that it opened and has left."""
    yield record_id(ref)
    for attempt in count(1):
        own = derive(ref.system, ref.kind.value, ref.id, str(attempt), length=12)
        yield RecordId(f"{ref.kind.value}-{own}")


def record_id(ref: ExternalRef) -> RecordId:
    """The record that a reference opens when it is first seen; linking may join it to another."""
    return RecordId(f"{ref.kind.value}-{derive(ref.system, ref.kind.value, ref.id, length=12)}")
