"""What an operator says about one DEAR (Cin7 Core) company. Values only; nothing acts here.

Defaults under ``defaults`` fill what DEAR demands for a new record and the books do not know;
each is written only when it stands here, and the plan names the key that a value came from.
"""

from datetime import date
from decimal import Decimal
from ipaddress import ip_address
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from daemon.connectors.addresses import Forbidden, judge_host
from daemon.connectors.secrets import SecretRef

CANONICAL_URL = "https://inventory.dearsystems.com/ExternalApi/v2"


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("is not the address of an API: scheme, host and path only")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return url.rstrip("/")
    raise ValueError("must start with https:// (http:// only for this machine itself)")


def is_loopback(host: str) -> bool:
    """Whether an address names this very machine, where plain HTTP leaks nothing."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Name = Annotated[str, Field(min_length=1, max_length=256)]
Code = Annotated[str, Field(min_length=1, max_length=50)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Slot = Annotated[int, Field(ge=1, le=10)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DearRate(_Model):
    """How fast we may ask. DEAR: 60 calls in 60 seconds for each API application."""

    per_minute: int = Field(default=50, ge=1, le=60)
    """Calls in any 60 seconds; the ten left over are for people who share the application."""
    burst: int = Field(default=5, ge=1, le=20)
    """Calls that may start within one second."""
    in_flight: int = Field(default=2, ge=1, le=10)
    """Calls under way at once."""


class AccountDefaults(_Model):
    """For accounts that are created in DEAR."""

    bank: Name | None = None
    """Name of the bank: DEAR demands one for accounts of type BANK and the books show none."""
    bank_account_number: Code | None = None
    """Number of the bank account, demanded with ``bank``."""


class TaxDefaults(_Model):
    """For tax rules that are created in DEAR."""

    account: Code | None = None
    """Code of the active liability account to which a new rule posts."""
    tax_inclusive: bool = False
    """Whether prices contain the tax of a new rule."""


class SupplierDefaults(_Model):
    """For suppliers that are created in DEAR."""

    tax_rule: Name | None = None
    """Name of an active tax rule for purchases."""
    payment_term: Name | None = None
    """Name of an active payment term, for vendors without terms."""
    account_payable: Code | None = None
    """Code of DEAR's special payable account ("Accounts payable")."""
    currency: Currency | None = None
    """For vendors whose currency the books do not show."""


class CustomerDefaults(_Model):
    """For customers that are created in DEAR."""

    tax_rule: Name | None = None
    """Name of an active tax rule for sales."""
    payment_term: Name | None = None
    """Name of an active payment term, for customers without terms."""
    account_receivable: Code | None = None
    """Code of DEAR's special receivable account ("Accounts receivable")."""
    revenue_account: Code | None = None
    """Code of the revenue account of their sales."""
    price_tier: Name | None = None
    """Name of the price tier they buy at, as DEAR spells it ("Tier 1")."""
    currency: Currency | None = None
    """For customers whose currency the books do not show."""


class ProductDefaults(_Model):
    """For products that are created in DEAR."""

    category: Name | None = None
    """Name of an existing product category."""
    unit: Code | None = None
    """Name of an existing unit of measure."""
    type: Literal["stock", "service"] | None = None
    """For items whose type the books do not show. DEAR never lets the type be changed."""
    sales_price: Decimal | None = Field(default=None, ge=0, decimal_places=4)
    """Price of an item for which the books show none."""
    costing_method: Literal[
        "FIFO",
        "FIFO - Batch",
        "FIFO - Serial Number",
        "FEFO - Batch",
        "FEFO - Serial Number",
        "Special - Batch",
        "Special - Serial Number",
    ] = "FIFO"
    """How DEAR values the stock of a new product."""


class DearDefaults(_Model):
    """Fields that DEAR demands and the books lack."""

    account: AccountDefaults = AccountDefaults()
    """New accounts."""
    tax: TaxDefaults = TaxDefaults()
    """New tax rules."""
    supplier: SupplierDefaults = SupplierDefaults()
    """New suppliers."""
    customer: CustomerDefaults = CustomerDefaults()
    """New customers."""
    product: ProductDefaults = ProductDefaults()
    """New products."""
    contact_name: Name = "Main contact"
    """Name for a contact whose person nobody entered: DEAR keeps e-mail and phone only under a
    named contact. A contact of exactly this name counts as nobody's."""


Property = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,63}$")]


class CustomFields(_Model):
    """For each kind of document: name of the custom field in QuickBooks -> what fills it, a
    property of DEAR's document (``SalesRepresentative``) or ``AdditionalAttribute1`` to ``10``."""

    purchase_order: dict[Name, Property] = {}
    """From purchases, into purchase orders."""
    bill: dict[Name, Property] = {}
    """From purchases and their invoices, into bills."""
    invoice: dict[Name, Property] = {}
    """From sales and their invoices, into invoices."""


class DearDocuments(_Model):
    """How purchases and sales are read."""

    read_from: date | None = None
    """Purchases and sales that were ordered and invoiced before this day are never opened. An
    advanced one may still get another invoice: it is opened when it was changed since."""
    details_per_page: int = Field(default=100, ge=1, le=500)
    """Documents opened, one call each, before the place is noted at which to go on."""
    details_per_cycle: int = Field(default=2000, ge=1, le=100_000)
    """Documents opened at most in one cycle while a list is read for the first time; the next
    cycle goes on. At 50 calls a minute 2000 take 40 minutes."""
    line_total: Literal["without_tax", "with_tax"] = "without_tax"
    """Whether the Total of a line holds its tax where tax comes on top. DEAR does not say; a
    document whose sums fit only the other reading is refused with a word about this key."""
    custom_fields: CustomFields = CustomFields()
    """What fills the custom fields of QuickBooks."""


class DearConfig(_Model):
    """One DEAR company."""

    type: Literal["dear"] = "dear"
    """Which connector reads this section."""
    account_id: str = Field(min_length=1)
    """The company's account id (a GUID), from Integrations > API. The ledger is bound to it."""
    application_key: SecretRef
    """Where the key of the API application lies. Give trueup an application of its own."""
    base_url: BaseUrl = CANONICAL_URL
    """Address of the API; another one only for a sandbox."""
    allow_private_network: StrictBool = False
    """Say yes when ``base_url`` is in a private network of yours, such as a gateway before DEAR."""
    rate: DearRate = DearRate()
    """Pace of calls."""
    timeout_s: int = Field(default=60, ge=5, le=300)
    """Seconds to wait for one answer."""
    page_size: int = Field(default=1000, ge=1, le=1000)
    """Rows asked for in one page; DEAR gives at most 1000, and may give fewer."""
    native_link: Literal["none", "connected"]
    """Whether DEAR's own QuickBooks (or Xero) link is switched on. The API does not tell, so it
    has no default: while connected, accounts and tax rules cannot be written."""
    overlap_minutes: int = Field(default=10, ge=1, le=120)
    """How far before the last change seen each look for changes begins."""
    books_every_hours: float = Field(default=4, gt=0, le=48)
    """Hours between whole reads of accounts, tax rules and payment terms, which DEAR cannot list
    by change."""
    check_every_hours: float = Field(default=6, gt=0, le=48)
    """Hours between looks at the company's own settings."""
    sales_price_tier: Slot = 1
    """Number of the price tier (1 to 10) that is *the* sales price."""
    purchase_cost: Literal["none", "suppliers_fixed_cost", "suppliers_cost"] = "none"
    """Which cost of a product is *the* purchase cost. DEAR keeps costs per supplier, so with two
    suppliers there is no single one: ``none`` leaves the field out. With the others a product
    with exactly one supplier shows that supplier's fixed (or latest) cost, read only."""
    zero_price: Literal["zero", "empty"] = "zero"
    """What a price of 0 means. DEAR shows 0 for a price that nobody entered; QuickBooks does too,
    so 0 is kept as 0 unless this says ``empty``."""
    expense_account: Literal["expense", "cogs"] = "expense"
    """Which account of a stocked product is *the* expense account: DEAR's expense account (for
    purchases that bypass stock) or its cost of goods sold account."""
    home_country: tuple[Name, ...] = ()
    """Spellings of the company's own country ("USA", "United States"). DEAR demands a country in
    every address where the books leave the own one out: the first is written where an address has
    none, and the others count as the same."""
    supplier_code_attribute: Slot | None = None
    """Number of the additional attribute that holds a supplier's code; none = no codes."""
    customer_code_attribute: Slot | None = None
    """Number of the additional attribute that holds a customer's code; none = no codes."""
    supplier_attribute_set: Name | None = None
    """Attribute set given to a supplier that has none when its code is written."""
    customer_attribute_set: Name | None = None
    """Attribute set given to a customer that has none when its code is written."""
    documents: DearDocuments = DearDocuments()
    """How purchases and sales are read."""
    defaults: DearDefaults = DearDefaults()
    """Fields that DEAR demands and the books lack."""

    @model_validator(mode="after")
    def _is_no_inner_address(self) -> Self:
        try:
            judge_host(urlsplit(self.base_url).hostname or "", private=self.allow_private_network)
        except Forbidden as why:
            raise PydanticCustomError(
                "base_url",
                f"base_url is {why}: give the address of DEAR's API, or, for a gateway of yours in "
                "a private network, allow_private_network: true",
            ) from None
        return self
