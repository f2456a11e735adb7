"""The books' webhooks: who is told what, in which form, and how often it is tried."""

import base64
from typing import Any

import pytest

from daemon.sandbox.qbo import control
from daemon.sandbox.qbo.notices import RETRIES
from tests.daemon.sandbox.listening import Ear, is_signed, listening
from tests.daemon.sandbox.qbo.client import Client


async def connect(client: Client, ear: Ear, **switches: Any) -> None:
    given = {"webhook_url": ear.url, **switches}
    async with client.session.post(f"{client.url}/_sandbox/switches", json=given) as answer:
        assert answer.status == 200, await answer.text()


async def edit(client: Client, **order: Any) -> Any:
    async with client.session.post(f"{client.url}/_sandbox/edit", json=order) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


def entities(told: list[Any]) -> list[tuple[str, str]]:
    """Entity and operation of every event of the old format."""
    return [
        (entity["name"], entity["operation"])
        for body in told
        for one in body["eventNotifications"]
        for entity in one["dataChangeEvent"]["entities"]
    ]


def types(told: list[Any]) -> list[str]:
    return [event["type"] for body in told for event in body]


async def test_without_an_address_nothing_is_kept(client: Client) -> None:
    await edit(client, kind="vendor", create={"DisplayName": "Quiet Ltd"})
    async with client.session.get(f"{client.url}/_sandbox/notices") as answer:
        shown = await answer.json()
    assert shown == {"gathered": 0, "waiting": 0, "statuses": [], "given_up": False}


async def test_the_old_format_tells_entities_of_one_company(client: Client) -> None:
    async with listening() as ear:
        await connect(client, ear, webhook_format="notifications")
        made = await edit(client, kind="vendor", create={"DisplayName": "Told Ltd"})
        await edit(client, kind="vendor", id=made["id"], inactivate=True)
        await ear.until("both", lambda: len(entities(ear.told)) == 2)
        headers, body = ear.heard[0]
        assert is_signed(headers, body, client.twin.switches.webhook_token)
        assert entities(ear.told) == [("Vendor", "Create"), ("Vendor", "Delete")]
        (one,) = ear.told[0]["eventNotifications"]
        assert one["realmId"] == client.twin.state.company.realm_id
        assert one["dataChangeEvent"]["entities"][0]["id"] == made["id"]


async def test_cloud_events_are_a_list_each_with_an_id(client: Client) -> None:
    async with listening() as ear:
        await connect(client, ear)
        first = await edit(client, kind="vendor", create={"DisplayName": "One Ltd"})
        second = await edit(client, kind="vendor", create={"DisplayName": "Two Ltd"})
        await edit(client, kind="vendor", id=second["id"], merge=first["id"])
        await ear.until("all three", lambda: len(types(ear.told)) == 3)
        assert types(ear.told) == [
            "qbo.vendor.created.v1",
            "qbo.vendor.created.v1",
            "qbo.vendor.merged.v1",
        ]
        events = [event for body in ear.told for event in body]
        assert len({event["id"] for event in events}) == 3
        assert events[-1]["data"] == {"deletedId": second["id"]}
        assert {event["intuitaccountid"] for event in events} == {
            client.twin.state.company.realm_id
        }
        assert base64.b64decode(events[0]["source"].removeprefix("intuit."))


async def test_what_is_not_in_the_table_is_not_told(client: Client) -> None:
    async with listening() as ear:
        await connect(client, ear)
        await edit(
            client,
            kind="tax_code",
            create={
                "TaxCode": "X9",
                "TaxRateDetails": [
                    {
                        "TaxRateName": "X9",
                        "RateValue": "9",
                        "TaxAgencyId": "1",
                        "TaxApplicableOn": "Sales",
                    }
                ],
            },
        )
        await edit(client, kind="vendor", create={"DisplayName": "After Ltd"})
        await ear.until("the vendor", lambda: ear.heard)
        assert types(ear.told) == ["qbo.vendor.created.v1"]


@pytest.mark.parametrize(
    ("fate", "letters"),
    [("duplicate", [["A", "B"], ["A", "B"]]), ("reorder", [["B"], ["A"]])],
)
async def test_notices_come_twice_or_in_disorder(
    client: Client, fate: str, letters: list[list[str]]
) -> None:
    async with listening() as ear:
        await connect(client, ear, webhook_fate=fate)
        ids = {}
        for name in "AB":  # at one instant, so that they are gathered
            order = {"kind": "vendor", "create": {"DisplayName": f"{name} Ltd"}}
            ids[control.edit(client.twin.state, order)["id"]] = name
        await ear.until("two letters", lambda: len(ear.heard) == 2)
        assert [[ids[event["intuitentityid"]] for event in body] for body in ear.told] == letters


async def test_dropped_notices_never_come(client: Client) -> None:
    async with listening() as ear:
        await connect(client, ear, webhook_fate="drop")
        await edit(client, kind="vendor", create={"DisplayName": "Lost Ltd"})
        await connect(client, ear, webhook_fate="deliver")
        made = await edit(client, kind="vendor", create={"DisplayName": "Heard Ltd"})
        await ear.until("the second", lambda: ear.heard)
        assert ear.told[0][-1]["intuitentityid"] == made["id"]


async def test_what_is_not_answered_is_sent_again(client: Client) -> None:
    async with listening() as ear:
        ear.answers = [500, 401, 503]
        await connect(client, ear)
        await edit(client, kind="vendor", create={"DisplayName": "Again Ltd"})
        await ear.until("four times", lambda: len(ear.heard) == 4)
        assert len({body for _, body in ear.heard}) == 1


async def test_an_endpoint_that_never_answers_is_given_up_until_it_is_entered_anew(
    client: Client,
) -> None:
    async with listening() as ear:
        ear.answers = [500] * (len(RETRIES) + 1)
        await connect(client, ear)
        await edit(client, kind="vendor", create={"DisplayName": "Deaf Ltd"})
        await ear.until("every try", lambda: len(ear.heard) == len(RETRIES) + 1)
        while not client.twin.postman.given_up:
            async with client.session.get(f"{client.url}/_sandbox/notices") as answer:
                await answer.read()
        assert client.twin.postman.statuses == [500] * (len(RETRIES) + 1)
        await connect(client, ear)
        await edit(client, kind="vendor", create={"DisplayName": "Better Ltd"})
        await ear.until("it is tried again", lambda: len(ear.heard) == len(RETRIES) + 2)
