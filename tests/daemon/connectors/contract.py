"""One behaviour suite for every connector, run against the twin of its system.

A connector's tests inherit ``ConnectorContract`` and give a ``bench`` fixture. What is asserted
here is what the cycle relies on; what only one system does belongs into that system's own tests.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal

import msgspec
import pytest

from daemon.connectors.base import Connector
from ledger.model.encoding import comparable_bytes
from ledger.model.errors import Throttled, Transient, TrueupError, Unauthorised
from ledger.model.facts import Cursor, Observation, Page, Tombstone
from ledger.model.ids import ExternalRef, Kind, OperationId, RequestId
from ledger.model.outcomes import (
    Confirmed,
    Outcome,
    RefusalKind,
    Rejected,
    Unknown,
    Write,
    WriteRequest,
)
from ledger.model.plans import Action
from ledger.model.records import RECORD_TYPES, comparable_values
from ledger.model.values import Value
from tests.daemon.connectors.clocks import FastClock

HOSTILE_NAMES = (
    "O'Neil & Sons",
    "O’Neil & Sons",
    "Back\\slash 'n' quote\"s",
    "100% _under_score",
    "Ünïcødé 株式会社",
    "' OR Active = true",
    "Bracket (deleted) parts",
)


class Bench(ABC):
    """One connector, the twin that it speaks to, and what only that system's tests know."""

    connector: Connector
    clock: FastClock
    written: Kind = Kind.VENDOR
    """A kind that can be created, with ``name`` as its recovery key."""
    edited_field: str = "email"
    """A text field of that kind that can be updated and cleared."""
    edited_values: tuple[str, str] = ("first@one.example", "second@two.example")
    unknown_id: str = "987654321"
    page_faults: tuple[str, ...] = ("drop_page", "shift_page")
    """Faults of a list that a full read must notice."""

    @abstractmethod
    def fault(self, kind: str, **keys: object) -> None:
        """Play a fault of ``daemon.sandbox.faults`` with the next request that matches."""

    @abstractmethod
    def clear_faults(self) -> None: ...

    @abstractmethod
    async def rename(self, kind: Kind, record_id: str, name: str) -> None:
        """Rename a record as a user of that system would."""

    @abstractmethod
    async def add(self, kind: Kind, name: str) -> str:
        """Create a record as a user would; its id."""

    @abstractmethod
    def names(self, kind: Kind) -> dict[str, str]:
        """Id -> name of every record in the twin, inactive ones included."""

    @abstractmethod
    def fields(self, kind: Kind, name: str) -> dict[str, Value]:
        """The smallest set of fields that creates a record."""

    @abstractmethod
    def break_login(self) -> None:
        """Let the system refuse the credentials from now on."""

    @abstractmethod
    def reopen(self) -> Connector:
        """Another connector to the same twin, as after a restart; closed by the bench."""


async def swept(connector: Connector, kind: Kind, cursor: Cursor | None = None) -> list[Page]:
    return [page async for page in connector.sweep(kind, cursor)]


def read_together(connector: Connector, kind: Kind) -> tuple[Kind, ...]:
    """A kind and those that come along with its reads."""
    kinds = connector.capabilities.kinds
    return (kind, *(one for one, rule in kinds.items() if rule.read_with is kind))


async def changed(connector: Connector, cursors: Mapping[Kind, Cursor]) -> list[Page]:
    return [page async for page in connector.changes(cursors)]


def observations(pages: Sequence[Page]) -> dict[str, Observation]:
    return {o.ref.id: o for page in pages for o in page.observations}


async def _collect(source: AsyncIterator[Page], pages: list[Page]) -> None:
    async for page in source:
        pages.append(page)


def last_cursor(pages: Sequence[Page]) -> Cursor:
    cursor = pages[-1].cursor
    assert cursor is not None
    return cursor


def write(
    action: Action,
    kind: Kind,
    fields: dict[str, Value],
    *,
    of: Observation | None = None,
    b_id: str = "b1",
) -> Write:
    shown = comparable_values(of.record) if of else {}
    return Write(
        b_id=b_id,
        operation=OperationId(f"op-{b_id}"),
        kind=kind,
        action=action,
        ref=of.ref if of else None,
        version=of.version if of else "",
        fields=fields,
        before={field: shown[field] for field in fields if field in shown},
        raw=of.raw if of else b"",
    )


def request(connector: Connector, *writes: Write, number: int = 1) -> WriteRequest:
    return WriteRequest(id=RequestId(f"req-{number:04d}"), system=connector.name, writes=writes)


async def one(connector: Connector, single: Write, *, number: int = 1) -> Outcome:
    (outcome,) = await connector.write(request(connector, single, number=number))
    assert outcome.b_id == single.b_id
    return outcome


def shown(outcome: Outcome) -> Observation:
    assert isinstance(outcome, Confirmed), outcome
    assert isinstance(outcome.shown, Observation)
    return outcome.shown


def value(observation: Observation, field: str) -> object:
    return getattr(observation.record, field)


class ConnectorContract:
    """Inherit, and override the fixture ``bench``."""

    @pytest.fixture
    async def bench(self) -> Bench:
        raise NotImplementedError

    async def _created(
        self, bench: Bench, name: str = "Contract Works", number: int = 1
    ) -> Observation:
        fields = bench.fields(bench.written, name)
        single = write(Action.CREATE, bench.written, fields)
        return shown(await one(bench.connector, single, number=number))

    # What it says of itself and of the company

    async def test_check_tells_company_and_currency(self, bench: Bench) -> None:
        health = await bench.connector.check()
        assert health.company_id
        assert health.company_name
        assert len(health.home_currency) == 3

    async def test_check_is_cheap_when_repeated(self, bench: Bench) -> None:
        await bench.connector.check()
        before = bench.connector.budget.calls
        await bench.connector.check()
        assert bench.connector.budget.calls == before

    async def test_capabilities_name_real_fields(self, bench: Bench) -> None:
        for kind, rule in bench.connector.capabilities.kinds.items():
            known = set(RECORD_TYPES[kind].__struct_fields__)
            assert rule.fields.keys() <= known, kind
            assert not rule.recovery_key or rule.recovery_key in rule.fields

    # Full reads

    async def test_a_sweep_sees_everything_once_and_proves_it(self, bench: Bench) -> None:
        for kind, rule in bench.connector.capabilities.kinds.items():
            if rule.disabled or rule.read_with:
                continue
            pages = await swept(bench.connector, kind)
            assert {page.kind for page in pages} == set(read_together(bench.connector, kind))
            assert len({page.sweep for page in pages}) == 1
            assert pages[0].sweep
            for one in read_together(bench.connector, kind):
                own = [page for page in pages if page.kind is one]
                seen = [o.ref.id for page in own for o in page.observations]
                assert len(seen) == len(set(seen))
                assert set(seen) == bench.names(one).keys(), one
                assert [page.sweep_done for page in own] == [False] * (len(own) - 1) + [True]
                assert last_cursor(own).complete

    async def test_observations_keep_what_was_sent(self, bench: Bench) -> None:
        for observation in observations(await swept(bench.connector, bench.written)).values():
            assert isinstance(msgspec.json.decode(observation.raw), dict)
            assert observation.ref.system == bench.connector.name
            assert observation.ref.kind is bench.written

    async def test_two_sweeps_have_different_ids_and_equal_contents(self, bench: Bench) -> None:
        first = await swept(bench.connector, Kind.ITEM)
        second = await swept(bench.connector, Kind.ITEM)
        assert first[0].sweep != second[0].sweep
        contents = [
            {i: comparable_bytes(o.record) for i, o in observations(pages).items()}
            for pages in (first, second)
        ]
        assert contents[0] == contents[1]

    async def test_F27_a_list_that_lies_is_never_a_complete_sweep(self, bench: Bench) -> None:
        for fault in bench.page_faults:
            bench.fault(fault)
            pages: list[Page] = []
            with pytest.raises(Transient):
                await _collect(bench.connector.sweep(bench.written, None), pages)
            assert not any(page.sweep_done for page in pages), fault
            bench.clear_faults()
            assert (await swept(bench.connector, bench.written))[-1].sweep_done

    # Changes

    async def _cursors(self, bench: Bench) -> dict[Kind, Cursor]:
        cursors: dict[Kind, Cursor] = {}
        for kind, rule in bench.connector.capabilities.kinds.items():
            if rule.disabled or rule.read_with:
                continue
            pages = await swept(bench.connector, kind)
            for one in read_together(bench.connector, kind):
                cursors[one] = last_cursor([page for page in pages if page.kind is one])
        return cursors

    async def test_F40_nothing_happened_so_nothing_new_is_shown(self, bench: Bench) -> None:
        cursors = await self._cursors(bench)
        known = observations(await swept(bench.connector, bench.written))
        bench.clock.advance(120)
        for page in await changed(bench.connector, cursors):
            assert not page.tombstones
            assert not page.unreadable
            if page.kind is bench.written:
                for ref_id, observation in observations([page]).items():
                    assert comparable_bytes(observation.record) == comparable_bytes(
                        known[ref_id].record
                    )

    async def test_an_edit_and_a_new_record_are_seen(self, bench: Bench) -> None:
        cursors = await self._cursors(bench)
        edited = next(iter(observations(await swept(bench.connector, bench.written))))
        bench.clock.advance(120)
        await bench.rename(bench.written, edited, "Renamed by a person")
        added = await bench.add(bench.written, "Added by a person")
        bench.clock.advance(120)
        pages = [p for p in await changed(bench.connector, cursors) if p.kind is bench.written]
        seen = observations(pages)
        assert value(seen[edited], "name") == "Renamed by a person"
        assert value(seen[added], "name") == "Added by a person"
        assert last_cursor(pages).complete

    async def test_cursors_work_after_a_restart_and_move_on(self, bench: Bench) -> None:
        cursors = await self._cursors(bench)
        bench.clock.advance(120)
        added = await bench.add(bench.written, "Added by a person")
        bench.clock.advance(3600)
        again = bench.reopen()
        pages = await changed(again, cursors)
        assert added in observations([p for p in pages if p.kind is bench.written])
        cursors |= {page.kind: page.cursor for page in pages if page.cursor is not None}
        bench.clock.advance(3600)
        await changed(again, cursors)
        later = await changed(again, cursors)
        assert added not in observations([p for p in later if p.kind is bench.written])

    # Single reads and look-ups

    async def test_read_shows_what_the_sweep_showed(self, bench: Bench) -> None:
        for kind in (bench.written, Kind.ITEM, Kind.ACCOUNT):
            seen = observations(await swept(bench.connector, kind))
            observation = next(iter(seen.values()))
            read = await bench.connector.read(observation.ref)
            assert isinstance(read, Observation)
            assert comparable_bytes(read.record) == comparable_bytes(observation.record)

    async def test_a_record_that_is_not_there_is_a_tombstone(self, bench: Bench) -> None:
        ref = ExternalRef(bench.connector.name, bench.written, bench.unknown_id)
        found = await bench.connector.read(ref)
        assert isinstance(found, Tombstone)
        assert found.evidence

    async def test_F23_trouble_is_never_absence(self, bench: Bench) -> None:
        observation = next(iter(observations(await swept(bench.connector, bench.written)).values()))
        name = value(observation, "name")
        assert isinstance(name, str)
        troubles: list[tuple[str, dict[str, object]]] = [
            ("status", {"status": 500}),
            ("status", {"status": 503}),
            ("html_200", {}),
            ("lost_reply", {}),
            ("truncated_body", {}),
        ]
        for kind, keys in troubles:
            bench.fault(kind, times=0, **keys)
            with pytest.raises((Transient, Throttled)):
                await bench.connector.read(observation.ref)
            with pytest.raises((Transient, Throttled)):
                await bench.connector.find(bench.written, "name", name)
            with pytest.raises((Transient, Throttled)):
                await swept(bench.connector, bench.written)
            bench.clear_faults()
            bench.clock.advance(600)

    async def test_F54_hostile_names_are_found_exactly(self, bench: Bench) -> None:
        ids = {name: await bench.add(bench.written, name) for name in HOSTILE_NAMES}
        for name, expected in ids.items():
            found = await bench.connector.find(bench.written, "name", name)
            assert [o.ref.id for o in found] == [expected], name

    async def test_find_ignores_case_and_finds_nothing_near(self, bench: Bench) -> None:
        added = await bench.add(bench.written, "Acme Fasteners")
        found = await bench.connector.find(bench.written, "name", "aCME fasteners")
        assert [o.ref.id for o in found] == [added]
        for near in ("Acme", "Acme Fastener", "Acme%", "Acme Fasteners Ltd"):
            assert await bench.connector.find(bench.written, "name", near) == []

    # Writes

    async def test_a_create_is_confirmed_with_what_is_stored(self, bench: Bench) -> None:
        created = await self._created(bench)
        assert bench.names(bench.written)[created.ref.id] == "Contract Works"
        read = await bench.connector.read(created.ref)
        assert isinstance(read, Observation)
        assert comparable_bytes(read.record) == comparable_bytes(created.record)

    async def test_hostile_names_survive_a_create(self, bench: Bench) -> None:
        for number, name in enumerate(HOSTILE_NAMES, start=1):
            created = await self._created(bench, name, number)
            assert value(created, "name") == name
            assert bench.names(bench.written)[created.ref.id] == name

    async def test_an_update_changes_its_field_and_no_other(self, bench: Bench) -> None:
        created = await self._created(bench)
        before = comparable_values(created.record)
        for number, new in enumerate(bench.edited_values, start=2):
            single = write(Action.UPDATE, bench.written, {bench.edited_field: new}, of=created)
            created = shown(await one(bench.connector, single, number=number))
            after = comparable_values(created.record)
            assert after.pop(bench.edited_field) == new
            before.pop(bench.edited_field, None)
            assert after == before

    async def test_a_field_can_be_emptied(self, bench: Bench) -> None:
        rule = bench.connector.capabilities.rule(bench.written, bench.edited_field)
        assert rule is not None
        if not rule.clearable:
            pytest.skip("this system cannot empty the field")
        created = await self._created(bench)
        changes: tuple[Value, ...] = (bench.edited_values[0], None)
        for number, new in enumerate(changes, start=2):
            single = write(Action.UPDATE, bench.written, {bench.edited_field: new}, of=created)
            created = shown(await one(bench.connector, single, number=number))
        assert value(created, bench.edited_field) is None

    async def test_F10_writing_what_is_there_already_changes_nothing(self, bench: Bench) -> None:
        created = await self._created(bench)
        name = value(created, "name")
        assert isinstance(name, str)
        single = write(Action.UPDATE, bench.written, {"name": name}, of=created)
        again = shown(await one(bench.connector, single, number=2))
        assert comparable_bytes(again.record) == comparable_bytes(created.record)

    async def test_F17_inactive_is_not_removed_and_comes_back(self, bench: Bench) -> None:
        created = await self._created(bench)
        single = write(Action.INACTIVATE, bench.written, {"active": False}, of=created)
        inactive = shown(await one(bench.connector, single, number=2))
        assert value(inactive, "active") is False
        assert str(value(inactive, "name")).startswith("Contract Works")
        read = await bench.connector.read(created.ref)
        assert isinstance(read, Observation)
        found = await bench.connector.find(bench.written, "name", "Contract Works")
        assert [o.ref for o in found] == [created.ref]
        single = write(Action.REACTIVATE, bench.written, {"active": True}, of=inactive)
        back = shown(await one(bench.connector, single, number=3))
        assert value(back, "active") is True
        assert value(back, "name") == "Contract Works"
        assert bench.names(bench.written)[created.ref.id] == "Contract Works"

    async def test_F38_a_record_that_moved_is_not_overwritten(self, bench: Bench) -> None:
        created = await self._created(bench)
        await bench.rename(bench.written, created.ref.id, "Renamed by a person")
        single = write(Action.UPDATE, bench.written, {"name": "Ours"}, of=created)
        outcome = await one(bench.connector, single, number=2)
        assert isinstance(outcome, Rejected)
        assert outcome.refusal in {RefusalKind.STALE, RefusalKind.LOST_UPDATE}
        assert bench.names(bench.written)[created.ref.id] == "Renamed by a person"

    async def test_F52_a_name_that_is_taken_is_said_to_be_taken(self, bench: Bench) -> None:
        created = await self._created(bench)
        fields = bench.fields(bench.written, "contract WORKS")
        single = write(Action.CREATE, bench.written, fields)
        outcome = await one(bench.connector, single, number=2)
        assert isinstance(outcome, Rejected)
        assert outcome.refusal is RefusalKind.DUPLICATE
        assert outcome.field == "name"
        assert outcome.cure
        assert outcome.shown is None or outcome.shown.ref == created.ref

    async def test_one_bad_write_does_not_stop_the_others(self, bench: Bench) -> None:
        if bench.connector.capabilities.max_batch < 3:
            pytest.skip("one write a request")
        await self._created(bench)
        names = ("Good One", "Contract Works", "Good Two")
        writes = [
            write(Action.CREATE, bench.written, bench.fields(bench.written, name), b_id=f"b{n}")
            for n, name in enumerate(names)
        ]
        outcomes = await bench.connector.write(request(bench.connector, *writes, number=2))
        assert [o.b_id for o in outcomes] == ["b0", "b1", "b2"]
        assert [type(o) for o in outcomes] == [Confirmed, Rejected, Confirmed]
        assert {"Good One", "Good Two"} <= set(bench.names(bench.written).values())

    async def test_exact_prices_come_back_as_they_were_sent(self, bench: Bench) -> None:
        item = next(
            o
            for o in observations(await swept(bench.connector, Kind.ITEM)).values()
            if not o.out_of_scope and value(o, "active")
        )
        for number, price in enumerate(("0.1", "1234567.89", "12.3457"), start=2):
            fields: dict[str, Value] = {"sales_price": Decimal(price)}
            single = write(Action.UPDATE, Kind.ITEM, fields, of=item)
            item = shown(await one(bench.connector, single, number=number))
            assert value(item, "sales_price") == Decimal(price)

    # Unclear ends

    async def _lost(self, bench: Bench, fault: str) -> tuple[Write, Outcome]:
        fields = bench.fields(bench.written, "Lost Works")
        single = write(Action.CREATE, bench.written, fields)
        bench.fault(fault, method="POST")
        return single, await one(bench.connector, single, number=7)

    @pytest.mark.parametrize("fault", ["lost_reply", "truncated_body"])
    async def test_F01_a_lost_reply_is_unknown_and_a_look_up_proves_it(
        self, bench: Bench, fault: str
    ) -> None:
        single, outcome = await self._lost(bench, fault)
        assert isinstance(outcome, Unknown)
        found = await bench.connector.find(bench.written, "name", "Lost Works")
        assert len(found) == 1
        if bench.connector.capabilities.replays_requests:
            again = shown(await one(bench.connector, single, number=7))
            assert again.ref == found[0].ref
        assert list(bench.names(bench.written).values()).count("Lost Works") == 1

    async def test_F01_a_lost_request_is_unknown_and_a_look_up_shows_nothing(
        self, bench: Bench
    ) -> None:
        single, outcome = await self._lost(bench, "lost_request")
        assert isinstance(outcome, Unknown)
        assert await bench.connector.find(bench.written, "name", "Lost Works") == []
        created = shown(await one(bench.connector, single, number=7))
        assert bench.names(bench.written)[created.ref.id] == "Lost Works"

    async def test_a_failing_server_leaves_a_write_unknown(self, bench: Bench) -> None:
        single = write(Action.CREATE, bench.written, bench.fields(bench.written, "Lost Works"))
        bench.fault("status", status=502, method="POST")
        assert isinstance(await one(bench.connector, single), Unknown)
        bench.fault("html_200", method="POST")
        assert isinstance(await one(bench.connector, single, number=2), Unknown)

    # Limits and login

    async def test_F83_too_many_requests_is_said_and_nothing_was_done(self, bench: Bench) -> None:
        single = write(Action.CREATE, bench.written, bench.fields(bench.written, "Later Works"))
        bench.fault("throttle", method="POST")
        with pytest.raises(Throttled) as caught:
            await one(bench.connector, single)
        assert caught.value.retry_after > 0
        assert bench.connector.budget.throttled == 1
        created = shown(await one(bench.connector, single))
        assert bench.names(bench.written)[created.ref.id] == "Later Works"

    async def test_F83_a_throttled_read_is_said(self, bench: Bench) -> None:
        bench.fault("throttle")
        with pytest.raises(Throttled):
            await swept(bench.connector, bench.written)
        assert (await swept(bench.connector, bench.written))[-1].sweep_done

    async def test_F82_a_refused_login_names_its_cure_and_infers_nothing(
        self, bench: Bench
    ) -> None:
        observation = next(iter(observations(await swept(bench.connector, bench.written)).values()))
        bench.break_login()
        single = write(Action.UPDATE, bench.written, {"name": "Never"}, of=observation)
        attempts: list[Callable[[], object]] = [
            lambda: bench.connector.read(observation.ref),
            lambda: swept(bench.connector, bench.written),
            lambda: bench.connector.write(request(bench.connector, single)),
        ]
        for attempt in attempts:
            with pytest.raises(Unauthorised) as caught:
                await attempt()  # type: ignore[misc]
            assert caught.value.cure
            assert caught.value.state
        assert "Never" not in bench.names(bench.written).values()

    async def test_F94_no_error_shows_a_name_or_a_secret(self, bench: Bench) -> None:
        name = "Very Private Customer Ltd"
        await bench.add(bench.written, name)
        for fault in ("status", "html_200", "lost_reply", "throttle"):
            bench.fault(fault, times=0)
            with pytest.raises(TrueupError) as caught:
                await bench.connector.find(bench.written, "name", name)
            text = f"{caught.value} {caught.value.cure} {caught.value!r}"
            assert "Private" not in text
            bench.clear_faults()
            bench.clock.advance(600)

    async def test_closing_twice_does_no_harm(self, bench: Bench) -> None:
        await bench.connector.check()
        await bench.connector.close()
        await bench.connector.close()
