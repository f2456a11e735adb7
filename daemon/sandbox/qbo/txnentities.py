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
    NUMBER,
    RAW,
    READ_ONLY,
    REFUSED,
    Field,
    ref,
    text,
)

_TIMES: Final = ("Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime")
_NEWEST_FIRST: Final = ("MetaData.LastUpdatedTime", True)
_TXN: Final[Mapping[str, Field]] = {
    "TxnDate": DATE,
    "PrivateNote": text(4000),
    "Line": RAW,
    "CurrencyRef": RAW,
    "ExchangeRate": NUMBER,
    "TotalAmt": READ_ONLY,
    "HomeTotalAmt": READ_ONLY,
    "LinkedTxn": READ_ONLY,
    "TxnStatus": READ_ONLY,
    "TxnSource": READ_ONLY,
    "DepartmentRef": REFUSED,
    "ProjectRef": REFUSED,
    "RecurDataRef": REFUSED,
    "TransactionLocationType": REFUSED,
}
_FORM: Final[Mapping[str, Field]] = {
    **_TXN,
    "DocNumber": text(21),
    "TxnTaxDetail": RAW,
    "GlobalTaxCalculation": text(0, "TaxExcluded", "TaxInclusive", "NotApplicable"),
    "Balance": READ_ONLY,
    "HomeBalance": READ_ONLY,
}
_SENT: Final = text(0, "NotSet", "NeedToSend", "EmailSent")
_SALES: Final[Mapping[str, Field]] = {
    **_FORM,
    "CustomerRef": ref("Customer"),
    "ClassRef": ref("Class"),
    "SalesTermRef": ref("Term"),
    "BillAddr": ADDRESS,
    "ShipAddr": ADDRESS,
    "BillEmail": EMAIL,
    "BillEmailCc": EMAIL,
    "BillEmailBcc": EMAIL,
    "CustomerMemo": RAW,
    "CustomField": RAW,
    "ShipDate": DATE,
    "ShipMethodRef": RAW,
    "TrackingNum": text(31),
    "ApplyTaxAfterDiscount": FLAG,
    "PrintStatus": text(0, "NotSet", "NeedToPrint", "PrintComplete"),
    "EmailStatus": _SENT,
    "FreeFormAddress": READ_ONLY,
    "DeliveryInfo": READ_ONLY,
    "ShipFromAddr": READ_ONLY,
    "TaxExemptionRef": REFUSED,
    "DiscountAmt": REFUSED,
    "DiscountLine": REFUSED,
}

INVOICE: Final = Spec(
    name="Invoice",
    sequence="Txn",
    family="Transactions",
    transaction=True,
    required=("CustomerRef", "Line"),
    fields={
        **_SALES,
        "DueDate": DATE,
        "AllowIPNPayment": FLAG,
        "AllowOnlinePayment": FLAG,
        "AllowOnlineCreditCardPayment": FLAG,
        "AllowOnlineACHPayment": FLAG,
        "Deposit": REFUSED,
        "DepositToAccountRef": REFUSED,
        "InvoiceLink": READ_ONLY,
        "EInvoiceStatus": READ_ONLY,
    },
    filters=frozenset(
        (
            *(*_TIMES, "DocNumber", "TxnDate", "DueDate"),
            *("CustomerRef", "ClassRef", "Balance", "TotalAmt"),
        )
    ),
    sorts=frozenset((*_TIMES, "DocNumber", "TxnDate", "Balance", "TotalAmt")),
    order=_NEWEST_FIRST,
)

CREDIT_MEMO: Final = Spec(
    name="CreditMemo",
    sequence="Txn",
    family="Transactions",
    transaction=True,
    required=("CustomerRef", "Line"),
    fields={
        **_SALES,
        "RemainingCredit": READ_ONLY,
        "InvoiceRef": REFUSED,
        "PaymentMethodRef": ref("PaymentMethod"),
        "PaymentRefNum": text(21),
    },
    filters=frozenset((*_TIMES, "DocNumber", "TxnDate", "CustomerRef", "TotalAmt", "Balance")),
    sorts=frozenset((*_TIMES, "DocNumber", "TxnDate", "TotalAmt", "Balance")),
    order=_NEWEST_FIRST,
)

_PURCHASE: Final[Mapping[str, Field]] = {
    **_FORM,
    "VendorRef": ref("Vendor"),
    "APAccountRef": ref("Account"),
    "VendorAddr": ADDRESS,
}
_BILL_QUERIES: Final = (
    *_TIMES,
    *("TxnDate", "DueDate", "Balance", "TotalAmt"),
    *("VendorRef", "APAccountRef", "DocNumber", "SalesTermRef"),
)

BILL: Final = Spec(
    name="Bill",
    sequence="Txn",
    family="Transactions",
    transaction=True,
    required=("VendorRef", "Line"),
    fields={**_PURCHASE, "SalesTermRef": ref("Term"), "DueDate": DATE},
    filters=frozenset(_BILL_QUERIES),
    sorts=frozenset(_BILL_QUERIES),
    order=_NEWEST_FIRST,
)

VENDOR_CREDIT: Final = Spec(
    name="VendorCredit",
    sequence="Txn",
    family="Transactions",
    transaction=True,
    required=("VendorRef", "Line"),
    fields=_PURCHASE,
    filters=frozenset((*_TIMES, "DocNumber", "TxnDate", "VendorRef", "TotalAmt", "Balance")),
    sorts=frozenset((*_TIMES, "DocNumber", "TxnDate", "TotalAmt", "Balance")),
    order=_NEWEST_FIRST,
)

_ORDER_QUERIES: Final = (*_TIMES, "DocNumber", "TxnDate", "APAccountRef", "TotalAmt")

PURCHASE_ORDER: Final = Spec(
    name="PurchaseOrder",
    sequence="Txn",
    family="Transactions",
    transaction=True,
    feature="plus",
    required=("VendorRef", "Line"),
    fields={
        **_PURCHASE,
        "POStatus": text(0, "Open", "Closed"),
        "DueDate": DATE,
        "ExpectedDate": DATE,
        "ShipAddr": ADDRESS,
        "ShipTo": ref("Customer"),
        "ShipMethodRef": RAW,
        "SalesTermRef": ref("Term"),
        "ClassRef": ref("Class"),
        "POEmail": EMAIL,
        "EmailStatus": _SENT,
        "Memo": text(4000),
        "CustomField": RAW,
        "TaxCodeRef": REFUSED,
    },
    filters=frozenset(_ORDER_QUERIES),
    sorts=frozenset(_ORDER_QUERIES),
    order=_NEWEST_FIRST,
)

BILL_PAYMENT: Final = Spec(
    name="BillPayment",
    sequence="Txn",
    family="Transactions",
    transaction=True,
    required=("VendorRef", "PayType", "TotalAmt", "Line"),
    fields={
        **_TXN,
        "DocNumber": text(21),
        "VendorRef": ref("Vendor"),
        "APAccountRef": ref("Account"),
        "PayType": text(0, "Check", "CreditCard"),
        "CheckPayment": RAW,
        "CreditCardPayment": RAW,
        "TotalAmt": NUMBER,
        "ProcessBillPayment": REFUSED,
    },
    filters=frozenset((*_TIMES, "DocNumber", "TxnDate", "VendorRef", "TotalAmt")),
    sorts=frozenset((*_TIMES, "DocNumber", "TxnDate", "TotalAmt")),
    order=_NEWEST_FIRST,
)

PAYMENT: Final = Spec(
    name="Payment",
    sequence="Txn",
    family="Transactions",
    transaction=True,
    required=("CustomerRef", "TotalAmt"),
    fields={
        **_TXN,
        "CustomerRef": ref("Customer"),
        "TotalAmt": NUMBER,
        "UnappliedAmt": READ_ONLY,
        "DepositToAccountRef": ref("Account"),
        "ARAccountRef": ref("Account"),
        "PaymentMethodRef": ref("PaymentMethod"),
        "PaymentRefNum": text(21),
        "ProcessPayment": REFUSED,
        "CreditCardPayment": REFUSED,
        "TaxExemptionRef": REFUSED,
    },
    filters=frozenset((*_TIMES, "PaymentRefNum", "TxnDate", "CustomerRef", "TotalAmt")),
    sorts=frozenset((*_TIMES, "PaymentRefNum", "TxnDate", "TotalAmt")),
    order=_NEWEST_FIRST,
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
        CREDIT_MEMO,
        PAYMENT,
        PURCHASE_ORDER,
        BILL,
        VENDOR_CREDIT,
        BILL_PAYMENT,
    )
}
"""Every simulated entity by its name."""

BY_PATH: Final[Mapping[str, Spec]] = {spec.path: spec for spec in SPECS.values()}
"""The same by the segment of the address, and by any lower-cased name."""

NOT_SIMULATED: Final = frozenset(
    {
        "attachable",
        "budget",
        "companycurrency",
        "customertype",
        "department",
        "deposit",
        "employee",
        "estimate",
        "exchangerate",
        "inventoryadjustment",
        "journalcode",
        "journalentry",
        "purchase",
        "recurringtransaction",
        "refundreceipt",
        "salesreceipt",
        "timeactivity",
        "transfer",
    }
)
"""Entities of QBO that this sandbox refuses by name."""
