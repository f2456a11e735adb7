"""Worlds of documents for reports, and the report of a world as the daemon would send it."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from daemon.control.periods import parse_period
from daemon.control.protocol_report import MasterShown, ReportSummary, SystemNamed
from daemon.control.reconciliation import OPEN, Reconciliation, Section
from daemon.control.report_shapes import counted, shown_ages, shown_record, shown_statements
from daemon.control.totals import Rules
from daemon.report.collect import Collected, parse_record
from daemon.report.writing import Form, Writing
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.model.plans import Action
from ledger.store.rows import DocumentHold, DocumentRow, DocumentSide, DocumentWork

QBO, DEAR = SystemName("qbo"), SystemName("dear")
AS_OF = datetime(2026, 11, 4, 9, 30, tzinfo=UTC)
RULES = Rules(
    books=QBO,
    home_currency="USD",
    since=dict.fromkeys((Kind.BILL, Kind.INVOICE, Kind.PURCHASE_ORDER), "2026-01-01"),
    tolerance=dict.fromkeys((Kind.BILL, Kind.INVOICE, Kind.PURCHASE_ORDER), Decimal("0.01")),
    first="2026-10-01",
    last="2026-10-31",
)
NAMES = {"vendor-a": "Sierra Bolts & Nuts", "vendor-b": "Cascade Castings"}
HOSTILE = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror="window.pwned=1">',
    "\u202egnp.exe\u202c Ltd",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "-2+3",
    "\tTab",
    "\uff1d1+1",
    "</style><style>*{display:none}</style>",
    "javascript:alert(1)",
    "\x1b[31mred\x1b[0m",
    "Mu\u0308ller & S\u00f6hne \u65e5\u672c",
)


def side(
    system: SystemName, total: str | None = "100.00", *, date: str = "2026-10-10", **more: object
) -> DocumentSide:
    values: dict[str, object] = {
        "ref": ExternalRef(system, Kind.BILL, "1"),
        "number": "B-1",
        "date": date,
        "currency": "USD",
        "status": "open",
        "total": None if total is None else Decimal(total),
        "tax_total": Decimal("0.00"),
        "party_record": RecordId("vendor-a"),
        "seq": 7 if system == DEAR else 8,
    }
    return DocumentSide(**(values | more))  # type: ignore[arg-type]


def document(
    number: int, *sides: DocumentSide, kind: Kind = Kind.BILL, **more: object
) -> DocumentRow:
    record = RecordId(f"{kind.value}-{number:04}")
    return DocumentRow(
        record=record,
        kind=kind,
        sides={one.ref.system: _of_kind(one, kind) for one in sides},
        **more,  # type: ignore[arg-type]
    )


def _of_kind(one: DocumentSide, kind: Kind) -> DocumentSide:
    ref = ExternalRef(one.ref.system, kind, one.ref.id)
    return msgspec.structs.replace(one, ref=ref)


def hold(code: HoldCode, field: str = "total", text: str = "") -> DocumentHold:
    return DocumentHold(
        code=code,
        text=text or f"because of {code.value}",
        field=field,
        since="2026-10-20T08:00:00.000000Z",
        seq=40,
    )


def work(state: str = "waiting", reason: str = "first_plan") -> DocumentWork:
    return DocumentWork(
        action=Action.CREATE,
        system=QBO,
        state=state,
        reason=reason,
        text="the first plan waits for a person",
        since="2026-08-01T08:00:00.000000Z",
        seq=41,
    )


def every_line() -> list[DocumentRow]:
    """One document, or a few, for each line that a statement may have."""
    rows = [
        document(1, side(DEAR, "1250.00", number="B-1"), side(QBO, "1250.00", number="B-1")),
        document(2, side(DEAR, "310.40", number="B-2"), work=(work(),)),
        document(3, side(DEAR, "75.10"), work=(work("approved", ""),)),
        document(
            4,
            side(DEAR, "82.25", number="B-4"),
            holds=(hold(HoldCode.MISSING_REFERENCE, "vendor"),),
        ),
        document(5, side(DEAR), side(QBO, "98.80"), holds=(hold(HoldCode.DISCREPANT),)),
        document(
            6,
            side(DEAR, "12.00"),
            holds=(hold(HoldCode.TOTALS_DIFFER),),
            skipped="paid in cash",
            skipped_by="ann (uid 1000)",
            skipped_since="2026-10-12T08:00:00.000000Z",
        ),
        document(7, side(DEAR, "100.00"), side(QBO, "100.01", tax_total=Decimal("0.01"))),
        document(8, side(QBO, "2400.00", number="RENT-10")),
        document(
            9,
            side(DEAR, "140.00", date="2026-10-31"),
            side(QBO, "140.00", date="2026-11-01"),
            holds=(hold(HoldCode.FOREIGN_EDIT, "date"),),
        ),
        document(
            10,
            side(DEAR, "55.00", currency="EUR"),
            holds=(hold(HoldCode.FOREIGN_CURRENCY, "currency"),),
        ),
        document(11, side(DEAR, "60.00", date="2025-12-30"), side(QBO, "60.00")),
        document(12, side(DEAR, "5.00", out_of_scope="a project"), side(QBO, "5.00")),
        document(13, side(DEAR, problem="no lines")),
        document(
            14, side(DEAR, "10.00"), side(QBO, "10.00"), holds=(hold(HoldCode.CONFLICT, "memo"),)
        ),
        document(15, side(DEAR, "9.00", date="2026-09-30"), side(QBO, "9.00", date="2026-09-30")),
    ]
    for number, name in enumerate(HOSTILE, start=100):
        rows.append(
            document(
                number,
                side(DEAR, f"{number}.10", number=name, party_record=RecordId(f"vendor-{number}")),
                work=(work("planned", ""),),
            )
        )
    return rows


def injected() -> DocumentRow:
    """A document that differs while nothing in the ledger says why."""
    return document(900, side(DEAR, "640.00", number="B-900"), side(QBO, "600.00", number="B-900"))


def names() -> dict[str, str]:
    return NAMES | {f"vendor-{n}": name for n, name in enumerate(HOSTILE, start=100)}


def reconciled(
    rows: Iterable[DocumentRow], rules: Rules = RULES
) -> tuple[ReportSummary, list[str]]:
    """The summary and the records' lines of a world."""
    found = Reconciliation(rules, as_of=AS_OF)
    lines = [
        msgspec.json.encode(shown_record(item, names())).decode()
        for row in rows
        for item in found.add(row)
    ]
    return summary_of(found, len(lines)), lines


def summary_of(found: Reconciliation, records: int) -> ReportSummary:
    period = parse_period("2026-10")
    return ReportSummary(
        as_of=AS_OF,
        company="Acme <b>Fasteners</b>",
        instance="acme",
        version="1.0",
        made_by="ann (uid 1000)",
        period=period.text,
        period_title=period.title,
        first=found.rules.first,
        last=found.rules.last,
        timezone="America/Chicago",
        home_currency="USD",
        source=SystemNamed(name="dear", title="DEAR", environment="production"),
        books=SystemNamed(name="qbo", title="QuickBooks", environment="production"),
        head=12345,
        head_hash="c0ffee" * 10 + "beef",
        config="ab12" * 16,
        mapping_version=3,
        complete=True,
        dirty=0,
        is_over=True,
        kinds=("purchase_order", "bill", "invoice"),
        statements=shown_statements(found),
        masters=(
            MasterShown(
                kind="vendor",
                source_count=412,
                books_count=418,
                in_both=410,
                agreed=405,
                held=3,
                pending=2,
                only_in_source=2,
                only_in_books=8,
                removed=1,
                out_of_scope=0,
                unreadable=0,
            ),
        ),
        ages=tuple(shown_ages(found)),
        unexplained=counted(found, (Section.UNEXPLAINED,)),
        open=counted(found, OPEN),
        records=records,
        list_agreed=True,
    )


def collected(rows: Iterable[DocumentRow], *, keep: int = 250) -> Collected:
    summary, lines = reconciled(rows)
    report = Collected(summary, keep=keep)
    for line in lines:
        report.add(parse_record(line.encode()))
    report.close()
    return report


def written(rows: Iterable[DocumentRow], form: Form, *, bom: bool = False) -> tuple[bytes, Writing]:
    """The file of a world in some format."""
    summary, lines = reconciled(rows)
    out = io.BytesIO()
    with Writing(out, form, keep=250, bom=bom) as writing:
        writing.take(msgspec.json.encode(summary))
        for line in lines:
            writing.take(line.encode())
        writing.close("report")
    return out.getvalue(), writing
