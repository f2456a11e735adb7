"""One family of DEAR's records: where it lives on the wire and how it maps. A table, no acts."""

from collections.abc import Callable, Mapping

import msgspec

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping import accounts, books, parties, products
from daemon.connectors.dear.mapping.fields import Raw
from ledger.model.ids import Kind
from ledger.model.records import Record
from ledger.model.values import Value


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind is listed, written and mapped."""

    kind: Kind
    path: str
    """Below the base URL; GET lists, POST creates, PUT changes."""
    list_key: str
    """Name of the array in answers, to reads and writes alike."""
    label: str
    """What DEAR's own screens call it."""
    id_key: str = "ID"
    id_filter: str = "ID"
    """Query parameter for one record; ``""`` where DEAR answers a missing one with an error."""
    key_filters: Mapping[str, str] = {}
    """Canonical key field -> query parameter. All compare loosely: rows are checked again."""
    wire_names: Mapping[str, str]
    """Canonical field -> name on the wire, of what stands in the row itself."""
    has_changes: bool = False
    """Whether DEAR can list what was modified since an instant."""
    sends_whole: bool = False
    """Whether a PUT carries all the row's fields, because DEAR does not promise to keep others."""
    to_record: Callable[[Raw, DearConfig], Record]
    to_raw: Callable[[Mapping[str, Value], Raw | None, DearConfig], dict[str, object]]

    def params(self, config: DearConfig) -> dict[str, str]:
        """Parameters of every read, for the fields that the configuration asks for."""
        # Without this one deprecated records would be invisible.
        params = {"IncludeDeprecated": "true"} if self.has_changes else {}
        if self.kind is Kind.ITEM and config.purchase_cost != "none":
            # DEAR: nested arrays stay empty unless asked for, which then means nothing.
            params["IncludeSuppliers"] = "true"
        return params


FAMILIES: Mapping[Kind, Family] = {
    Kind.ACCOUNT: Family(
        kind=Kind.ACCOUNT,
        path="/ref/account",
        list_key="AccountsList",
        label="account",
        id_key="Code",
        id_filter="",
        wire_names={
            "name": "Name",
            "code": "Code",
            "account_type": "Type",
            "description": "Description",
            "active": "Status",
        },
        sends_whole=True,
        to_record=accounts.to_record,
        to_raw=accounts.to_raw,
    ),
    Kind.TAX_CODE: Family(
        kind=Kind.TAX_CODE,
        path="/ref/tax",
        list_key="TaxRuleList",
        label="tax rule",
        wire_names={
            "name": "Name",
            "rate": "TaxPercent",
            "for_sales": "IsTaxForSale",
            "for_purchases": "IsTaxForPurchase",
            "active": "IsActive",
        },
        sends_whole=True,
        to_record=books.tax_to_record,
        to_raw=books.tax_to_raw,
    ),
    Kind.TERM: Family(
        kind=Kind.TERM,
        path="/ref/paymentterm",
        list_key="PaymentTermList",
        label="payment term",
        wire_names={"name": "Name", "method": "Method", "due": "Duration", "active": "IsActive"},
        sends_whole=True,
        to_record=books.term_to_record,
        to_raw=books.term_to_raw,
    ),
    Kind.VENDOR: Family(
        kind=Kind.VENDOR,
        path="/supplier",
        list_key="SupplierList",
        label="supplier",
        key_filters={"name": "Name"},
        wire_names={**parties.SUPPLIER_SCALARS, "active": "Status"},
        has_changes=True,
        to_record=parties.supplier_to_record,
        to_raw=parties.supplier_to_raw,
    ),
    Kind.CUSTOMER: Family(
        kind=Kind.CUSTOMER,
        path="/customer",
        list_key="CustomerList",
        label="customer",
        key_filters={"name": "Name"},
        wire_names={**parties.CUSTOMER_SCALARS, "active": "Status"},
        has_changes=True,
        to_record=parties.customer_to_record,
        to_raw=parties.customer_to_raw,
    ),
    Kind.ITEM: Family(
        kind=Kind.ITEM,
        path="/product",
        list_key="Products",
        label="product",
        key_filters={"sku": "Sku", "name": "Name"},
        wire_names={
            **products.SCALARS,
            **products.POINTERS,
            "expense_account": "ExpenseAccount",
            "type": "Type",
            "sales_price": "PriceTier",
            "active": "Status",
        },
        has_changes=True,
        to_record=products.to_record,
        to_raw=products.to_raw,
    ),
}
"""In the order of dependence. DEAR has neither classes nor payment methods."""
