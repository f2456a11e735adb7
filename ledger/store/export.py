"""The journal as JSON lines, for other programs and for an archive: header, entries, footer.

Whoever has the file can check it alone: every entry carries its hash, and the footer the hash of
all lines before it.
"""

import hashlib
from typing import BinaryIO, Final

import msgspec

from ledger.model.encoding import encode
from ledger.store.ledger import Ledger
from ledger.store.payloads import named_payloads
from ledger.store.rows import JournalRow
from ledger.store.shadow import Progress
from ledger.store.views import Views

SCHEMA: Final = "trueup.ledger.export/1"
PAGE = 1000


class ExportSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The footer of an export."""

    entries: int
    head: str
    sha256: str
    """Of every line before the footer, line ends included."""


async def export(
    ledger: Ledger, out: BinaryIO, *, bodies: bool = False, progress: Progress | None = None
) -> ExportSummary:
    """Write the journal as it stands now; with ``bodies`` each line carries the bodies it names,
    and the entry once more with its sentences opened.

    A body that is JSON stands as it is, any other as base64 text; an erased one is ``null``.
    """
    total, head = await ledger.read(Views.head)
    hasher = hashlib.sha256()

    def write(line: bytes) -> None:
        hasher.update(line + b"\n")
        out.write(line + b"\n")

    write(encode({"schema": SCHEMA, "entries": total, "head": head, "bodies": bodies}))
    after = 0
    while after < total:
        limit = min(PAGE, total - after)
        page = await ledger.read(lambda views, a=after, n=limit: _page(views, a, n, bodies))  # type: ignore[misc]
        for line in page:
            write(line)
        after += len(page)
        if progress is not None:
            progress(after, total)
    summary = ExportSummary(entries=total, head=head, sha256=hasher.hexdigest())
    out.write(encode({"footer": summary}) + b"\n")
    return summary


def _page(views: Views, after: int, limit: int, bodies: bool) -> list[bytes]:
    return [_line(views, row, bodies) for row in views.entries(after, limit)]


def _line(views: Views, row: JournalRow, bodies: bool) -> bytes:
    line: dict[str, object] = {
        "seq": row.seq,
        "at": row.at,
        "actor": row.actor,
        "cycle": row.cycle,
        "entry": msgspec.Raw(row.stored),
        "hash": row.hash,
    }
    if bodies:
        line["told"] = row.entry
        line["bodies"] = {
            digest: _content(views.body(digest)) for digest in named_payloads(row.entry)
        }
    return msgspec.json.encode(line)


def _content(body: bytes | None) -> object:
    if body is None:
        return None
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError:
        return body
    return msgspec.Raw(body)
