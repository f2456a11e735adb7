"""The nouns of a sandbox world: one thing, and the face it shows in each system.

Plain values, neutral between systems; the twins turn faces into wire objects. Nothing here acts.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class Company:
    """The one company that both sandboxes serve."""

    name: str
    realm_id: str
    """QBO company id."""
    dear_account_id: str
    dear_application_key: str
    home_currency: str = "USD"
    country: str = "US"
    environment: str = "sandbox"
    offering: str = "QuickBooks Online Plus"
    closed_until: str = ""
    """Last closed day, ``YYYY-MM-DD``, or ``""``; ``ValueError`` for anything else."""

    def __post_init__(self) -> None:
        if self.closed_until and date.fromisoformat(self.closed_until).isoformat() != (
            self.closed_until
        ):
            raise ValueError(f"closed_until is a day, YYYY-MM-DD, and not {self.closed_until!r}")

    @property
    def is_abroad(self) -> bool:
        """Outside the United States: every line of a document has a tax code of its own."""
        return self.country != "US"


@dataclass(frozen=True, slots=True)
class Postal:
    """A postal address as entered; empty parts were never entered."""

    line1: str
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What every record shows, whatever the system."""

    id: str
    """The id in that system: decimal digits in QBO (a word for pseudo tax codes), a GUID in DEAR.
    DEAR accounts have no id; theirs is the code."""
    name: str
    active: bool = True
    age_days: int = 90
    """How long before the sandbox's start the record was last changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFace(Face):
    """QBO: ``type`` and ``sub_type`` are AccountType and AccountSubType. DEAR: ``type`` is the
    Xero-like type (CURRENT, EXPENSE ...) and ``classification`` the Class (ASSET ...)."""

    type: str
    sub_type: str = ""
    classification: str = ""
    code: str = ""
    description: str = ""
    parent: str = ""
    """Id of the parent account, QBO only."""
    system: str = ""
    """Role of a system account ("Accounts receivable" ...), ``""`` for ordinary ones."""
    balance: Decimal = Decimal(0)
    for_payments: bool = False


@dataclass(frozen=True, slots=True)
class TaxPart:
    """One rate inside a tax code."""

    id: str
    name: str
    rate: Decimal
    agency: str = "1"
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxFace(Face):
    description: str = ""
    parts: tuple[TaxPart, ...] = ()
    purchase_parts: tuple[TaxPart, ...] = ()
    """QBO: the rates of purchases, where they are not those of sales."""
    for_sales: bool = True
    for_purchases: bool = False
    account: str = ""
    """DEAR: code of the liability account."""
    pseudo: bool = False
    """QBO: a word instead of a number for an id (TAX, NON, CustomSalesTax)."""

    @property
    def rate(self) -> Decimal:
        """Sum of the parts, in percent."""
        return sum((part.rate for part in self.parts), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class TermFace(Face):
    """``method``: ``number of days`` | ``day of next month`` | ``last day of next month`` |
    ``days since the end of the month`` (DEAR's words; QBO knows the first two)."""

    method: str = "number of days"
    due: int = 0
    discount_percent: Decimal = Decimal(0)
    discount_days: int = 0
    default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFace(Face):
    parent: str = ""
    """Id of the parent class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodFace(Face):
    credit_card: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyFace(Face):
    """A vendor (supplier) or a customer. References are spelled as the system spells them:
    terms and tax by name in DEAR, by id in QBO."""

    company: str = ""
    contact: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    billing: Postal | None = None
    shipping: Postal | None = None
    terms: str = ""
    tax: str = ""
    account: str = ""
    """Payable or receivable account: code in DEAR; not shown by QBO in the United States."""
    revenue_account: str = ""
    code: str = ""
    notes: str = ""
    price_tier: str = ""
    taxable: bool = True
    is_1099: bool = False
    parent: str = ""
    """Id of the parent customer (sub-customer, job)."""
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFace(Face):
    """A product or service. QBO ``type``: Inventory, NonInventory, Service, Category;
    DEAR ``type``: Stock, Service. Accounts: ids in QBO, codes in DEAR, ``""`` when not given."""

    sku: str = ""
    type: str
    description: str = ""
    purchase_description: str = ""
    unit: str = "Item"
    category: str = ""
    """DEAR: name of the category. QBO: id of the category item above."""
    barcode: str = ""
    sales_price: Decimal = Decimal(0)
    purchase_cost: Decimal = Decimal(0)
    income_account: str = ""
    expense_account: str = ""
    asset_account: str = ""
    sales_tax: str = ""
    """DEAR: name of the tax rule. QBO US items only say whether they are taxable."""
    purchase_tax: str = ""
    taxable: bool = False
    quantity: Decimal = Decimal(0)


FaceT = TypeVar("FaceT", bound=Face, covariant=True)


@dataclass(frozen=True, slots=True)
class Thing(Generic[FaceT]):
    """One real thing, seen in QBO, in DEAR or in both."""

    key: str
    """Name of the thing inside the world, unique per kind; never on the wire."""
    qbo: FaceT | None = None
    dear: FaceT | None = None
    trap: str = ""
    """Why the thing is in the world, ``""`` for an ordinary one: ``ambiguous``, ``hostile`` ..."""

    @property
    def in_both(self) -> bool:
        return self.qbo is not None and self.dear is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that exists when the sandboxes start."""

    seed: int
    size: str
    company: Company
    accounts: tuple[Thing[AccountFace], ...]
    tax_codes: tuple[Thing[TaxFace], ...]
    terms: tuple[Thing[TermFace], ...]
    classes: tuple[Thing[ClassFace], ...]
    payment_methods: tuple[Thing[MethodFace], ...]
    vendors: tuple[Thing[PartyFace], ...]
    customers: tuple[Thing[PartyFace], ...]
    products: tuple[Thing[ProductFace], ...]
    tax_agencies: tuple[tuple[str, str], ...] = ()
    """QBO: id and name of each tax agency."""
    categories: tuple[str, ...] = ()
    """DEAR reference books, by name."""
    brands: tuple[str, ...] = ()
    units: tuple[str, ...] = ("Item",)
    locations: tuple[str, ...] = ("Main Warehouse",)
    price_tiers: tuple[str, ...] = field(default=("Retail", "Trade", "Wholesale"))
