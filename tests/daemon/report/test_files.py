"""The formats that need no browser: CSV, JSON and text."""

import csv
import hashlib
import io
import json
import re
from decimal import Decimal

import msgspec
import pytest

from daemon.control.text import FORMULA, cell, cells, clean
from daemon.report.collect import Lines, ReportBroken, parse_record, parse_summary
from daemon.report.figures import day, moment, money, signed
from daemon.report.sheet import COLUMNS
from daemon.report.terminal import lines
from daemon.report.words import MEANINGS, TITLES
from tests.daemon.report.worlds import (
    AS_OF,
    HOSTILE,
    collected,
    every_line,
    injected,
    reconciled,
    written,
)

AMOUNT = re.compile(r"-?\d+\.\d{2,}")


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_csv_has_one_row_for_each_record() -> None:
    world = [*every_line(), injected()]
    data, writing = written(world, "csv")
    rows = rows_of(data)
    summary, records = reconciled(world)
    assert len(rows) == len(records) == summary.records
    assert tuple(rows[0]) == COLUMNS
    for row, line in zip(rows, records, strict=True):
        record = parse_record(line.encode())
        assert (row["record"], row["line"]) == (record.record, record.section)
        assert row["source_total"] == (record.source_total or "")
        assert row["difference"] == record.difference
        assert AMOUNT.fullmatch(row["difference"]), "a number, whatever its sign"
    assert writing.manifest["file"]["rows"] == len(rows)


def test_csv_adds_up_to_the_statements() -> None:
    world = [*every_line(), injected()]
    rows = rows_of(written(world, "csv")[0])
    for one in reconciled(world)[0].statements:
        mine = [r for r in rows if (r["kind"], r["currency"]) == (one.kind, one.currency)]
        inside = [r for r in mine if r["line"] not in ("early", "not_counted")]
        for column, total in (("source_total", one.source_total), ("books_total", one.books_total)):
            assert sum(Decimal(r[column] or 0) for r in inside) == Decimal(total)


def test_csv_is_rfc_4180_and_its_manifest_proves_it() -> None:
    data, writing = written(every_line(), "csv")
    assert data.endswith(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    manifest = writing.manifest
    assert manifest["file"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert manifest["report"]["head_hash"] == reconciled([])[0].head_hash
    assert manifest["report"]["statements"][0]["source_total"]
    json.dumps(manifest)


def test_a_byte_order_mark_only_when_asked_for() -> None:
    assert not written(every_line(), "csv")[0].startswith(b"\xef\xbb\xbf")
    data, writing = written(every_line(), "csv", bom=True)
    assert data.startswith(b"\xef\xbb\xbfkind,")
    assert writing.manifest["file"]["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_is_a_formula_and_none_acts(name: str) -> None:
    rows = rows_of(written(every_line(), "csv")[0])
    (row,) = [r for r in rows if r["number"].removeprefix("'") == clean(name)]
    for column in ("number", "party"):
        assert not row[column].startswith(FORMULA)
        assert row[column].removeprefix("'") == clean(name)
        assert row[column].isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("\t=1", "'\\t=1"),
        ("\r1", "'\\r1"),
        ("O'Brien", "O'Brien"),
        ("-", "'-"),
        ("a=b", "a=b"),
    ],
)
def test_what_a_spreadsheet_would_calculate_is_text(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_json_is_the_summary_with_every_record() -> None:
    world = [*every_line(), injected()]
    summary, records = reconciled(world)
    told = json.loads(written(world, "json")[0])
    assert told["report"] == "trueup.reconciliation/1"
    assert told.pop("items") == [json.loads(line) for line in records]
    assert told == json.loads(msgspec.json.encode(summary).decode())


def test_json_without_records_is_json_too() -> None:
    assert json.loads(written([], "json")[0])["items"] == []


def test_money_is_text_wherever_it_stands() -> None:
    def floats(value: object) -> list[object]:
        if isinstance(value, dict):
            return [found for one in value.values() for found in floats(one)]
        if isinstance(value, list):
            return [found for one in value for found in floats(one)]
        return [value] if isinstance(value, float) else []

    assert floats(json.loads(written(every_line(), "json")[0])) == []


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_text_fits_the_terminal(width: int) -> None:
    shown = list(lines(collected([*every_line(), injected()]), width=width))
    assert max(map(cells, shown)) <= max(60, min(width, 120))
    assert all(line.isprintable() for line in shown)
    assert any("Unexplained" in line and "!! -40.00" in line for line in shown)
    assert any("B-900" in line for line in shown)
    assert "UNEXPLAINED: 1 document." in " ".join(shown)


def test_text_without_anything_unexplained_says_so() -> None:
    shown = list(lines(collected(every_line()), width=100))
    assert "Unexplained: none. Source total + differences = books total, to the cent." in shown
    assert not any("!!" in line for line in shown)


def test_the_page_and_the_text_have_words_for_every_line() -> None:
    assert TITLES.keys() == MEANINGS.keys()


@pytest.mark.parametrize(
    ("amount", "plain", "with_sign"),
    [
        ("1234567.5", "1,234,567.5", "+1,234,567.5"),
        ("-0.01", "\u22120.01", "\u22120.01"),
        ("0.00", "0.00", "0.00"),
    ],
)
def test_figures_as_a_reader_sees_them(amount: str, plain: str, with_sign: str) -> None:
    assert (money(amount), signed(amount)) == (plain, with_sign)


def test_days_and_moments() -> None:
    assert (day("2026-10-05"), day("soon"), day("")) == ("5 Oct 2026", "soon", "")
    assert moment(AS_OF) == "4 November 2026, 09:30 UTC"


def test_lines_are_cut_wherever_chunks_end() -> None:
    cut = Lines()
    found = [line for chunk in (b"a", b"b\nc", b"\n\nd", b"\n") for line in cut.feed(chunk)]
    assert found == [b"ab", b"c", b"", b"d"]


def test_words_of_another_version_are_refused() -> None:
    with pytest.raises(ReportBroken, match="does not know"):
        parse_summary(b"{}")
    with pytest.raises(ReportBroken, match="cannot be read"):
        parse_record(b"[]")
