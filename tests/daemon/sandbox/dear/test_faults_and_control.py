"""Scripted faults over real sockets, the request log, and edits as a person would make them."""

import aiohttp
import pytest

from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.world import make_world
from tests.daemon.sandbox.dear.client import CUSTOMER, PRODUCT, SUPPLIER, Dear
from tests.jumpclock import JumpClock


async def test_lost_request_does_nothing(dear: Dear) -> None:
    dear.faults.extend([{"system": "dear", "kind": "lost_request", "method": "POST"}])
    with pytest.raises(aiohttp.ClientError):
        await dear.post("customer", CUSTOMER)
    assert await dear.rows("customer", Name="Test") == []
    assert (await dear.post("customer", CUSTOMER)).status == 200


async def test_lost_reply_leaves_the_record(dear: Dear) -> None:
    dear.faults.extend([{"system": "dear", "kind": "lost_reply", "method": "POST"}])
    with pytest.raises(aiohttp.ClientError):
        await dear.post("supplier", SUPPLIER)
    assert len(await dear.rows("supplier", Name="Test Supplier")) == 1
    assert [row["status"] for row in dear.log.rows if row["method"] == "POST"] == [0]


async def test_truncated_body(dear: Dear) -> None:
    dear.faults.extend([{"system": "dear", "kind": "truncated_body", "path": "*/product"}])
    with pytest.raises(aiohttp.ClientError):
        await dear.get("product")
    assert (await dear.get("product")).status == 200


async def test_slow_answers_take_the_twins_time(dear: Dear) -> None:
    before = dear.clock.monotonic()
    dear.faults.extend([{"system": "dear", "kind": "slow", "seconds": 90}])
    assert (await dear.get("me")).status == 200
    assert dear.clock.monotonic() == before + 90


async def test_status_html_and_error_with_200(dear: Dear) -> None:
    dear.faults.extend(
        [
            {"system": "dear", "kind": "status", "status": 502, "body": "<html>Bad gateway"},
            {"system": "dear", "kind": "html_200"},
            {"system": "dear", "kind": "fault_200", "body": "Service is not ready"},
        ]
    )
    bad = await dear.put("supplier", {})
    assert (bad.status, bad.text) == (502, "<html>Bad gateway")
    page = await dear.get("supplier")
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    error = await dear.get("supplier")
    assert error.status == 200
    assert error.json == [{"ErrorCode": 400, "Exception": "Service is not ready"}]


@pytest.mark.parametrize(
    ("flavour", "status"), [("", 429), ("429_bare", 429), ("503_bare", 503), ("400_model", 400)]
)
async def test_throttle_on_demand(dear: Dear, flavour: str, status: int) -> None:
    dear.faults.extend([{"system": "dear", "kind": "throttle", "flavour": flavour}])
    assert (await dear.post("ref/brand", {"Name": "New"})).status == status
    assert (await dear.post("ref/brand", {"Name": "New"})).status == 200


async def test_page_that_repeats_or_shifts_or_comes_back_empty(dear: Dear) -> None:
    first = await dear.rows("product", Page="1", Limit="5")
    second = await dear.rows("product", Page="2", Limit="5")
    for kind in ("repeat_page", "shift_page", "drop_page"):
        dear.faults.extend([{"system": "dear", "kind": kind, "query": "*page=2*"}])
    repeated = (await dear.get("product", Page="2", Limit="5")).json
    assert repeated["Products"] == first
    assert repeated["Page"] == 2
    shifted = await dear.rows("product", Page="2", Limit="5")
    assert shifted[:4] == second[1:]
    dropped = (await dear.get("product", Page="2", Limit="5")).json
    assert dropped["Products"] == []
    assert dropped["Total"] > 5
    assert await dear.rows("product", Page="2", Limit="5") == second


async def test_faults_of_another_system_are_refused_loudly(dear: Dear) -> None:
    dear.faults.extend([{"system": "dear", "kind": "invalid_grant"}])
    reply = await dear.get("me")
    assert reply.status == 501
    assert "invalid_grant" in reply.errors[0]


async def test_the_log_tells_what_was_done(dear: Dear) -> None:
    made = await dear.made("product", PRODUCT)
    await dear.changed("product", {"ID": made["ID"], "Tags": "x"})
    await dear.post("product", PRODUCT)
    await dear.send("GET", "me", headers={})
    rows = (await dear.get("/_sandbox/log")).json
    assert [(row["method"], row["status"]) for row in rows] == [
        ("POST", 200),
        ("PUT", 200),
        ("POST", 400),
        ("GET", 403),
    ]
    assert rows[0]["created"] == rows[1]["changed"] == [f"product/{made['ID']}"]
    assert rows[2]["created"] == []
    assert rows[0]["summary"] == "post product"
    text = str(rows)
    assert dear.twin.credentials["application_key"] not in text


async def test_faults_are_added_over_http(dear: Dear) -> None:
    rules = [{"system": "dear", "kind": "status", "status": 500}]
    assert (await dear.send("POST", "/_sandbox/faults", rules)).json == {"pending": 1}
    assert (await dear.get("me")).status == 500


async def test_a_person_edits(dear: Dear) -> None:
    made = await dear.made("product", PRODUCT)
    dear.clock.advance(30)
    reply = await dear.edit(
        {"kind": "item", "sku": "tst-1", "set": {"PriceTier1": 15, "Name": "Renamed"}}
    )
    assert reply.status == 200
    shown = (await dear.rows("product", ModifiedSince=made["LastModifiedOn"]))[0]
    assert (shown["ID"], shown["PriceTier1"], shown["Name"]) == (made["ID"], 15, "Renamed")
    assert shown["LastModifiedOn"] == "2026-03-02T15:00:30Z"


async def test_a_person_edits_addresses(dear: Dear) -> None:
    made = await dear.made("supplier", SUPPLIER)
    rows = [{"Line1": "2 Dock Avenue", "Country": "USA", "Type": "Billing"}]
    order = {"kind": "vendor", "name": "Test Supplier", "set": {"Addresses": rows}}
    assert (await dear.edit(order)).status == 200
    shown = (await dear.rows("supplier", ID=made["ID"]))[0]["Addresses"]
    assert shown[0]["Line1"] == "2 Dock Avenue"
    assert shown[0]["ID"]


async def test_a_person_leaves_what_the_api_would_refuse(dear: Dear) -> None:
    order = {"kind": "product", "create": {"SKU": "ODD", "Name": "Odd", "Type": "Stock"}}
    assert (await dear.edit(order)).status == 200
    odd = (await dear.rows("product", Sku="ODD"))[0]
    assert odd["Category"] is None
    made = (await dear.edit({"kind": "customer", "create": {"Name": "Walk-in"}})).json
    assert (await dear.rows("customer", ID=made["_id"]))[0]["PaymentTerm"] is None


async def test_products_are_deleted_on_screen_once_deprecated(dear: Dear) -> None:
    made = await dear.made("product", PRODUCT)
    order = {"kind": "product", "id": made["ID"], "delete": True}
    refused = await dear.edit(order)
    assert refused.status == 400
    assert "not deprecated" in refused.json["error"]
    await dear.edit({"kind": "product", "id": made["ID"], "set": {"Status": "Deprecated"}})
    assert (await dear.edit(order)).json == {}
    assert await dear.rows("product", ID=made["ID"], IncludeDeprecated="1") == []
    assert (await dear.put("product", {"ID": made["ID"], "Tags": "x"})).status == 400


@pytest.mark.parametrize(
    "order",
    [
        [],
        {"kind": "invoice", "set": {}},
        {"kind": "product", "sku": "SAMPLE-11", "set": {"Colour": "red"}},
        {"kind": "product", "sku": "SAMPLE-11", "set": {}},
        {"kind": "product", "sku": "nobody", "set": {"Name": "x"}},
        {"kind": "product", "set": {"Name": "x"}},
        {"kind": "category", "name": "Irrigation", "delete": True},
    ],
)
async def test_senseless_edits_are_refused(dear: Dear, order: object) -> None:
    reply = await dear.edit(order)
    assert reply.status == 400
    assert reply.json["error"]


async def test_state_dump_shows_everything(dear: Dear) -> None:
    rows = (await dear.get("/_sandbox/state/product")).json
    assert any(row["Status"] == "Deprecated" for row in rows)
    assert len(rows) > len(await dear.rows("product", Limit="1000"))
    assert any(row["Suppliers"] for row in rows)
    assert (await dear.get("/_sandbox/state/item")).json == rows
    assert (await dear.get("/_sandbox/state/me")).json[0]["Currency"] == "USD"
    assert (await dear.get("/_sandbox/state/invoice")).status == 400
    assert (await dear.get("/_sandbox/nothing")).status == 404


async def test_the_same_seed_is_the_same_company() -> None:
    def dump(seed: int) -> list[object]:
        clock = JumpClock()
        world = make_world(seed, "small")
        twin = DearTwin(world, clock=clock, faults=FaultScript(), log=RequestLog(clock))
        return [twin.state.dump(kind) for kind in twin.state.tables]

    assert dump(7) == dump(7)
    assert dump(7) != dump(8)


async def test_seeded_records_pass_the_apis_own_checks(dear: Dear) -> None:
    for path in ("supplier", "customer", "product"):
        for row in await dear.rows(path, Limit="1000", IncludeDeprecated="1"):
            reply = await dear.put(path, {**row, "LastModifiedOn": None})
            assert reply.status == 200, (row["Name"], reply.text)


async def test_a_person_may_save_at_the_worst_moment(dear: Dear) -> None:
    made = await dear.made("supplier", SUPPLIER)

    def save(method: str, path: str) -> None:
        if (method, path) == ("PUT", "supplier"):
            row = dear.twin.state["supplier"].get(made["ID"])
            assert row is not None
            dear.twin.state.change("supplier", row, {"TaxNumber": "77"})

    dear.twin.interfere = save
    changed = await dear.changed("Supplier", {"ID": made["ID"], "Comments": "mine"})
    assert (changed["Comments"], changed["TaxNumber"]) == ("mine", "77")


async def test_switches_are_flipped_while_serving(dear: Dear) -> None:
    flipped = await dear.send("POST", "/_sandbox/switches", {"native_link": "connected"})
    assert flipped.json["native_link"] == "connected"
    assert (await dear.put("ref/account", {"Code": "590"})).status == 400
    for wrong in ({"throttle": "418"}, {"no_such": 1}, {"page_cap": "5"}, {"totals": 1}):
        refused = await dear.send("POST", "/_sandbox/switches", wrong)
        assert refused.status == 400
        assert next(iter(wrong)) in refused.json["error"]
    assert (await dear.send("POST", "/_sandbox/switches", {"page_cap": 2})).status == 200
    assert len(await dear.rows("product")) == 2


async def test_error_with_200_in_any_shape(dear: Dear) -> None:
    body = {"ErrorCode": 500, "Exception": "Fault"}
    dear.faults.extend([{"system": "dear", "kind": "fault_200", "body": body}])
    reply = await dear.get("me")
    assert (reply.status, reply.json) == (200, body)


async def test_suppliers_deleted_on_screen_leave_the_products(dear: Dear) -> None:
    made = await dear.made("supplier", SUPPLIER)
    await dear.made("product", {**PRODUCT, "Suppliers": [{"SupplierID": made["ID"]}]})
    await dear.changed("supplier", {"ID": made["ID"], "Status": "Deprecated"})
    order = {"kind": "supplier", "id": made["ID"], "delete": True}
    assert (await dear.edit(order)).status == 200
    shown = (await dear.rows("product", Sku="TST-1", IncludeSuppliers="1"))[0]
    assert shown["Suppliers"] == []
