"""What entries say in a sentence (evidence, reasons, refusals) names records, so it is sealed too.

Sealed inside the entry, before it is chained: the chain is over what lies on disk. Words that the
program chose itself stay as they are, and so does who did what.
"""

import base64
import binascii
import re
from typing import Any

import msgspec

from ledger.model.encoding import encode
from ledger.model.entries import Entry, KeyDestroyed, Linked, Quarantined, Refused, Released
from ledger.store.sealing import Seal, Torn

MARK = "sealed:"
_IN_JSON = b'"sealed:'
_NAMES = ("evidence", "message", "text", "reason", "note", "cure")
_OURS = re.compile(r"[a-z0-9_]*")
"""Slugs of rules and codes."""
_READABLE: tuple[type, ...] = (KeyDestroyed, Refused)
"""Of no record, and to be read when the key is gone."""
_entries: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)
_NOT_FOLDED: tuple[type, ...] = (Linked, Released)
"""Nothing of their sentences goes into a table, and there are as many of them as records."""
_fields: dict[type, tuple[str, ...]] = {}


def closed(entry: Entry, seal: Seal) -> Entry:
    """The entry as it is chained."""
    changed: dict[str, Any] = {
        name: _closed(text, seal)
        for name in _sentences(type(entry))
        if not _OURS.fullmatch(text := getattr(entry, name))
    }
    if type(entry) is Quarantined:
        problem = entry.problem
        changed["problem"] = msgspec.structs.replace(
            problem, message=_closed(problem.message, seal), cure=_closed(problem.cure, seal)
        )
    return msgspec.structs.replace(entry, **changed) if changed else entry


def opened(entry: Entry, seal: Seal) -> Entry:
    """The entry as it was said. A sentence that cannot be opened stays as it is."""
    changed: dict[str, Any] = {
        name: _opened(text, seal)
        for name in _sentences(type(entry))
        if (text := getattr(entry, name)).startswith(MARK)
    }
    if type(entry) is Quarantined:
        problem = entry.problem
        changed["problem"] = msgspec.structs.replace(
            problem, message=_opened(problem.message, seal), cure=_opened(problem.cure, seal)
        )
    return msgspec.structs.replace(entry, **changed) if changed else entry


def entry_in(body: bytes, seal: Seal | None) -> Entry:
    """The entry in a row of the journal, as it was said."""
    entry = _entries.decode(body)
    return entry if seal is None or _IN_JSON not in body else opened(entry, seal)


def entry_to_fold(body: bytes, seal: Seal | None) -> Entry:
    """The same, without the sentences that no table keeps."""
    entry = _entries.decode(body)
    if seal is None or _IN_JSON not in body or isinstance(entry, _NOT_FOLDED):
        return entry
    return opened(entry, seal)


def told(body: bytes, seal: Seal) -> bytes:
    """The bytes of an entry as it was said: ``told(body)`` of the statements."""
    return body if _IN_JSON not in body else encode(entry_in(body, seal))


def _sentences(kind: type) -> tuple[str, ...]:
    known = _fields.get(kind)
    if known is None:
        names = () if kind in _READABLE else _NAMES
        known = tuple(name for name in names if name in kind.__struct_fields__)  # type: ignore[attr-defined]
        _fields[kind] = known
    return known


def _closed(text: str, seal: Seal) -> str:
    if not text:
        return text
    return MARK + base64.urlsafe_b64encode(seal.close_text(text.encode())).decode()


def _opened(text: str, seal: Seal) -> str:
    if not text.startswith(MARK):
        return text
    try:
        return seal.open_text(base64.urlsafe_b64decode(text[len(MARK) :])).decode()
    except (Torn, binascii.Error, ValueError):
        return text  # of a version that sealed nothing
