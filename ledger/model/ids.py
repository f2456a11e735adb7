"""Identifiers: systems, kinds, references and ids derived by hashing (never random)."""

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
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
        return f"{self.system}/{self.kind!s}/{self.id}"  # a word already: no look for its value


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(one + other for one in _LETTERS for other in _LETTERS)
"""What ten bits are in lower-case base32."""
_BITS = 260
"""Of a SHA-256 filled up with zeros to whole pairs of letters."""
_MOST_LETTERS = 52
_SIZED = 128
_SIZES = tuple(size.to_bytes(8, "big") for size in range(_SIZED))
"""Lengths of most parts, as they stand before each."""
_LENGTHS = tuple(size.decode("ascii") for size in _SIZES)


def derive(*parts: str, length: int = 16) -> str:
    """Lower-case base32 text of a SHA-256 over the length-prefixed parts, cut to ``length``."""
    # Ten bits make two letters: only those that are kept are encoded.
    bits = (min(length, _MOST_LETTERS) + 1) // 2 * 10
    number = int.from_bytes(hashlib.sha256(_prefixed(parts)).digest(), "big") << 4 >> _BITS - bits
    return "".join([_PAIRS[number >> at & 1023] for at in range(bits - 10, -1, -10)])[:length]


def _prefixed(parts: tuple[str, ...]) -> bytes:
    try:
        # Short ASCII, where a letter is a byte, is put together as text: half the time.
        return "".join([_LENGTHS[len(part)] + part for part in parts]).encode("ascii")
    except (IndexError, UnicodeEncodeError):
        told = (part.encode() for part in parts)
        return b"".join(len(data).to_bytes(8, "big") + data for data in told)


def own_ids(ref: ExternalRef) -> Iterator[RecordId]:
    """The ids that a reference may have by itself, in the order in which they are taken: the first
    may belong to a record that it opened and has left."""
    yield record_id(ref)
    for attempt in count(1):
        own = derive(ref.system, ref.kind.value, ref.id, str(attempt), length=12)
        yield RecordId(f"{ref.kind.value}-{own}")


def record_id(ref: ExternalRef) -> RecordId:
    """The record that a reference opens when it is first seen; linking may join it to another."""
    kind, data = ref.kind.value, ref.id.encode()
    size = len(data)
    sized = _SIZES[size] if size < _SIZED else size.to_bytes(8, "big")
    digest = hashlib.sha256(b"%b%b%b" % (_begun(ref.system, kind), sized, data)).digest()
    # ``derive`` with the length of 12, unrolled: it is asked for with every reference.
    n, two = int.from_bytes(digest[:8], "big"), _PAIRS
    own = (
        f"{two[n >> 54]}{two[n >> 44 & 1023]}{two[n >> 34 & 1023]}"
        f"{two[n >> 24 & 1023]}{two[n >> 14 & 1023]}{two[n >> 4 & 1023]}"
    )
    return RecordId(f"{kind}-{own}")


@lru_cache(maxsize=256)
def _begun(system: str, kind: str) -> bytes:
    """What is hashed of every reference of a kind."""
    parts = [part.encode() for part in (system, kind)]
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)
