"""The control plane: edits as a user makes them, dumps, the log, faults."""

from daemon.sandbox.qbo.control import KINDS
from tests.daemon.sandbox.qbo.client import Client
from tests.daemon.sandbox.qbo.documents import expense, vendor

SINCE = "2026-05-05T02:14:00-07:00"


async def test_an_edit_needs_no_version_and_shows_up_in_change_data(client: Client) -> None:
    client.clock.advance(5)
    answer = await client.control("edit", {"kind": "item", "id": "11", "set": {"UnitPrice": 17.5}})
    assert answer.status == 200
    assert answer.body["record"]["UnitPrice"] == 17.5
    (group,) = await client.cdc("Item", SINCE)
    assert [(i["Id"], i["SyncToken"]) for i in group["Item"]] == [("11", "1")]


async def test_edits_follow_the_rules(client: Client) -> None:
    taken = {"kind": "vendor", "create": {"DisplayName": "Hillside Garden Center"}}
    answer = await client.control("edit", taken)
    assert (answer.status, answer.code) == (400, "6240")
    orders: list[object] = [{"kind": "widget", "id": "1", "set": {}}, {"kind": "item"}, []]
    for order in orders:
        refused = await client.control("edit", order)
        assert refused.status == 400
        assert "an edit" in refused.body["error"]
    missing = await client.control("edit", {"kind": "item", "id": "9999", "set": {}})
    assert missing.code == "610"


async def test_create_and_inactivate_as_a_user_always_renames(client: Client) -> None:
    client.twin.switches.rename_on_inactivate = False
    made = await client.control("edit", {"kind": "vendor", "create": {"DisplayName": "New Vendor"}})
    for action in ("inactivate", "delete"):
        made = await client.control(
            "edit", {"kind": "vendor", "create": {"DisplayName": f"To {action}"}}
        )
        order = {"kind": "vendor", "id": made.body["id"], action: True}
        gone = (await client.control("edit", order)).body["record"]
        assert gone["DisplayName"] == f"To {action} (deleted)"
        assert gone["Active"] is False


async def test_transactions_can_be_deleted_and_tax_codes_renamed(client: Client) -> None:
    seller = await client.create("Vendor", DisplayName="Seller")
    bill = await client.create(
        "Bill",
        VendorRef={"value": seller["Id"]},
        Line=[
            {
                "Amount": 5,
                "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
            }
        ],
    )
    order = {"kind": "bill", "id": bill["Id"], "delete": True}
    assert (await client.control("edit", order)).body["record"]["status"] == "Deleted"
    renamed = await client.control(
        "edit", {"kind": "tax_code", "id": "2", "set": {"Name": "California 2026"}}
    )
    assert renamed.body["record"]["SyncToken"] == "1"
    assert (await client.read("TaxCode", "2"))["Name"] == "California 2026"
    wrong = await client.control("edit", {"kind": "tax_code", "id": "2", "set": {"Rate": 1}})
    assert wrong.status == 400
    details = [{"TaxRateId": "3"}]
    made = await client.control(
        "edit", {"kind": "tax_code", "create": {"TaxCode": "New", "TaxRateDetails": details}}
    )
    assert made.body["record"]["Name"] == "New"


async def test_dump_shows_everything_of_each_kind(client: Client) -> None:
    for kind in KINDS:
        answer = await client.control(f"state/{kind}")
        assert answer.status == 200
        assert all(record["domain"] == "QBO" for record in answer.body)
    vendors = (await client.control("state/vendor")).body
    assert sum(1 for v in vendors if not v["Active"]) == 2
    assert (await client.control("state/widget")).status == 404


async def test_log_and_faults_over_the_wire(client: Client) -> None:
    wrong = await client.control("faults", [{"system": "xero", "kind": "gone", "tims": 1}])
    assert wrong.status == 400
    for part in ("unknown key 'tims'", "unknown system 'xero'", "unknown kind 'gone'"):
        assert part in wrong.body["error"]
    rule = {"system": "qbo", "kind": "status", "status": 500}
    assert (await client.control("faults", [rule])).body == {"pending": 1}
    assert (await client.get("preferences")).status == 500
    await client.post("vendor", {"DisplayName": "Probe"}, requestid="r-1")
    rows = (await client.control("log?after=1")).body
    assert [(r["n"], r["summary"], r["request_id"]) for r in rows] == [(2, "create vendor", "r-1")]
    assert rows[0]["created"][0].startswith("vendor/")
    assert (await client.control("log?after=x")).status == 400
    cleared = await client.send("DELETE", f"{client.url}/_sandbox/faults")
    assert cleared.body == {"pending": 0}


async def test_switches_over_the_wire(client: Client) -> None:
    shown = (await client.control("switches")).body
    assert (shown["batch_replay"], shown["core_plus_limit"]) == ("replay", None)
    given = {"sales_tax": "automated", "core_plus_limit": 5, "order_custom_fields": ["Crew #"]}
    answer = await client.control("switches", given)
    assert answer.status == 200
    assert {name: answer.body[name] for name in given} == given
    assert client.twin.switches.order_custom_fields == ("Crew #",)
    wrong: list[tuple[object, str]] = [
        ({"batch_replay": "maybe"}, "batch_replay is one of replay, refuse, execute_again"),
        ({"per_second": "9"}, "per_second must be of type int"),
        ({"core_plus_limit": True}, "core_plus_limit must be of type int or null"),
        ({"order_custom_fields": [1]}, "order_custom_fields must be a list of texts"),
        ({"colour": 1, "trim_names": 0}, "no switch 'colour'; trim_names must be of type bool"),
        ([], "switches are an object"),
    ]
    for body, text in wrong:
        refused = await client.control("switches", body)
        assert refused.status == 400
        assert text in refused.body["error"]
    assert (await client.control("switches")).body == answer.body


async def test_closing_the_books(client: Client) -> None:
    seller = await vendor(client)
    body = {"VendorRef": seller, "TxnDate": "2026-03-31", "Line": [expense("7", 5)]}
    close = {"kind": "company", "set": {"closed_until": "2026-03-31"}}
    closed = await client.control("edit", close)
    assert closed.status == 200
    preferences = (await client.get("preferences")).body["Preferences"]
    assert preferences["AccountingInfoPrefs"]["BookCloseDate"] == "2026-03-31"
    assert preferences["SyncToken"] == closed.body["record"]["SyncToken"] == "1"
    assert (await client.post("bill", body)).code == "6200"
    by_hand = await client.control("edit", {"kind": "bill", "create": body})
    assert by_hand.status == 200, "the bookkeeper may still write in a closed period"
    await client.control("edit", {"kind": "company", "set": {"closed_until": ""}})
    assert (await client.post("bill", body)).status == 200
    orders: list[dict[str, object]] = [
        {"set": {"closed_until": "soon"}},
        {"set": {"Name": "X"}},
        {"delete": True},
    ]
    for wrong in orders:
        assert (await client.control("edit", {"kind": "company", **wrong})).status == 400
