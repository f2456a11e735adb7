"""The query language: grammar, whitelists, default orders, pages, counts, escapes."""

import pytest

from tests.daemon.sandbox.qbo.client import Client

SALES = {"value": "79"}


async def test_shape_of_an_answer(client: Client) -> None:
    found = await client.query("SELECT * FROM Term")
    assert set(found) == {"Term", "startPosition", "maxResults"}
    assert found["startPosition"] == 1
    assert found["maxResults"] == len(found["Term"]) == 6
    assert found["Term"][0]["domain"] == "QBO"


async def test_no_hits_and_counts(client: Client) -> None:
    assert await client.query("select * from Vendor where DisplayName = 'nobody'") == {}
    assert await client.query("select * from Vendor startposition 9999") == {}
    count = await client.query("select count(*) from Account")
    assert set(count) == {"totalCount"}
    assert await client.query("select COUNT(*) from Vendor where Id = '99999'") == {"totalCount": 0}


async def test_keywords_entities_and_properties_in_any_case(client: Client) -> None:
    one = await client.query("SeLeCt * FrOm vendor WhErE Metadata.LastUpdatedTime > '2001-01-01'")
    two = await client.query("select * from Vendor")
    assert one == two


async def test_post_and_get_agree(client: Client) -> None:
    text = "select * from Account where AccountType = 'Bank'"
    posted = await client.send("POST", "query", text, content_type="application/text")
    assert posted.body["QueryResponse"] == await client.query(text)
    wrong = await client.send("POST", "query", text, content_type="application/json")
    assert wrong.code == "1050"


async def test_names_compare_without_case_and_like_knows_percent_only(client: Client) -> None:
    exact = await client.query("select * from Account where Name = 'checking'")
    assert [a["Name"] for a in exact["Account"]] == ["Checking"]
    like = await client.query("select * from Account where Name like 'ACCOUNTS%able%'")
    assert {a["Id"] for a in like["Account"]} == {"33", "84"}
    assert await client.query("select * from Account where Name like 'Check_ng'") == {}


async def test_F54_apostrophes_are_escaped_with_a_backslash(client: Client) -> None:
    await client.create("Vendor", DisplayName=r"Amy's \ Pans")
    found = await client.query(r"select * from Vendor where DisplayName = 'Amy\'s \\ Pans'")
    assert len(found["Vendor"]) == 1
    doubled = await client.get("query", query="select * from Vendor where DisplayName = 'Amy''s'")
    assert (doubled.status, doubled.code) == (400, "4000")


async def test_inactive_records_are_hidden_until_asked_for(client: Client) -> None:
    default = await client.query("select count(*) from Vendor")
    both = await client.query("select count(*) from Vendor where Active in (true, false)")
    gone = await client.query("select * from Vendor where Active = false")
    quoted = await client.query("select * from Vendor where Active = 'false'")
    assert gone == quoted
    assert both["totalCount"] == default["totalCount"] + len(gone["Vendor"])
    assert len(gone["Vendor"]) == 2


async def test_default_orders(client: Client) -> None:
    accounts = (await client.query("select * from Account maxresults 1000"))["Account"]
    names = [a["Name"] for a in accounts]
    assert names == sorted(names)
    customers = (await client.query("select * from Customer"))["Customer"]
    full = [c["FullyQualifiedName"] for c in customers]
    assert full == sorted(full)


async def test_explicit_orders_and_numeric_ids(client: Client) -> None:
    found = await client.query("select Id from Item orderby Id desc maxresults 1000")
    ids = [int(i["Id"]) for i in found["Item"]]
    assert ids == sorted(ids, reverse=True)
    later = await client.query("select Id from Item where Id > '9' order by Id asc")
    assert later["Item"][0]["Id"] == "10"
    client.twin.switches.id_order = "text"
    as_text = await client.query("select Id from Account where Id > '8' orderby Id")
    assert {i["Id"][0] for i in as_text["Account"]} == {"8", "9"}


async def test_pages_do_not_overlap_and_end_short(client: Client) -> None:
    seen: list[str] = []
    start = 1
    for _ in range(20):
        page = await client.query(
            f"select * from Account orderby Id startposition {start} maxresults 20"
        )
        seen += [a["Id"] for a in page.get("Account", [])]
        if page.get("maxResults", 0) < 20:
            break
        start += 20
    assert (
        len(seen)
        == len(set(seen))
        == (await client.query("select count(*) from Account"))["totalCount"]
    )


async def test_hundred_by_default_and_either_order_of_page_words(client: Client) -> None:
    for number in range(102):
        client.twin.state.insert(
            client.twin.state.get("Term", "1").spec,  # type: ignore[union-attr]
            str(100 + number),
            {"Name": f"T{number}", "Active": True},
            client.twin.state.now(),
        )
    assert len((await client.query("select * from Term"))["Term"]) == 100
    one = await client.query("select * from Term maxresults 5 startposition 3")
    two = await client.query("select * from Term startposition 3 maxresults 5")
    assert one == two
    assert one["startPosition"] == 3


async def test_sku_projection_of_old_clients(client: Client) -> None:
    found = await client.query("SELECT *, Sku FROM Item WHERE Name = 'Pump' MAXRESULTS 1000")
    assert found["Item"][0]["UnitPrice"] == 15
    assert "DeferredRevenue" not in found["Item"][0]


async def test_projection_holds_the_fields_asked_for(client: Client) -> None:
    found = await client.query("select Id, SyncToken, MetaData.CreateTime from Item where Id = '5'")
    assert found["Item"] == [
        {
            "Id": "5",
            "SyncToken": "0",
            "MetaData": {"CreateTime": found["Item"][0]["MetaData"]["CreateTime"]},
            "domain": "QBO",
            "sparse": True,
        }
    ]


async def test_filters_of_several_kinds(client: Client) -> None:
    both = await client.query("select Id from Item where Type = 'Inventory' and Sku = ''")
    assert both == {}
    by_ids = await client.query("select Id from Item where Id in ('5', '11', '99999')")
    assert {i["Id"] for i in by_ids["Item"]} == {"5", "11"}
    sub = await client.query("select * from Account where SubAccount = true and ParentRef = '12'")
    assert {a["Id"] for a in sub["Account"]} == {"69", "70", "71"}
    rich = await client.query("select Id from Account where CurrentBalance > '1000'")
    assert [a["Id"] for a in rich["Account"]] == ["35"]


async def test_times_with_offsets_and_plain_dates(client: Client) -> None:
    await client.create("Vendor", DisplayName="Probe")
    for literal in ("2026-05-05T02:14:00-07:00", "2026-05-05T09:14:00Z", "2026-05-05"):
        found = await client.query(
            f"select * from Vendor where MetaData.LastUpdatedTime >= '{literal}'"
        )
        assert [v["DisplayName"] for v in found["Vendor"]] == ["Probe"]
    none = await client.query(
        "select * from Vendor where MetaData.LastUpdatedTime > '2026-05-05T02:14:00-07:00'"
    )
    assert none == {}


@pytest.mark.parametrize(
    ("statement", "code", "detail"),
    [
        ("select", "4000", 'QueryParserError: Encountered " "<EOF>" "<EOF> "" at line 1, column 7'),
        ("select * from Item where Name = 'a' or Name = 'b'", "4000", 'Encountered " "or"'),
        ("select * from Item where Name != 'a'", "4000", "QueryParserError"),
        ("select * from Item where not Name = 'a'", "4000", "QueryParserError"),
        ("select * from Item where Name = null", "4000", 'Encountered " "null"'),
        ("select * from Item group by Name", "4000", "QueryParserError"),
        ("select * from Item, Vendor", "4000", "QueryParserError"),
        ("select * from Item maxresults 0", "4001", "value 0 is too small. Min allowed value is 1"),
        ("select * from Item where Description = 'a'", "4001", "'Description' is not queryable"),
        ("select * from Item where Colour = 'a'", "4001", "Property Colour not found for Entity"),
        ("select * from Item orderby Sku", "4001", "'Sku' is not queryable"),
        ("select Colour from Item", "4001", "Property Colour not found"),
        ("select * from Widget", "4001", "Invalid context declaration"),
        ("select * from Item where MetaData.CreateTime > 'soon'", "4001", "not valid"),
        ("select * from Estimate", "500", "not simulated by this sandbox"),
    ],
)
async def test_refused_statements(client: Client, statement: str, code: str, detail: str) -> None:
    answer = await client.get("query", query=statement)
    assert answer.code == code
    assert detail in answer.error["Detail"]


async def test_switches_of_the_page_words(client: Client) -> None:
    assert (await client.query("select * from Term startposition 0"))["maxResults"] == 6
    assert (await client.query("select * from Term maxresults 5000"))["maxResults"] == 6
    client.twin.switches.start_position_zero = "fault"
    client.twin.switches.oversized_page = "fault"
    for text in ("startposition 0", "maxresults 5000"):
        answer = await client.get("query", query=f"select * from Term {text}")
        assert answer.code == "4001"


async def test_reference_data_can_be_queried(client: Client) -> None:
    codes = await client.query("select * from TaxCode")
    assert {"TAX", "NON", "CustomSalesTax", "2", "3"} == {c["Id"] for c in codes["TaxCode"]}
    rates = await client.query("select * from TaxRate where Name = 'California'")
    assert rates["TaxRate"][0]["RateValue"] == 8
    for entity in ("TaxAgency", "CompanyInfo", "Preferences", "Class", "PaymentMethod"):
        assert (await client.query(f"select * from {entity}"))[entity]
