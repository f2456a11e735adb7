"""One report from its lines to a file: whatever the format, records pass through singly.

Pure but for the file that it is given. The file is complete once ``close`` has returned.
"""

import json
import shutil
import tempfile
from typing import IO, Any, BinaryIO, Literal, Self

import msgspec

from daemon.control.protocol_report import ReportSummary
from daemon.report.collect import Collected, ReportBroken, parse_record, parse_summary
from daemon.report.page import page
from daemon.report.sheet import Sheet
from daemon.report.terminal import lines

Form = Literal["table", "csv", "json", "html"]
FILE_WIDTH = 100
"""Columns of a table in a file."""


class Writing:
    """Takes the lines of one report and writes it to ``out``; used in a ``with``."""

    def __init__(self, out: BinaryIO, form: Form, *, keep: int, bom: bool = False) -> None:
        self.form = form
        self.manifest: dict[str, Any] = {}
        """Of a CSV file, once it is complete."""
        self._out = out
        self._keep = keep
        self._sheet = Sheet(bom=bom)
        self._collected: Collected | None = None
        self._records: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # until ``__exit__``

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._records.close()

    def take(self, line: bytes) -> None:
        """One line of the stream: the summary first, then records."""
        if self._collected is None:
            self._begin(parse_summary(line))
            return
        record = parse_record(line)
        self._collected.add(record)
        if self.form == "csv":
            self._out.write(self._sheet.row(record))
        elif self.form == "json":
            self._records.write((b",\n" if self._collected.records > 1 else b"") + b"    " + line)

    def _begin(self, summary: ReportSummary) -> None:
        self._collected = Collected(summary, keep=self._keep)
        if self.form == "csv":
            self._out.write(self._sheet.head())

    def close(self, name: str) -> Collected:
        """Prove the figures and finish the file. Raises ``ReportBroken``."""
        collected = self._collected
        if collected is None:
            raise ReportBroken("the report is empty", cure="make it again; see the daemon's log")
        collected.close()
        match self.form:
            case "csv":
                self.manifest = self._sheet.manifest(name, collected.summary)
            case "json":
                self._write_json(collected.summary)
            case "html":
                self._out.writelines(part.encode() for part in page(collected))
            case "table":
                text = lines(collected, width=FILE_WIDTH)
                self._out.writelines(f"{line}\n".encode() for line in text)
        return collected

    def _write_json(self, summary: ReportSummary) -> None:
        told = msgspec.to_builtins(summary)
        head = json.dumps(told, indent=2, ensure_ascii=False).removesuffix("\n}")
        self._out.write(f'{head},\n  "items": [\n'.encode())
        self._records.seek(0)
        shutil.copyfileobj(self._records, self._out)
        self._out.write(b"\n  ]\n}\n")
