"""What can be configured of the connection to QuickBooks Online.

The docstring under each field is the text of the JSON Schema and of the example configuration.
Must not resolve secrets: the connector does, when it needs them.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError
from yarl import URL

from daemon.connectors.addresses import LOOPBACK, Forbidden, judge_host
from daemon.connectors.secrets import SecretRef

HOSTS = {
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
    "production": "https://quickbooks.api.intuit.com",
}
DISCOVERY = {
    "sandbox": "https://developer.api.intuit.com/.well-known/openid_sandbox_configuration",
    "production": "https://developer.api.intuit.com/.well-known/openid_configuration",
}
SCOPE = "com.intuit.quickbooks.accounting"
REDIRECT_URI = "http://localhost:8047/callback"
"""Where the answer goes by default: Intuit lets development keys come back to this machine."""
TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"


def _quoted(value: object) -> object:
    if isinstance(value, int | float):
        raise PydanticCustomError(
            "quote_it", "this is an identifier, not a number: quote it, or digits may be lost"
        )
    return value


DigitText = Annotated[
    str, BeforeValidator(_quoted), StringConstraints(strict=True, pattern=r"^[0-9]{1,24}$")
]


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )


class QboRates(_Section):
    """How fast QuickBooks may be called. The defaults stay below Intuit's limits for one company
    (10 requests a second, 500 a minute, 40 batches a minute)."""

    per_second: Annotated[int, Field(ge=1, le=10)] = 8
    """Requests started within any second."""
    per_minute: Annotated[int, Field(ge=1, le=500)] = 450
    """Requests started within any minute."""
    in_flight: Annotated[int, Field(ge=1, le=10)] = 6
    """Requests waiting for their answer at the same time."""
    batches_per_minute: Annotated[int, Field(ge=1, le=40)] = 38
    """Batch requests started within any minute."""
    metered_reads_per_month: Annotated[int, Field(ge=1)] | None = None
    """Reads that this daemon may spend in a calendar month. Intuit counts reads of production
    companies for all companies of an app together, and blocks the free plan at 500000."""


class QboItemDefaults(_Section):
    """Values for items that trueup creates in QuickBooks."""

    type: Literal["NonInventory", "Service", "Inventory"] = "NonInventory"
    """What a stock item of the source becomes. ``Inventory`` lets QuickBooks keep quantities and
    post cost of goods sold by itself: only for sources that do neither."""
    income_account: Annotated[str, Field(min_length=1)] | None = None
    """Name or number of the income account of new items."""
    expense_account: Annotated[str, Field(min_length=1)] | None = None
    """Name or number of the expense (or cost of goods sold) account of new items."""
    asset_account: Annotated[str, Field(min_length=1)] | None = None
    """Name or number of the inventory asset account; only with type ``Inventory``."""
    inventory_start: date | None = None
    """Day from which QuickBooks tracks new items; only with type ``Inventory``, and required
    then. New items start with quantity 0."""

    @model_validator(mode="after")
    def _inventory_is_whole(self) -> "QboItemDefaults":
        if self.type == "Inventory" and not (self.asset_account and self.inventory_start):
            raise PydanticCustomError(
                "inventory_defaults", "type Inventory needs asset_account and inventory_start too"
            )
        return self


class QboDocuments(_Section):
    """What documents in QuickBooks need that the source does not say."""

    payable_account: Annotated[str, Field(min_length=1)] | None = None
    """Name or number of the accounts payable account of purchase orders and bills. Needed where
    the company has several; else purchase orders get the only one, and QuickBooks chooses for
    bills."""
    sales_tax: Literal["detect", "classic", "automated", "none"] = "detect"
    """How a company in the US keeps sales tax: one tax rate per invoice (``classic``), worked out
    by QuickBooks (``automated``: the tax that the source charged is sent along), or not at all
    (``none``). ``detect`` asks QuickBooks' preferences."""
    class_by_location: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    """Location of the document in the source -> class of its lines in QuickBooks. Given when a
    line is made, and left to the bookkeeper afterwards."""
    default_class: Annotated[str, Field(min_length=1)] | None = None
    """Class of new lines of documents whose location is not listed."""
    void_order: Literal["close", "delete"] = "close"
    """What happens in QuickBooks to a purchase order that the source voids."""


class QboConfig(_Section):
    """One company in QuickBooks Online."""

    environment: Literal["sandbox", "production"]
    """Which QuickBooks: development keys work only with ``sandbox`` companies, production keys
    only with real ones."""
    realm_id: DigitText
    """The company's id as Intuit shows it ("Company ID" in Account and Settings). Quote it."""
    client_id: SecretRef
    """Client id of your Intuit app, from its keys page."""
    client_secret: SecretRef
    """Client secret of your Intuit app, from its keys page."""
    refresh_token: SecretRef | None = None
    """A refresh token that was got elsewhere, to begin with; ``trueup connect`` needs none. It is
    used once; its successors are kept encrypted in ``state_dir``."""
    redirect_uri: Annotated[str, Field(min_length=8, max_length=500)] | None = None
    """Where Intuit sends the browser after ``trueup connect``, exactly as it stands among the
    redirect URIs of your app. With ``sandbox`` the default is http://localhost:8047/callback. With
    ``production`` Intuit demands an https address; any page of yours will do, and its address is
    pasted: ``trueup connect --paste``."""
    base_url: str | None = None
    """Another address of the API, for the sandbox that comes with trueup; only with environment
    ``sandbox``, and only on this machine."""
    token_url: str | None = None
    """Another address of the login service; on this machine or with https. Default: as Intuit's
    discovery document says."""
    minor_version: DigitText = "75"
    """Version of the API's objects. Below 75 Intuit ignores it."""
    rates: QboRates = QboRates()
    """How fast QuickBooks may be called."""
    batch_size: Annotated[int, Field(ge=1, le=30)] = 30
    """Writes sent in one batch request; 1 sends each by itself."""
    new_items: QboItemDefaults = QboItemDefaults()
    """What a new item gets in QuickBooks when the other system does not say it."""
    documents: QboDocuments = QboDocuments()
    """How purchase orders, bills and invoices are kept in QuickBooks."""
    ids_compare_as_numbers: StrictBool = False
    """Page by id (``WHERE Id > 'n'``) instead of by position. Only where it was tried that ids
    compare as numbers; the default proves each full read by counting."""
    timeout_s: Annotated[int, Field(ge=5, le=600)] = 130
    """Seconds to wait for an answer. Intuit itself gives up after 120."""

    @model_validator(mode="after")
    def _addresses_are_safe(self) -> "QboConfig":
        if self.base_url is not None:
            if self.environment != "sandbox":
                raise PydanticCustomError(
                    "base_url", "base_url cannot be given with environment: production"
                )
            if not _is_loopback(self.base_url):
                raise PydanticCustomError(
                    "base_url", "base_url must be an address of this machine (127.0.0.1)"
                )
        if self.token_url is not None and not (
            _is_loopback(self.token_url) or URL(self.token_url).scheme == "https"
        ):
            raise PydanticCustomError(
                "token_url", "token_url must begin with https:// or be on this machine"
            )
        if self.token_url is not None:
            try:
                judge_host(URL(self.token_url).host or "", private=False)
            except Forbidden as why:
                raise PydanticCustomError("token_url", f"token_url is {why}") from None
        if self.redirect_uri is not None and not (
            _is_loopback(self.redirect_uri) or URL(self.redirect_uri).scheme == "https"
        ):
            raise PydanticCustomError(
                "redirect_uri", "redirect_uri must begin with https:// or be on this machine"
            )
        return self

    @property
    def api_url(self) -> str:
        return self.base_url or HOSTS[self.environment]

    @property
    def login_url(self) -> str:
        return self.token_url or TOKEN_URL

    @property
    def discovery_url(self) -> str:
        """``""`` where a token address is configured."""
        return "" if self.token_url else DISCOVERY[self.environment]

    @property
    def pages_url(self) -> str:
        """The document that names the pages for people."""
        document = DISCOVERY[self.environment]
        return (
            str(URL(self.token_url).join(URL(URL(document).path))) if self.token_url else document
        )

    @property
    def answer_url(self) -> str:
        """Where the answer goes; ``""`` where there is no address that Intuit would take."""
        if self.redirect_uri is not None:
            return self.redirect_uri
        return REDIRECT_URI if self.environment == "sandbox" else ""


def _is_loopback(address: str) -> bool:
    try:
        url = URL(address)
    except ValueError:
        return False
    return url.scheme in {"http", "https"} and url.host in LOOPBACK
