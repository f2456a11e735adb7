"""Bodies that lie beside the chain: how an observation is packed, and which bodies entries name."""

import base64
import binascii

import msgspec

from ledger.model import entries
from ledger.model.encoding import encode
from ledger.model.entries import Entry
from ledger.model.facts import Observation
from ledger.model.ids import Digest
from ledger.model.records import Record


class StoredObservation(msgspec.Struct, frozen=True, kw_only=True):
    """The body of ``Observed``, ``VersionMoved`` and ``Confirmed``: canonical and wire form."""

    record: Record
    raw: bytes = b""
    """The wire's own bytes, exactly as they came; ``b""`` when none were kept."""


class _Inline(msgspec.Struct, frozen=True, kw_only=True):
    """As stored: wire JSON stands inside as it is, readable; anything else as base64 text."""

    record: Record
    raw: msgspec.Raw = msgspec.Raw(b'""')


class _Recorded(msgspec.Struct, frozen=True):
    """The record alone; the wire form is passed over."""

    record: Record


_recorded: msgspec.json.Decoder[_Recorded] = msgspec.json.Decoder(_Recorded)
_decoder: msgspec.json.Decoder[_Inline] = msgspec.json.Decoder(_Inline)
_anything: msgspec.json.Decoder[msgspec.Raw] = msgspec.json.Decoder(msgspec.Raw)


def pack(observation: Observation) -> bytes:
    """The body of an observation."""
    return pack_record(observation.record, observation.raw)


def pack_record(record: Record, raw: bytes = b"") -> bytes:
    if _is_json_object(raw):
        return encode(_Inline(record=record, raw=msgspec.Raw(raw)))
    return encode(StoredObservation(record=record, raw=raw))


def unpack(body: bytes) -> StoredObservation:
    """What ``pack`` was given; ``msgspec.DecodeError`` for any other body."""
    stored = _decoder.decode(body)
    raw = bytes(stored.raw)
    if raw.startswith(b'"'):
        try:
            raw = base64.b64decode(msgspec.json.decode(raw, type=str), validate=True)
        except binascii.Error as error:
            raise msgspec.DecodeError("the wire form in this body is not base64") from error
    return StoredObservation(record=stored.record, raw=raw)


def record_in(body: bytes) -> Record:
    """The record that ``pack`` was given; ``msgspec.DecodeError`` for any other body."""
    return _recorded.decode(body).record


def _is_json_object(raw: bytes) -> bool:
    if not (raw.startswith(b"{") and raw.endswith(b"}")):
        return False
    try:
        _anything.decode(raw)
    except msgspec.DecodeError:
        return False
    return True


_PERHAPS_NONE = (entries.Confirmed, entries.ConflictResolved)
"""A write may be confirmed by a removal, and the value of a system be chosen: nothing is shown."""


def named_payloads(entry: Entry) -> tuple[Digest, ...]:
    """The bodies an entry names; an entry without them is refused at the append."""
    if type(entry) is entries.BaselineAdvanced:
        return tuple(entry.images.values())
    payload: Digest | None = getattr(entry, "payload", None)
    if payload is None or (not payload and isinstance(entry, _PERHAPS_NONE)):
        return ()
    return (payload,)
