"""Who need not be opened to find links: what the index of keys passes over has none."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from daemon.cycle.lookups import LedgerLookups, linkable
from daemon.reconcile.match import NOT_THE_SAME
from daemon.reconcile.plan import links
from daemon.reconcile.policy import Policy
from ledger.model.entries import ConflictResolved, Tombstoned
from ledger.model.facts import Cursor
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, SystemName, record_id
from ledger.model.plans import LinkProposal
from ledger.model.records import Account, Customer, Item, Record, Vendor
from ledger.store.engine import inline
from ledger.store.errors import DraftRefused
from ledger.store.ledger import Draft, Ledger
from ledger.store.views import Views
from tests.daemon.reconcile.worlds import DEAR, QBO, policy
from tests.ledger.store.support import KEY, Ticking, join, see

T = TypeVar("T")
KINDS = (Kind.ACCOUNT, Kind.VENDOR, Kind.CUSTOMER, Kind.ITEM)
NAMES = ("Acme", "ACME ", "Acme: East", "Acme- East", "Acme (deleted)", "Äcme", "Bolt", "")
CODES = (None, "", "A-1", "a-1 ", "4000", "Acme")
NEVER = datetime(2020, 1, 1, tzinfo=UTC)

names, codes, active = st.sampled_from(NAMES), st.sampled_from(CODES), st.booleans()
records: dict[Kind, st.SearchStrategy[Record]] = {
    Kind.ACCOUNT: st.builds(Account, name=names, code=codes, active=active),
    Kind.VENDOR: st.builds(Vendor, name=names, code=codes, email=codes, active=active),
    Kind.CUSTOMER: st.builds(Customer, name=names, code=codes, email=codes, active=active),
    Kind.ITEM: st.builds(Item, name=names, sku=codes, active=active),
}


@st.composite
def shown(draw: st.DrawFn) -> list[tuple[ExternalRef, Record]]:
    """Records of few names and codes, so that many of them are alike."""
    found = []
    for number in range(draw(st.integers(2, 9))):
        kind = draw(st.sampled_from(KINDS[: draw(st.integers(1, len(KINDS)))]))
        system = draw(st.sampled_from((QBO, DEAR)))
        found.append((ExternalRef(system, kind, f"{number}"), draw(records[kind])))
    return found


def said(record: RecordId, ref: ExternalRef, entry: str) -> Callable[[Draft], None]:
    """What else the ledger heard of a reference."""
    if entry == "joined":
        return lambda draft: join(draft, record, ref)
    if entry == "gone":
        return lambda draft: draft.add(Tombstoned(ref=ref, evidence="deleted"))
    apart = ConflictResolved(
        record=record,
        field=f"{NOT_THE_SAME}{ref}",
        take=SystemName(ref.system),
        value_digest=Digest("d" * 64),
        by="ann",
        reason="another one",
    )
    return lambda draft: draft.add(apart)


events = st.lists(
    st.tuples(
        st.integers(0, 8), st.integers(0, 8), st.sampled_from(("joined", "gone", "told apart"))
    ),
    max_size=3,
)


async def asked(
    path: Path,
    things: Sequence[tuple[ExternalRef, Record]],
    also: Sequence[tuple[int, int, str]],
    question: Callable[[Views], T],
) -> T:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY, executor=inline)
    try:
        draft = ledger.draft()
        for system in (QBO, DEAR):
            for kind in Kind:
                draft.cursor(Cursor(system=system, kind=kind, token="{}", complete=True))
        for ref, record in things:
            see(draft, ledger, ref, record)
        await ledger.append(draft)
        refs = [ref for ref, _ in things]
        for one, other, entry in also:
            draft = ledger.draft(actor="ann")
            record_of_one = record_id(refs[one % len(refs)])
            said(record_of_one, refs[other % len(refs)], entry)(draft)
            try:
                await ledger.append(draft)
            except DraftRefused:
                event("a link that the ledger refuses")
        return await ledger.read(question)
    finally:
        await ledger.close()


def compared(
    views: Views, rules: Policy
) -> tuple[tuple[LinkProposal, ...], tuple[LinkProposal, ...], int, int]:
    """Links of all records; of those that are worth opening, prepared; how many each were."""
    every = [record for kind in KINDS for record in views.records(kind)]
    chosen = linkable(views, every, rules)
    found = views.views(chosen)
    lookups = LedgerLookups(views, recent_since=NEVER)
    lookups.prepare(found, rules, only_links=True)
    long_way = LedgerLookups(views, recent_since=NEVER)
    return (
        links(views.views(every), long_way, rules),
        links(found, lookups, rules),
        len(every),
        len(chosen),
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shown(), events, st.booleans())
def test_what_is_not_opened_has_no_link(
    things: list[tuple[ExternalRef, Record]], also: list[tuple[int, int, str]], is_declared: bool
) -> None:
    rules = policy(mapping={Kind.ACCOUNT: {"Acme": "Bolt"}} if is_declared else {})
    with TemporaryDirectory() as folder:
        every, chosen, count, opened = asyncio.run(
            asked(Path(folder) / "ledger.db", things, also, lambda views: compared(views, rules))
        )
    event("links" if every else "no links")
    event("some are not opened" if opened < count else "all are opened")
    assert chosen == every


async def test_only_what_shows_the_key_of_another_system_is_opened(tmp_path: Path) -> None:
    things: list[tuple[ExternalRef, Record]] = [
        (ExternalRef(QBO, Kind.ITEM, "1"), Item(name="Widget", sku="W-7", active=True)),
        (ExternalRef(DEAR, Kind.ITEM, "2"), Item(name="Another", sku="w-7", active=True)),
        (ExternalRef(DEAR, Kind.ITEM, "3"), Item(name="Widget", sku="W-8", active=True)),
        (ExternalRef(DEAR, Kind.ITEM, "4"), Item(name="Widget", sku="W-8", active=True)),
    ]
    every = [record_id(ref) for ref, _ in things]

    opened = await asked(
        tmp_path / "ledger.db", things, (), lambda views: linkable(views, every, policy())
    )

    assert opened == every[:2], "a name alone links no item, nor does a key of one's own system"
