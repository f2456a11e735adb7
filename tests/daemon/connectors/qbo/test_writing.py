"""Writes as they go over the wire, and the end of each, against the twin."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from daemon.sandbox.qbo.oauth import TOKEN_PATH
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.errors import Throttled, Transient, Unauthorised
from ledger.model.facts import Observation
from ledger.model.ids import Kind
from ledger.model.outcomes import Confirmed, Outcome, RefusalKind, Rejected, Unknown, Write
from ledger.model.plans import Action
from ledger.model.values import Address, Reference, Value
from tests.daemon.connectors.contract import observations, one, request, shown, swept, value, write
from tests.daemon.connectors.qbo.bench import QboBench, open_bench
from tests.daemon.connectors.servers import hang_up, serving


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[QboBench]:
    async with open_bench(tmp_path) as found:
        yield found


def creates(*names: str) -> list[Write]:
    return [
        write(Action.CREATE, Kind.VENDOR, {"name": name}, b_id=f"b{number}")
        for number, name in enumerate(names)
    ]


def new_item(name: str, **fields: Value) -> Write:
    account = Reference(kind=Kind.ACCOUNT, id="79")
    known: dict[str, Value] = {"name": name, "type": "non_inventory", "income_account": account}
    return write(Action.CREATE, Kind.ITEM, known | fields)


async def test_several_writes_are_one_request_and_are_never_read_back(bench: QboBench) -> None:
    await bench.connector.check()
    before = bench.connector.budget
    outcomes = await bench.connector.write(
        request(bench.connector, *creates(*(f"Vendor {n}" for n in range(30))))
    )
    after = bench.connector.budget
    assert all(isinstance(outcome, Confirmed) for outcome in outcomes)
    assert after.calls - before.calls == 1
    assert after.metered_reads == before.metered_reads
    (row,) = bench.rows("batch")
    assert row["request_id"] == "req-0001"
    assert len(row["created"]) == 30


async def test_a_single_write_goes_by_itself_with_its_request_id(bench: QboBench) -> None:
    shown(await one(bench.connector, creates("Alone")[0], number=3))
    (row,) = bench.rows("create vendor")
    assert row["request_id"] == "req-0003"
    assert "minorversion=75" in row["query"]


async def test_kinds_mix_in_one_request(bench: QboBench) -> None:
    writes = [
        write(Action.CREATE, Kind.VENDOR, {"name": "Mixed Vendor"}, b_id="b0"),
        write(Action.CREATE, Kind.CLASS, {"name": "Mixed Class"}, b_id="b1"),
        write(Action.CREATE, Kind.PAYMENT_METHOD, {"name": "Barter"}, b_id="b2"),
    ]
    outcomes = await bench.connector.write(request(bench.connector, *writes))
    assert [shown(o).ref.kind for o in outcomes] == [Kind.VENDOR, Kind.CLASS, Kind.PAYMENT_METHOD]


async def test_F79_the_same_request_id_goes_again_with_a_renewed_login(bench: QboBench) -> None:
    await bench.connector.check()
    bench.fault("expire_token", method="POST")
    shown(await one(bench.connector, creates("After renewal")[0], number=5))
    posts = [row for row in bench.rows() if row["method"] == "POST"]
    assert [(row["request_id"], row["status"]) for row in posts][-1] == ("req-0005", 200)
    assert posts[0]["status"] == 401


async def test_F82_a_login_that_is_refused_twice_stops_there(bench: QboBench) -> None:
    await bench.connector.check()
    bench.fault("expire_token", method="POST", times=0)
    with pytest.raises(Unauthorised):
        await one(bench.connector, creates("Never")[0])
    assert len([row for row in bench.rows() if row["method"] == "POST"]) == 2


async def test_F38_a_stale_write_brings_what_is_really_there(bench: QboBench) -> None:
    created = shown(await one(bench.connector, creates("Moving")[0]))
    await bench.rename(Kind.VENDOR, created.ref.id, "Moved")
    single = write(Action.UPDATE, Kind.VENDOR, {"phone": "555"}, of=created)
    outcome = await one(bench.connector, single, number=2)
    assert isinstance(outcome, Rejected)
    assert outcome.refusal is RefusalKind.STALE
    assert outcome.code == "5010"
    assert outcome.shown is not None
    assert value(outcome.shown, "name") == "Moved"


async def test_F52_a_name_of_another_kind_is_taken_too(bench: QboBench) -> None:
    await bench.add(Kind.CUSTOMER, "Black")
    outcome = await one(bench.connector, creates("black")[0])
    assert isinstance(outcome, Rejected)
    assert outcome.refusal is RefusalKind.DUPLICATE
    assert (outcome.code, outcome.field) == ("6240", "name")
    assert "customer" in outcome.message
    assert "link" in outcome.cure
    assert outcome.shown is None, "it is no vendor"


async def test_F13_a_name_that_an_inactive_record_keeps_shows_that_record(tmp_path: Path) -> None:
    switches = QboSwitches(rename_on_inactivate=False)
    async with open_bench(tmp_path, switches=switches) as bench:
        created = shown(await one(bench.connector, creates("Keeper")[0]))
        single = write(Action.INACTIVATE, Kind.VENDOR, {"active": False}, of=created)
        shown(await one(bench.connector, single, number=2))
        outcome = await one(bench.connector, creates("Keeper")[0], number=3)
        assert isinstance(outcome, Rejected)
        assert outcome.refusal is RefusalKind.DUPLICATE
        assert outcome.shown is not None
        assert outcome.shown.ref == created.ref
        assert value(outcome.shown, "active") is False


async def test_a_pointer_to_nothing_is_named_with_its_cure(bench: QboBench) -> None:
    single = new_item("Lost pointer", income_account=Reference(kind=Kind.ACCOUNT, id="99999"))
    outcome = await one(bench.connector, single)
    assert isinstance(outcome, Rejected)
    assert outcome.refusal is RefusalKind.INVALID
    assert outcome.code == "2500"
    assert "inactive" in outcome.cure
    assert "intuit_tid" in outcome.message


async def test_a_value_without_a_form_is_refused_alone_and_nothing_is_sent_for_it(
    bench: QboBench,
) -> None:
    long_address = Address(lines=("1", "2", "3", "4", "5", "6"))
    fields: dict[str, Value] = {"name": "Bad", "billing_address": long_address}
    bad = write(Action.CREATE, Kind.VENDOR, fields, b_id="b0")
    good = creates("x", "Good")[1]
    outcomes = await bench.connector.write(request(bench.connector, bad, good))
    assert isinstance(outcomes[0], Rejected)
    assert (outcomes[0].code, outcomes[0].field) == ("not_representable", "billing_address")
    assert isinstance(outcomes[1], Confirmed)
    assert len(bench.rows("create vendor")) == 1
    before = bench.connector.budget.calls
    (alone,) = await bench.connector.write(request(bench.connector, bad, number=2))
    assert isinstance(alone, Rejected)
    assert bench.connector.budget.calls == before


async def test_F10_no_op_updates_do_not_move_the_version(bench: QboBench) -> None:
    created = shown(await one(bench.connector, creates("Same")[0]))
    single = write(Action.UPDATE, Kind.VENDOR, {"name": "Same"}, of=created)
    again = shown(await one(bench.connector, single, number=2))
    assert again.version == created.version


async def test_whole_vendors_survive_the_trip(bench: QboBench) -> None:
    fields: dict[str, Value] = {
        "name": "Whole Vendor",
        "code": "V-1",
        "company_name": "Whole Ltd",
        "email": "whole@one.example",
        "phone": "+47 555 010",
        "website": "https://whole.example",
        "billing_address": Address(lines=("Dock 4", "Pier 2"), city="Oslo", country="NO"),
        "terms": Reference(kind=Kind.TERM, id="3"),
        "is_1099": True,
        "notes": "Line one\nline two",
        "active": True,
    }
    created = shown(await one(bench.connector, write(Action.CREATE, Kind.VENDOR, fields)))
    assert {field: value(created, field) for field in fields} == fields


async def test_a_term_that_is_ignored_on_create_is_seen_to_be_missing(tmp_path: Path) -> None:
    switches = QboSwitches(vendor_term_on_create="ignore")
    async with open_bench(tmp_path, switches=switches) as bench:
        fields: dict[str, Value] = {"name": "V", "terms": Reference(kind=Kind.TERM, id="3")}
        created = shown(await one(bench.connector, write(Action.CREATE, Kind.VENDOR, fields)))
        assert value(created, "terms") is None


async def test_inventory_items_start_empty_on_the_configured_day(bench: QboBench) -> None:
    defaults = {
        "type": "Inventory",
        "income_account": "Sales of Product Income",
        "expense_account": "Cost of Goods Sold",
        "asset_account": "Inventory Asset",
        "inventory_start": "2026-01-01",
    }
    tracking = bench.reopen(new_items=defaults)
    single = new_item(
        "Tracked",
        type="inventory",
        expense_account=Reference(kind=Kind.ACCOUNT, id="80"),
        asset_account=Reference(kind=Kind.ACCOUNT, id="81"),
    )
    created = shown(await one(tracking, single))
    raw = json.loads(created.raw)
    assert (raw["Type"], raw["QtyOnHand"]) == ("Inventory", 0)
    assert raw["InvStartDate"] == "2026-01-01"
    refused = await one(bench.connector, single, number=2)
    assert isinstance(refused, Rejected)
    assert "inventory_start" in refused.cure


@pytest.mark.parametrize("replay", ["replay", "refuse", "execute_again"])
async def test_F01_a_batch_whose_reply_was_lost_never_doubles(tmp_path: Path, replay: str) -> None:
    switches = QboSwitches(batch_replay=replay)  # type: ignore[arg-type]
    async with open_bench(tmp_path, switches=switches) as bench:
        batch = request(bench.connector, *creates("One", "Two"))
        bench.fault("lost_reply", path="*/batch")
        lost = await bench.connector.write(batch)
        assert all(isinstance(outcome, Unknown) for outcome in lost)
        again = await bench.connector.write(batch)
        names = list(bench.names(Kind.VENDOR).values())
        assert (names.count("One"), names.count("Two")) == (1, 1)
        expected: dict[str, type[Outcome]] = {"replay": Confirmed, "execute_again": Rejected}
        if replay in expected:
            assert all(isinstance(outcome, expected[replay]) for outcome in again)
        if replay == "refuse":
            assert not any(isinstance(outcome, Confirmed) for outcome in again)
        if replay == "execute_again":
            assert all(
                isinstance(o, Rejected) and o.refusal is RefusalKind.DUPLICATE and o.shown
                for o in again
            )


async def test_a_200_that_carries_a_fault_is_no_yes(bench: QboBench) -> None:
    bench.fault("fault_200", method="POST")
    assert isinstance(await one(bench.connector, creates("Maybe")[0]), Unknown)
    bench.fault("fault_200", times=0)
    with pytest.raises(Transient):
        await bench.connector.find(Kind.VENDOR, "name", "Maybe")


async def test_F85_maintenance_did_nothing_and_says_so(bench: QboBench) -> None:
    body = {"Fault": {"Error": [{"Message": "Maintenance", "code": "150"}], "type": "SystemFault"}}
    bench.fault("status", status=503, body=body, method="POST")
    with pytest.raises(Transient, match="just now"):
        await one(bench.connector, creates("Later")[0])


@pytest.mark.parametrize(
    ("code", "words"),
    [("6190", "renew the QuickBooks subscription"), ("6210", "books are closed")],
)
async def test_F65_refusals_that_need_a_person_name_the_cure(
    bench: QboBench, code: str, words: str
) -> None:
    body = {"Fault": {"Error": [{"Message": "No", "Detail": "Because", "code": code}]}}
    bench.fault("status", status=400, body=body, method="POST")
    outcome = await one(bench.connector, creates("Later")[0])
    assert isinstance(outcome, Rejected)
    assert outcome.refusal is RefusalKind.INVALID
    assert words in outcome.cure


async def test_accounts_are_written_with_their_type(bench: QboBench) -> None:
    fields: dict[str, Value] = {"name": "Freight In", "account_type": "Cost of Goods Sold"}
    created = shown(await one(bench.connector, write(Action.CREATE, Kind.ACCOUNT, fields)))
    single = write(Action.UPDATE, Kind.ACCOUNT, {"description": "Inbound"}, of=created)
    updated = shown(await one(bench.connector, single, number=2))
    assert value(updated, "description") == "Inbound"
    assert value(updated, "account_type") == "Cost of Goods Sold"


async def test_every_kind_can_be_renamed_made_inactive_and_brought_back(bench: QboBench) -> None:
    number = 100
    for kind in (Kind.CLASS, Kind.TERM, Kind.PAYMENT_METHOD, Kind.CUSTOMER, Kind.ITEM):
        seen = observations(await swept(bench.connector, kind)).values()
        record = next(o for o in seen if not o.out_of_scope and value(o, "active"))
        steps: list[tuple[Action, dict[str, Value]]] = [
            (Action.UPDATE, {"name": "Another Name"}),
            (Action.INACTIVATE, {"active": False}),
            (Action.REACTIVATE, {"active": True}),
        ]
        for action, fields in steps:
            number += 1
            single = write(action, kind, fields, of=record)
            record = shown(await one(bench.connector, single, number=number))
            mark = " (deleted)" if action is Action.INACTIVATE else ""
            assert value(record, "name") == f"Another Name{mark}", (kind, action)
        assert value(record, "active") is True


class Scripted:
    """A server that grants a login and answers the company's requests from a list."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []
        self.grants = 0
        self.logins: list[str] = []
        """The access token of each request."""

    async def handle(self, asked: web.Request) -> web.StreamResponse:
        data = await asked.read()
        if asked.path == TOKEN_PATH:
            self.grants += 1
            grant = {
                "access_token": f"A{self.grants}",
                "refresh_token": "R",
                "expires_in": 3600,
            }
            return web.json_response(grant)
        request_id = parse_qs(urlsplit(asked.raw_path).query).get("requestid", [""])[0]
        self.logins.append(asked.headers["Authorization"])
        self.asked.append((asked.path, request_id, json.loads(data) if data else None))
        status, body = self.answers.pop(0)
        if status == 0:
            return hang_up(asked)
        return web.json_response(body, status=status)


def vendor(record_id: str, name: str) -> dict[str, Any]:
    return {"Vendor": {"Id": record_id, "SyncToken": "0", "DisplayName": name, "Active": True}}


def refused(code: str, element: str = "") -> dict[str, Any]:
    error = {"Message": "No", "Detail": "Because", "code": code, "element": element}
    return {"Fault": {"Error": [error], "type": "ValidationFault"}}


async def scripted(
    bench: QboBench, names: tuple[str, ...], *answers: tuple[int, Any]
) -> tuple[Scripted, tuple[Outcome, ...]]:
    server = Scripted(*answers)
    async with serving(server.handle) as url:
        connector = bench.reopen(base_url=url, token_url=url + TOKEN_PATH)
        outcomes = await connector.write(request(connector, *creates(*names)))
        await connector.close()
    return server, outcomes


async def test_a_batch_refused_as_a_whole_is_sent_one_by_one(bench: QboBench) -> None:
    server, outcomes = await scripted(
        bench,
        ("A", "B", "C", "D"),
        (400, refused("2010", "Foo")),
        (200, vendor("1", "A")),
        (400, refused("2050", "DisplayName")),
        (0, None),
        (429, {}),
    )
    assert [type(o) for o in outcomes] == [Confirmed, Rejected, Unknown, Rejected]
    assert isinstance(outcomes[1], Rejected)
    assert (outcomes[1].refusal, outcomes[1].field) == (RefusalKind.INVALID, "name")
    assert isinstance(outcomes[3], Rejected)
    assert outcomes[3].refusal is RefusalKind.NOT_SENT
    ids = [request_id for _, request_id, _ in server.asked]
    assert len(set(ids)) == len(ids)
    assert all(len(request_id) <= 50 for request_id in ids)


async def test_one_by_one_that_is_throttled_at_once_did_nothing(bench: QboBench) -> None:
    with pytest.raises(Throttled):
        await scripted(bench, ("A", "B"), (400, refused("2010")), (429, {}))


async def test_items_of_a_batch_end_each_in_its_own_way(bench: QboBench) -> None:
    throttled = refused("3001")
    expired = refused("3200")
    items = [
        {"bId": "b3", **vendor("4", "D")},
        {"bId": "b0", **refused("10000")},
        {"bId": "b1", **throttled},
        {"bId": "b2", **expired},
        {"bId": "other", **vendor("9", "Nobody's")},
        {"bId": "b5", "Vendor": {"DisplayName": "without an id"}},
    ]
    server, outcomes = await scripted(
        bench, ("A", "B", "C", "D", "E", "F"), (200, {"BatchItemResponse": items, "time": "x"})
    )
    kinds = [type(o) for o in outcomes]
    assert kinds == [Unknown, Rejected, Rejected, Confirmed, Unknown, Unknown]
    for outcome in outcomes[1:3]:
        assert isinstance(outcome, Rejected)
        assert outcome.refusal is RefusalKind.NOT_SENT
    (_, request_id, body) = server.asked[0]
    assert request_id == "req-0001"
    assert body["BatchItemRequest"][0] == {
        "bId": "b0",
        "operation": "create",
        "Vendor": {"DisplayName": "A"},
    }


async def test_a_login_that_only_an_item_was_refused_for_is_renewed_too(bench: QboBench) -> None:
    items = [{"bId": "b0", **refused("3200")}, {"bId": "b1", **vendor("1", "B")}]
    server = Scripted((200, {"BatchItemResponse": items}), (200, vendor("2", "A")))
    async with serving(server.handle) as url:
        connector = bench.reopen(base_url=url, token_url=url + TOKEN_PATH)
        await connector.write(request(connector, *creates("A", "B")))
        shown(await one(connector, creates("A")[0], number=2))
        await connector.close()
    assert server.logins == ["Bearer A1", "Bearer A2"]


@pytest.mark.parametrize(
    "body", [None, [], {}, {"BatchItemResponse": {}}, {"BatchItemResponse": [{}]}]
)
async def test_a_batch_answer_of_another_shape_leaves_all_unknown(
    bench: QboBench, body: Any
) -> None:
    _, outcomes = await scripted(bench, ("A", "B"), (200, body))
    assert all(isinstance(outcome, Unknown) for outcome in outcomes)


async def test_the_answer_of_another_record_is_not_taken(bench: QboBench) -> None:
    created = shown(await one(bench.connector, creates("Mine")[0]))
    server = Scripted((200, vendor("99999", "Not mine")))
    async with serving(server.handle) as url:
        connector = bench.reopen(base_url=url, token_url=url + TOKEN_PATH)
        single = write(Action.UPDATE, Kind.VENDOR, {"phone": "1"}, of=created)
        (outcome,) = await connector.write(request(connector, single))
        await connector.close()
    assert isinstance(outcome, Unknown)


async def test_F19_something_gone_is_told_from_the_record_itself_being_gone(
    bench: QboBench,
) -> None:
    created = shown(await one(bench.connector, creates("Still here")[0]))
    body = refused("610")
    single = write(Action.UPDATE, Kind.VENDOR, {"phone": "1"}, of=created)
    bench.fault("status", status=400, body=body, method="POST")
    outcome = await one(bench.connector, single, number=2)
    assert isinstance(outcome, Rejected)
    assert outcome.refusal is RefusalKind.INVALID, "the record is there, so it is something else"
    gone = Observation(
        ref=type(created.ref)(created.ref.system, Kind.VENDOR, "987654"),
        version="0",
        record=created.record,
    )
    single = write(Action.UPDATE, Kind.VENDOR, {"phone": "1"}, of=gone)
    outcome = await one(bench.connector, single, number=3)
    assert isinstance(outcome, Rejected)
    assert outcome.refusal is RefusalKind.STALE
