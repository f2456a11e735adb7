"""Public clients that know nothing of us drive the simulator over real HTTP."""

import asyncio
import json
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from daemon.sandbox.qbo.app import QboTwin
from tests.browser import press
from tests.daemon.sandbox.qbo.client import Client

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from intuitlib.client import AuthClient
    from intuitlib.enums import Scopes
    from intuitlib.exceptions import AuthClientError
    from quickbooks import QuickBooks
    from quickbooks.batch import batch_create, batch_update
    from quickbooks.cdc import change_data_capture
    from quickbooks.exceptions import (
        AuthorizationException,
        ObjectNotFoundException,
        QuickbooksException,
        UnsupportedException,
    )
    from quickbooks.objects.account import Account
    from quickbooks.objects.base import LinkedTxn, Ref
    from quickbooks.objects.bill import Bill
    from quickbooks.objects.customer import Customer
    from quickbooks.objects.detailline import (
        AccountBasedExpenseLine,
        AccountBasedExpenseLineDetail,
        ItemBasedExpenseLine,
        ItemBasedExpenseLineDetail,
        SalesItemLine,
        SalesItemLineDetail,
    )
    from quickbooks.objects.invoice import Invoice
    from quickbooks.objects.item import Item
    from quickbooks.objects.payment import Payment, PaymentLine
    from quickbooks.objects.purchaseorder import PurchaseOrder
    from quickbooks.objects.taxcode import TaxCode
    from quickbooks.objects.taxservice import TaxRateDetails, TaxService
    from quickbooks.objects.term import Term
    from quickbooks.objects.trackingclass import Class
    from quickbooks.objects.vendor import Vendor

T = TypeVar("T")


class Strangers:
    """``intuit-oauth`` and ``python-quickbooks``, configured as their manuals say."""

    def __init__(self, twin: QboTwin, url: str) -> None:
        credentials = twin.credentials
        self.auth = AuthClient(
            client_id=credentials["client_id"],
            client_secret=credentials["client_secret"],
            redirect_uri="http://localhost:8047/callback",
            environment=twin.addresses(url)["discovery_url"],
            refresh_token=credentials["refresh_token"],
        )
        self.qb = QuickBooks(
            auth_client=self.auth,
            refresh_token=credentials["refresh_token"],
            company_id=credentials["realm_id"],
            minorversion=75,
        )

    def close(self) -> None:
        self.auth.close()
        self.qb.session.close()


@pytest.fixture
async def run(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Strangers], T]], Any]:
    """Runs a synchronous story of the strangers in a thread beside the served simulator."""
    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{client.url}/v3")
    monkeypatch.setattr(QuickBooks, "sandbox_api_url_v3", f"{client.url}/v3")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    def story(tell: Callable[[Strangers], T]) -> T:
        strangers = Strangers(client.twin, client.url)
        try:
            return tell(strangers)
        finally:
            strangers.close()

    async def in_thread(tell: Callable[[Strangers], T]) -> T:
        return await asyncio.to_thread(story, tell)

    return in_thread


def ref(value: str) -> Ref:
    result = Ref()
    result.value = value
    return result


def item(name: str) -> Item:
    result = Item()
    result.Name = name
    result.Type = "Service"
    result.IncomeAccountRef = ref("79")
    return result


def invoice(customer: str) -> Invoice:
    line = SalesItemLine()
    line.Amount = 100
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = ref("5")
    result = Invoice()
    result.CustomerRef = ref(customer)
    result.Line.append(line)
    return result


def customer(name: str) -> Customer:
    result = Customer()
    result.DisplayName = name
    return result


async def test_create_read_query_update(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        made = item("Stranger's item").save(qb=qb)
        read = Item.get(made.Id, qb=qb)
        assert (read.Name, read.IncomeAccountRef.name) == (
            "Stranger's item",
            "Sales of Product Income",
        )
        (found,) = Item.filter(Name="Stranger's item", qb=qb)
        assert found.Id == made.Id
        found.UnitPrice = 12.5
        changed = found.save(qb=qb)
        assert (changed.UnitPrice, changed.SyncToken) == (12.5, "1")
        assert changed.save(qb=qb).SyncToken == "1"
        assert len(Account.all(qb=qb, max_results=1000)) > 60
        assert {t.Name for t in Term.all(qb=qb)} >= {"Net 30"}
        assert Item.count("Type = 'Inventory'", qb=qb) == 4
        assert [a.Id for a in Account.choose(["35", "36"], field="Id", qb=qb)] == ["35", "36"]
        assert TaxCode.get("NON", qb=qb).Name == "NON"

    await run(tell)


async def test_stale_and_duplicate_and_missing(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        made = customer("Stranger").save(qb=qb)
        first, second = Customer.get(made.Id, qb=qb), Customer.get(made.Id, qb=qb)
        first.Notes = "first"
        first.save(qb=qb)
        second.Notes = "second"
        with pytest.raises(QuickbooksException) as stale:
            second.save(qb=qb)
        assert stale.value.error_code == 5010
        vendor = Vendor()
        vendor.DisplayName = "STRANGER"
        with pytest.raises(QuickbooksException) as duplicate:
            vendor.save(qb=qb)
        assert duplicate.value.error_code == 6240
        assert "Another customer" in duplicate.value.detail
        with pytest.raises(ObjectNotFoundException):
            Vendor.get("999999", qb=qb)

    await run(tell)


async def test_full_objects_of_every_kind_survive_a_round_trip(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        for kind in (Account, Item, Vendor, Customer, Term, Class):
            for record in kind.all(qb=qb, max_results=1000):
                assert record.save(qb=qb).SyncToken == "0", (kind, record.Id)

    await run(tell)


async def test_change_data_capture(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        made = customer("Stranger").save(qb=qb)
        since = datetime(2026, 5, 5, 9, 0, tzinfo=UTC).isoformat()
        answer = change_data_capture([Customer, Vendor], since, qb=qb)
        assert [c.Id for c in answer.Customer] == [made.Id]
        assert not hasattr(answer, "Vendor")

    await run(tell)


async def test_batches(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        answer = batch_create([item(f"Batch {n}") for n in (1, 2, 1)], qb=qb)
        assert len(answer.successes) == 2
        assert [e.code for f in answer.faults for e in f.Error] == ["6240"]
        for number, record in enumerate(answer.successes):
            record.Name = f"Renamed {number}"
        changed = batch_update(answer.successes, qb=qb)
        assert [r.Name for r in changed.successes] == ["Renamed 0", "Renamed 1"]

    await run(tell)


async def test_invoice_delete_and_void(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        buyer = customer("Buyer").save(qb=qb)
        made = invoice(buyer.Id).save(qb=qb)
        assert (made.TotalAmt, made.Balance) == (100, 100)
        made.PrivateNote = "noted"
        made = made.save(qb=qb)
        assert made.SyncToken == "1"
        made.void(qb=qb)
        voided = Invoice.get(made.Id, qb=qb)
        assert (voided.TotalAmt, voided.Balance) == (0, 0)
        assert "Voided" in voided.PrivateNote
        voided.delete(qb=qb)
        with pytest.raises(ObjectNotFoundException):
            Invoice.get(made.Id, qb=qb)

    await run(tell)


async def test_bill_create_and_delete(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        line = AccountBasedExpenseLine()
        line.Amount = 42.5
        line.AccountBasedExpenseLineDetail = AccountBasedExpenseLineDetail()
        line.AccountBasedExpenseLineDetail.AccountRef = ref("7")
        vendor = Vendor()
        vendor.DisplayName = "Seller"
        bill = Bill()
        bill.VendorRef = ref(vendor.save(qb=qb).Id)
        bill.Line.append(line)
        made = bill.save(qb=qb)
        assert made.TotalAmt == 42.5
        made.delete(qb=qb)
        assert Bill.all(qb=qb) == []

    await run(tell)


def goods(quantity: int, price: float) -> ItemBasedExpenseLine:
    line = ItemBasedExpenseLine()
    line.Amount = quantity * price
    line.ItemBasedExpenseLineDetail = ItemBasedExpenseLineDetail()
    line.ItemBasedExpenseLineDetail.ItemRef = ref("11")
    line.ItemBasedExpenseLineDetail.Qty = quantity
    line.ItemBasedExpenseLineDetail.UnitPrice = price
    return line


async def test_order_with_linked_bills(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        seller = Vendor()
        seller.DisplayName = "Seller"
        seller = seller.save(qb=qb)
        order = PurchaseOrder()
        order.VendorRef, order.APAccountRef = ref(seller.Id), ref("33")
        order.Memo = "Two deliveries"
        order.Line.append(goods(10, 9.5))
        order = order.save(qb=qb)
        assert (order.TotalAmt, order.POStatus) == (95, "Open")
        bills: list[Bill] = []
        for quantity in (4, 6):
            line = goods(quantity, 9.5)
            link = LinkedTxn()
            link.TxnId, link.TxnType, link.TxnLineId = order.Id, "PurchaseOrder", order.Line[0].Id
            line.LinkedTxn.append(link)
            bill = Bill()
            bill.VendorRef = ref(seller.Id)
            bill.Line.append(line)
            bills.append(bill.save(qb=qb))
            assert bills[-1].Line[0].LinkedTxn[0].TxnId == order.Id
            assert bills[-1].save(qb=qb).SyncToken == "0"
        seen = PurchaseOrder.get(order.Id, qb=qb)
        assert (seen.POStatus, seen.SyncToken, len(seen.LinkedTxn)) == ("Closed", "2", 2)
        assert seen.save(qb=qb).SyncToken == "2"
        bills[-1].delete(qb=qb)
        assert PurchaseOrder.get(order.Id, qb=qb).POStatus == "Open"
        assert [o.Id for o in PurchaseOrder.filter(DocNumber=order.DocNumber, qb=qb)] == [order.Id]

    await run(tell)


async def test_invoice_and_payment(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        buyer = customer("Buyer").save(qb=qb)
        sold = invoice(buyer.Id).save(qb=qb)
        payment = Payment()
        payment.CustomerRef, payment.TotalAmt = ref(buyer.Id), 60
        line = PaymentLine()
        line.Amount = 60
        line.LinkedTxn.append(sold.to_linked_txn())
        payment.Line.append(line)
        made = payment.save(qb=qb)
        assert (made.UnappliedAmt, made.Line[0].LinkedTxn[0].TxnId) == (0, sold.Id)
        assert Invoice.get(sold.Id, qb=qb).Balance == 40
        read = Payment.get(made.Id, qb=qb)
        assert read.save(qb=qb).SyncToken == "0"
        read.void(qb=qb)
        voided = Payment.get(made.Id, qb=qb)
        assert (voided.TotalAmt, voided.SyncToken) == (0, "1")
        assert Invoice.get(sold.Id, qb=qb).Balance == 100

    await run(tell)


async def test_F01_request_id_creates_once(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        buyer = customer("Buyer").save(qb=qb)
        first = invoice(buyer.Id).save(qb=qb, request_id="request-1")
        second = invoice(buyer.Id).save(qb=qb, request_id="request-1")
        assert first.Id == second.Id
        assert Invoice.count(qb=qb) == 1

    await run(tell)


async def test_tax_service_and_lists_that_cannot_be_deleted(run: Any) -> None:
    def tell(strangers: Strangers) -> None:
        qb = strangers.qb
        rate = TaxRateDetails()
        rate.TaxRateName, rate.RateValue, rate.TaxAgencyId = "Harbor rate", "2.5", "1"
        service = TaxService()
        service.TaxCode = "Harbor"
        service.TaxRateDetails.append(rate)
        service.save(qb=qb)
        assert [c.Name for c in TaxCode.filter(Name="Harbor", qb=qb)] == ["Harbor"]
        body = json.dumps({"Id": "5", "SyncToken": "0"})
        with pytest.raises(UnsupportedException):
            qb.delete_object("Item", body)

    await run(tell)


async def test_token_life(run: Any, client: Client) -> None:
    def tell(strangers: Strangers) -> None:
        auth, qb = strangers.auth, strangers.qb
        assert auth.expires_in == 3600
        first = auth.access_token
        client.twin.tokens.expire_access_tokens()
        with pytest.raises(AuthorizationException):
            Item.get("5", qb=qb)
        auth.refresh()
        assert auth.access_token != first
        fresh = QuickBooks(
            auth_client=auth,
            refresh_token=auth.refresh_token,
            company_id=qb.company_id,
            minorversion=75,
        )
        assert Item.get("5", qb=fresh).Name == "Rock Fountain"
        fresh.session.close()
        assert auth.get_user_info().json()["sub"] == "sandbox-user"
        assert auth.revoke() is True
        with pytest.raises(AuthClientError) as refused:
            auth.refresh()
        assert refused.value.status_code == 400
        assert "invalid_grant" in str(refused.value.content)

    await run(tell)


async def test_consent_by_the_page_of_the_authorisation_address(run: Any, client: Client) -> None:
    before = client.twin.credentials["refresh_token"]

    def tell(strangers: Strangers) -> None:
        auth = strangers.auth
        address = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="state-1")
        location = asyncio.run(press(address))
        values = dict(pair.split("=", 1) for pair in location.split("?", 1)[1].split("&"))
        assert values["state"] == "state-1"
        auth.get_bearer_token(values["code"], realm_id=values["realmId"])
        assert auth.realm_id == strangers.qb.company_id
        assert auth.refresh_token != before
        with pytest.raises(AuthClientError):
            auth.get_bearer_token(values["code"], realm_id=values["realmId"])

    await run(tell)
