"""The report as CSV: one row for each record, safe to open in a spreadsheet.

RFC 4180: CRLF, quotes doubled. A text that a spreadsheet would take for a formula gets an
apostrophe in front; amounts are plain decimals, so that they stay numbers.
"""

import csv
import hashlib
import io
from typing import Any

import msgspec

from daemon.control.protocol_report import RecordShown, ReportSummary
from daemon.control.text import cell
from daemon.report.words import line_title

MANIFEST_SCHEMA = "trueup.reconciliation.manifest/1"
BOM = b"\xef\xbb\xbf"
COLUMNS = (
    "kind",
    "currency",
    "line",
    "line_title",
    "detail",
    "reason",
    "number",
    "party",
    "source_date",
    "books_date",
    "source_total",
    "books_total",
    "difference",
    "explanation",
    "set_aside_by",
    "open_since",
    "written_after_period",
    "also_open",
    "record",
    "source_ref",
    "books_ref",
    "source_entry",
    "books_entry",
    "reason_entry",
)


class Sheet:
    """Rows as bytes, with their hash."""

    def __init__(self, *, bom: bool = False) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()
        self._bom = bom

    def head(self) -> bytes:
        return self._noted((BOM if self._bom else b"") + _line(COLUMNS))

    def row(self, one: RecordShown) -> bytes:
        self.rows += 1
        return self._noted(_line(_cells(one)))

    def manifest(self, name: str, summary: ReportSummary) -> dict[str, Any]:
        """What is needed to prove later that the file is the one that was made."""
        return {
            "schema": MANIFEST_SCHEMA,
            "file": {
                "name": name,
                "sha256": self._digest.hexdigest(),
                "rows": self.rows,
                "columns": list(COLUMNS),
            },
            "report": msgspec.to_builtins(summary),
        }

    def _noted(self, data: bytes) -> bytes:
        self._digest.update(data)
        return data


def _cells(one: RecordShown) -> tuple[str, ...]:
    return (
        one.kind,
        cell(one.currency),
        one.section,
        line_title(one),
        one.detail,
        one.reason,
        cell(one.number),
        cell(one.party),
        cell(one.source_date),
        cell(one.books_date),
        one.source_total or "",
        one.books_total or "",
        one.difference,
        cell(one.text),
        cell(one.by),
        one.since,
        one.late,
        cell(one.open_besides),
        one.record,
        cell(one.source_ref),
        cell(one.books_ref),
        _entry(one.source_seq),
        _entry(one.books_seq),
        _entry(one.seq),
    )


def _entry(seq: int) -> str:
    return str(seq) if seq else ""


def _line(cells: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()
