"""Tables of the transactions that the simulator knows, and the register of all entities."""

from collections.abc import Mapping
from typing import Final

from daemon.sandbox.qbo.entities import (
    ACCOUNT,
    CLASS,
    COMPANY_INFO,
    CUSTOMER,
    ITEM,
    PAYMENT_METHOD,
    PREFERENCES,
    TAX_AGENCY,
    TAX_CODE,
    TAX_RATE,
    TERM,
    VENDOR,
    Spec,
)
from daemon.sandbox.qbo.fields import (
    ADDRESS,
    DATE,
    EMAIL,
    FLAG,
    RAW,
    READ_ONLY,
    Field,
    ref,
    text,
)

_TIMES: Final = ("Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime")
_TXN: Final[Mapping[str, Field]] = {
    "DocNumber": text(21),
    "TxnDate": DATE,
    "PrivateNote": text(4000),
    "Line": RAW,
    "TxnTaxDetail": RAW,
    "CurrencyRef": READ_ONLY,
    "ExchangeRate": READ_ONLY,
    "GlobalTaxCalculation": READ_ONLY,
    "LinkedTxn": READ_ONLY,
    "TotalAmt": READ_ONLY,
    "Balance": READ_ONLY,
    "HomeBalance": READ_ONLY,
    "HomeTotalAmt": READ_ONLY,
    "SalesTermRef": ref("Term"),
    "DueDate": DATE,
    "RecurDataRef": READ_ONLY,
    "TransactionLocationType": READ_ONLY,
}

INVOICE: Final = Spec(
    name="Invoice",
    sequence="Txn",
    family="Transactions",
    transaction=True,
    required=("CustomerRef", "Line"),
    fields={
        **_TXN,
        "CustomerRef": ref("Customer"),
        "ClassRef": ref("Class"),
        "BillAddr": ADDRESS,
        "ShipAddr": ADDRESS,
        "BillEmail": EMAIL,
        "BillEmailCc": EMAIL,
        "BillEmailBcc": EMAIL,
        "CustomerMemo": RAW,
        "ShipDate": DATE,
        "TrackingNum": text(31),
        "ApplyTaxAfterDiscount": FLAG,
        "AllowIPNPayment": FLAG,
        "AllowOnlinePayment": FLAG,
        "AllowOnlineCreditCardPayment": FLAG,
        "AllowOnlineACHPayment": FLAG,
        "PrintStatus": READ_ONLY,
        "EmailStatus": READ_ONLY,
        "Deposit": READ_ONLY,
        "InvoiceLink": READ_ONLY,
        "FreeFormAddress": READ_ONLY,
        "DeliveryInfo": READ_ONLY,
        "ShipFromAddr": READ_ONLY,
        "EInvoiceStatus": READ_ONLY,
    },
    filters=frozenset(
        (*_TIMES, "DocNumber", "TxnDate", "DueDate", "CustomerRef", "Balance", "TotalAmt")
    ),
    sorts=frozenset((*_TIMES, "DocNumber", "TxnDate", "Balance", "TotalAmt")),
    order=("MetaData.LastUpdatedTime", True),
)

BILL: Final = Spec(
    name="Bill",
    sequence="Txn",
    family="Transactions",
    transaction=True,
    required=("VendorRef", "Line"),
    fields={**_TXN, "VendorRef": ref("Vendor"), "APAccountRef": ref("Account"), "VendorAddr": RAW},
    filters=frozenset(
        (
            *_TIMES,
            *("TxnDate", "DueDate", "Balance", "TotalAmt"),
            *("VendorRef", "APAccountRef", "DocNumber", "SalesTermRef"),
        )
    ),
    sorts=frozenset((*_TIMES, "TxnDate", "DueDate", "Balance", "TotalAmt", "DocNumber")),
    order=("MetaData.LastUpdatedTime", True),
)

SPECS: Final[Mapping[str, Spec]] = {
    spec.name: spec
    for spec in (
        ACCOUNT,
        ITEM,
        VENDOR,
        CUSTOMER,
        TERM,
        CLASS,
        PAYMENT_METHOD,
        TAX_CODE,
        TAX_RATE,
        TAX_AGENCY,
        COMPANY_INFO,
        PREFERENCES,
        INVOICE,
        BILL,
    )
}
"""Every simulated entity by its name."""

BY_PATH: Final[Mapping[str, Spec]] = {spec.path: spec for spec in SPECS.values()}
"""The same by the segment of the address, and by any lower-cased name."""

NOT_SIMULATED: Final = frozenset(
    {
        "attachable",
        "billpayment",
        "budget",
        "companycurrency",
        "creditmemo",
        "customertype",
        "department",
        "deposit",
        "employee",
        "estimate",
        "exchangerate",
        "inventoryadjustment",
        "journalcode",
        "journalentry",
        "payment",
        "purchase",
        "purchaseorder",
        "recurringtransaction",
        "refundreceipt",
        "salesreceipt",
        "timeactivity",
        "transfer",
        "vendorcredit",
    }
)
"""Entities of QBO that this sandbox refuses by name."""
