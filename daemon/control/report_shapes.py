"""A reconciliation in the words of the control protocol. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from daemon.control.protocol_report import (
    AgeShown,
    LineShown,
    MasterShown,
    RecordShown,
    StatementShown,
)
from daemon.control.reconciliation import (
    APART,
    BUCKETS,
    OLDER,
    UNKNOWN,
    Item,
    Key,
    Reconciliation,
    Section,
    Statement,
    Sums,
    in_order,
)
from daemon.control.tallying import money_text
from daemon.control.totals import Cell, Rules, party_key
from ledger.model.ids import Kind
from ledger.store.rows import DocumentSide, Standing

PRESENT = ("live", "inactive")


def shown_record(item: Item, names: Mapping[str, str]) -> RecordShown:
    """One line of the stream; ``names`` says what the records of parties are called."""
    source, books = item.source, item.books
    return RecordShown(
        kind=item.cell.kind.value,
        currency=item.cell.currency,
        section=item.key.section.value,
        detail=item.key.detail,
        reason=item.key.reason,
        record=item.row.record,
        number=next((s.number for s in (source, books) if s is not None and s.number), ""),
        party=_party(source or books, names),
        source_ref="" if source is None else str(source.ref),
        books_ref="" if books is None else str(books.ref),
        source_date="" if source is None else source.date,
        books_date="" if books is None else books.date,
        source_total=None if item.source_total is None else money_text(item.source_total),
        books_total=None if item.books_total is None else money_text(item.books_total),
        difference=money_text(item.difference),
        text=item.text,
        by=item.behind.by,
        since=item.behind.since,
        late=item.late,
        open_besides=item.open_besides,
        source_seq=0 if source is None else source.seq,
        books_seq=0 if books is None else books.seq,
        seq=item.behind.seq,
    )


def _party(side: DocumentSide | None, names: Mapping[str, str]) -> str:
    if side is None:
        return ""
    if side.party_record is not None:
        return names.get(side.party_record, "")
    return "" if side.party is None else party_key(side).partition(": ")[2]


def shown_ages(found: Reconciliation) -> Iterator[AgeShown]:
    """What is open, by currency and then from the youngest to the oldest."""
    names = [name for _, name in BUCKETS] + [OLDER, UNKNOWN]
    for currency in sorted({currency for currency, _ in found.ages}):
        for bucket in names:
            figure = found.ages.get((currency, bucket))
            if figure is not None:
                amount = money_text(figure.amount)
                yield AgeShown(currency=currency, bucket=bucket, count=figure.count, amount=amount)


def shown_statements(found: Reconciliation) -> tuple[StatementShown, ...]:
    """Kinds in their order, the home currency first in each."""
    home = found.rules.home_currency
    ordered = sorted(found.statements.items(), key=lambda pair: _place(pair[0], home))
    return tuple(_statement(cell, one, found.rules) for cell, one in ordered)


def shown_master(kind: Kind, standings: Sequence[Standing]) -> MasterShown:
    """One line of records that are no documents."""

    def count(*rows: Standing) -> int:
        return sum(row.count for row in rows)

    source = [row for row in standings if row.source in PRESENT]
    books = [row for row in standings if row.books in PRESENT]
    both = [row for row in source if row in books]
    present = [row for row in standings if row.source in PRESENT or row.books in PRESENT]

    def at_rest(state: str) -> int:
        return count(*(row for row in standings if state in (row.source, row.books)))

    return MasterShown(
        kind=kind.value,
        source_count=count(*source),
        books_count=count(*books),
        in_both=count(*both),
        agreed=count(*(row for row in both if not row.is_held and not row.is_planned)),
        held=count(*(row for row in present if row.is_held)),
        pending=count(*(row for row in present if row.is_planned and not row.is_held)),
        only_in_source=count(*source) - count(*both),
        only_in_books=count(*books) - count(*both),
        removed=at_rest("removed"),
        out_of_scope=at_rest("out_of_scope"),
        unreadable=at_rest("unreadable"),
    )


def _place(cell: Cell, home: str) -> tuple[int, bool, str]:
    return list(Kind).index(cell.kind), cell.currency != home, cell.currency


def counted(found: Reconciliation, sections: Sequence[Section]) -> int:
    """Documents in some sections; one that counts in two currencies counts twice."""
    return sum(
        sums.count
        for statement in found.statements.values()
        for key, sums in statement.lines.items()
        if key.section in sections
    )


def _statement(cell: Cell, one: Statement, rules: Rules) -> StatementShown:
    ordered = in_order(one.lines)
    explaining = [
        _line(key, sums)
        for key, sums in ordered
        if key.section not in (Section.AGREED, Section.UNEXPLAINED, *APART)
    ]
    unexplained = Key(Section.UNEXPLAINED)
    explaining.append(_line(unexplained, one.lines.get(unexplained, Sums())))
    totals = one.totals
    return StatementShown(
        kind=cell.kind.value,
        currency=cell.currency,
        since=rules.since.get(cell.kind, ""),
        source_count=totals.source.count,
        source_total=money_text(totals.source.amount),
        books_count=totals.books.count,
        books_total=money_text(totals.books.amount),
        difference=money_text(totals.difference),
        agreed=_line(Key(Section.AGREED), one.agreed),
        lines=tuple(explaining),
        apart=tuple(_line(key, sums) for key, sums in ordered if key.section in APART),
        open_besides=one.open_besides,
        late_count=one.late.count,
        late_total=money_text(one.late.amount),
    )


def _line(key: Key, sums: Sums) -> LineShown:
    return LineShown(
        section=key.section.value,
        detail=key.detail,
        reason=key.reason,
        count=sums.count,
        source_total=money_text(sums.source),
        books_total=money_text(sums.books),
        difference=money_text(sums.difference),
        oldest=sums.oldest,
    )
