"""Bodies of documents in QuickBooks, companies, and writes of documents, for tests."""

from typing import Any

from daemon.connectors.jsontext import decode
from daemon.connectors.qbo.mapping.table import QBO, encode, to_record
from daemon.connectors.qbo.mapping.wire import Setting
from ledger.model.capabilities import LineTax
from ledger.model.facts import Observation
from ledger.model.ids import ExternalRef, Kind, OperationId
from ledger.model.outcomes import Write
from ledger.model.plans import Action
from ledger.model.values import Line, Value
from tests.daemon.connectors.qbo.papers import fields

ORDER, BILL, INVOICE = Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE
CLASSIC = Setting(taxes_by_code=False, sales_tax=LineTax.ONE, purchase_tax=LineTax.NONE)
AUTOMATED = Setting(taxes_by_code=False, sales_tax=LineTax.TAXED, purchase_tax=LineTax.NONE)
UNTAXED = Setting(taxes_by_code=False, sales_tax=LineTax.NONE, purchase_tax=LineTax.NONE)
ABROAD = Setting()
ABROAD_UNTAXED = Setting(sales_tax=LineTax.NONE, purchase_tax=LineTax.NONE)
META = (
    '"domain":"QBO","sparse":false,"MetaData":{"CreateTime":"2026-05-05T02:14:00-07:00",'
    '"LastModifiedByRef":{"value":"9341"},"LastUpdatedTime":"2026-05-05T02:14:00-07:00"}'
)
US_ORDER = (
    '{"EmailStatus":"NotSet","POStatus":"Open","Id":"162","SyncToken":"0",' + META + ","
    '"CustomField":[{"DefinitionId":"2","Name":"Job","Type":"StringType","StringValue":"Roof"},'
    '{"DefinitionId":"1","Name":"Crew #","Type":"StringType"}],'
    '"DocNumber":"1009","TxnDate":"2026-05-05",'
    '"CurrencyRef":{"value":"USD","name":"United States Dollar"},"LinkedTxn":[],'
    '"Line":[{"Id":"1","LineNum":1,"Description":"Office supplies","Amount":150,'
    '"DetailType":"AccountBasedExpenseLineDetail","AccountBasedExpenseLineDetail":'
    '{"AccountRef":{"value":"69","name":"Legal"},"BillableStatus":"NotBillable",'
    '"TaxCodeRef":{"value":"NON"}},"CustomExtensions":[]},'
    '{"Id":"2","LineNum":2,"Amount":0.30,"Received":0,"DetailType":"ItemBasedExpenseLineDetail",'
    '"ItemBasedExpenseLineDetail":{"ItemRef":{"value":"11"},"Qty":3,"UnitPrice":0.1,'
    '"ClassRef":{"value":"77"},"CustomerRef":{"value":"9"},"BillableStatus":"Billable",'
    '"TaxCodeRef":{"value":"NON"}},"CustomExtensions":[]}],'
    '"VendorRef":{"value":"56"},"APAccountRef":{"value":"33"},"TotalAmt":150.30,'
    '"Memo":"Test purchase order","ShipAddr":{"Id":"9","Line1":"Dock","City":"Hull","Lat":"1"}}'
)
US_BILL = (
    '{"Id":"163","SyncToken":"2",' + META + ',"DocNumber":"SI-1","TxnDate":"2026-05-05",'
    '"DueDate":"2026-06-04","SalesTermRef":{"value":"3"},"CurrencyRef":{"value":"USD"},'
    '"LinkedTxn":[{"TxnId":"162","TxnType":"PurchaseOrder"},'
    '{"TxnId":"170","TxnType":"BillPaymentCheck"},{"TxnId":"171","TxnType":"VendorCredit"}],'
    '"Line":[{"Id":"1","LineNum":1,"Amount":0.20,"LinkedTxn":[{"TxnId":"162",'
    '"TxnType":"PurchaseOrder","TxnLineId":"2"}],"DetailType":"ItemBasedExpenseLineDetail",'
    '"ItemBasedExpenseLineDetail":{"ItemRef":{"value":"11"},"Qty":2,"UnitPrice":0.1,'
    '"BillableStatus":"HasBeenBilled","TaxCodeRef":{"value":"NON"}}}],'
    '"VendorRef":{"value":"56"},"APAccountRef":{"value":"33"},"TotalAmt":0.20,"Balance":0.05,'
    '"PrivateNote":"Internal"}'
)
US_INVOICE = (
    '{"Id":"103","SyncToken":"4",' + META + ',"DocNumber":"1038","TxnDate":"2026-05-05",'
    '"DueDate":"2026-06-04","CurrencyRef":{"value":"USD"},"CustomField":[],"LinkedTxn":'
    '[{"TxnId":"145","TxnType":"Payment"},{"TxnId":"99","TxnType":"Estimate"}],'
    '"Line":[{"Id":"1","LineNum":1,"Amount":100,"DetailType":"SalesItemLineDetail",'
    '"SalesItemLineDetail":{"ItemRef":{"value":"5"},"Qty":1,"UnitPrice":100,'
    '"ItemAccountRef":{"value":"79"},"TaxCodeRef":{"value":"TAX"}}},'
    '{"Id":"2","LineNum":2,"Amount":50,"DetailType":"SalesItemLineDetail",'
    '"SalesItemLineDetail":{"ItemRef":{"value":"11"},"TaxCodeRef":{"value":"NON"}}},'
    '{"Id":"3","LineNum":3,"Description":"Fragile","DetailType":"DescriptionOnly",'
    '"DescriptionLineDetail":{}},'
    '{"Id":"4","LineNum":4,"Amount":7,"DetailType":"SalesItemLineDetail",'
    '"SalesItemLineDetail":{"ItemRef":{"value":"SHIPPING_ITEM_ID"},"TaxCodeRef":{"value":"NON"}}},'
    '{"Id":"5","LineNum":5,"DetailType":"GroupLineDetail","GroupLineDetail":{"Quantity":1,'
    '"GroupItemRef":{"value":"40"},"Line":[{"Id":"6","Amount":1.5,"DetailType":'
    '"SalesItemLineDetail","SalesItemLineDetail":{"ItemRef":{"value":"5"}}},'
    '{"Id":"7","Amount":2,"DetailType":"SalesItemLineDetail",'
    '"SalesItemLineDetail":{"ItemRef":{"value":"11"}}}]}},'
    '{"Amount":160.5,"DetailType":"SubTotalLineDetail","SubTotalLineDetail":{}},'
    '{"Amount":10.5,"DetailType":"DiscountLineDetail",'
    '"DiscountLineDetail":{"PercentBased":false}}],'
    '"TxnTaxDetail":{"TxnTaxCodeRef":{"value":"2"},"TotalTax":8,"TaxLine":[]},'
    '"CustomerRef":{"value":"9"},"CustomerMemo":{"value":"Thank you"},"TotalAmt":158,"Balance":58,'
    '"BillAddr":{"Line1":"1 High Street"},"FreeFormAddress":true,"ApplyTaxAfterDiscount":false,'
    '"PrintStatus":"NeedToPrint","EmailStatus":"NotSet"}'
)


def seen(kind: Kind, body: str, setting: Setting = CLASSIC) -> Any:
    found = to_record(kind, body.encode(), setting)
    assert isinstance(found, Observation), found
    return found.record


def new(kind: Kind, *rows: Line, **more: Value) -> Write:
    return Write(
        b_id="b1",
        operation=OperationId("op"),
        kind=kind,
        action=Action.CREATE,
        ref=None,
        version="",
        fields=fields("9", *rows, kind=kind, **more),
    )


def update(kind: Kind, body: str, **said: Value) -> Write:
    return Write(
        b_id="b1",
        operation=OperationId("op"),
        kind=kind,
        action=Action.UPDATE,
        ref=ExternalRef(QBO, kind, "1"),
        version="4",
        fields=said,
        raw=body.encode(),
    )


def changed(body: str, **props: Any) -> str:
    return encode(decode(body.encode()) | props).decode()
