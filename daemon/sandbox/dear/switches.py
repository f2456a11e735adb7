"""What is not known for sure about DEAR's wire, each as a switch; tests run both ways.

Every default is the stricter or the better documented reading. Facts that are sure have no switch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from daemon.sandbox.flip import fitting


@dataclass(frozen=True, slots=True, kw_only=True)
class DearSwitches:
    """One reading of the doubtful parts of the wire."""

    throttle: Literal["429_text", "429_bare", "503_bare", "400_model"] = "429_text"
    """How a refusal for too many calls looks; ``429_text`` says ``Retry-After: 60 Seconds``."""
    calls_per_minute: int = 60
    limit_per: Literal["application", "account"] = "application"
    error_shape: Literal["array", "object"] = "array"
    refusal_status: Literal[400, 200] = 400
    """HTTP status of a refused record (validation)."""
    error_code: Literal["observed", "same"] = "observed"
    """``observed``: an unknown category is ErrorCode 404 inside an HTTP 400."""
    error_limit: int = 5
    """Problems listed in one refusal; the others show once these are cured."""
    unknown_path: Literal["direct", "redirect"] = "direct"
    """Whether the HTML page for an unknown path is reached by a 302."""
    unknown_id: Literal["empty", "refuse"] = "empty"
    """Answer of a list asked for an ID that does not exist (accounts always refuse)."""
    id_shows_deprecated: bool = False
    """Whether asking by ID shows a deprecated record without IncludeDeprecated."""
    modified_since: Literal["after", "inclusive"] = "after"
    stamps: Literal["z", "bare", "mixed"] = "z"
    """Zone mark of LastModifiedOn: always ``Z``, never, or differing from row to row."""
    guid_case: Literal["lower", "mixed"] = "lower"
    """``mixed``: ids are in capitals in the answers to writes."""
    noop_put: Literal["stamps", "silent"] = "stamps"
    """Whether a PUT that changes nothing moves LastModifiedOn."""
    null_on_put: Literal["keeps", "clears"] = "keeps"
    empty_text: Literal["as_sent", "null", "blank"] = "as_sent"
    """How an empty text is shown: as it was sent, always ``null``, or ``""`` even where nobody
    entered one."""
    dates: Literal["iso", "tenant"] = "iso"
    """Whether the dates of /me are ISO (as exemplified) or in the tenant's format, here
    ``dd/MM/yyyy`` (as described)."""
    numbers: Literal["plain", "places"] = "plain"
    """Whether a price of eight is written ``8`` (as documented) or ``8.0000``."""
    status_words: Literal["title", "upper"] = "title"
    """``Active`` as documented, or ``ACTIVE`` as seen in real exports."""
    party_rows: Literal["keep", "replace"] = "keep"
    """What happens to addresses and contacts that a PUT's array leaves out."""
    supplier_names: Literal["free", "unique"] = "free"
    type_change: Literal["ignore", "refuse"] = "ignore"
    """A PUT that gives a product another Type (documented as read-only)."""
    product_filter: Literal["containing", "starting"] = "containing"
    """How the Name and Sku filters of /product compare."""
    url_key: Literal["SupplierProductURL", "URL"] = "SupplierProductURL"
    write_echo: Literal["full", "gated"] = "full"
    """Whether the answer to a write shows nested arrays without Include flags."""
    excess_places: Literal["refuse", "round"] = "refuse"
    """A number with more than 4 decimal places."""
    excess_limit: Literal["refuse", "clamp"] = "refuse"
    """A Limit above 1000."""
    page_cap: int = 1000
    """Rows per page that the server really gives, whatever Limit asks for."""
    totals: bool = True
    """Whether lists say their Total."""
    order: Literal["key", "created"] = "key"
    """Order of lists: by SKU, name or code (a rename moves rows between pages), or by age."""
    native_link: Literal["none", "connected"] = "none"
    """Whether DEAR's own QuickBooks link is on: account and tax PUT are refused then."""
    linked_creates: Literal["refuse", "allow"] = "refuse"
    """Account POST and DELETE and tax POST while the native link is on."""
    account_types: Literal["known", "open"] = "known"
    """Whether an account Type outside the known vocabulary is refused."""

    line_total: Literal["ex_tax", "with_tax"] = "ex_tax"
    """Whether the Total of a line of a tax-exclusive document is without or with its tax."""
    line_places: Literal[2, 4] = 2
    """Decimal places to which the Total of a line is rounded."""
    rounding: Literal["half_up", "half_even"] = "half_up"
    bare_lines: Literal["refuse", "compute"] = "refuse"
    """A line without Price, Tax, TaxRule or Total (documented as required)."""
    line_tax: Literal["checked", "kept"] = "checked"
    """A line's Tax that differs from the computed one by a cent or more."""
    line_order: Literal["sent", "reversed", "sku"] = "sent"
    """Order in which answers show the lines of a document."""
    unknown_document: Literal[400, 404, 200] = 400
    """HTTP status of the refusal of an unknown purchase or sale ID."""
    payment_stamps: bool = True
    """Whether adding, changing or deleting a payment moves the document's stamp."""
    recost_stamps: bool = False
    """Whether a sale's stamp moves when the cost of what it shipped changes."""
    stock_stamps: bool = False
    """Whether a product's LastModifiedOn moves with its stock."""
    lock_day: Literal["closed", "open"] = "closed"
    """Whether the LockDate itself is closed for changes."""
    undone: Literal["draft", "ordering"] = "draft"
    """Overall Status after a whole purchase or sale was undone."""
    undo_paid: Literal["refuse", "drop"] = "refuse"
    """Undoing or voiding what carries payments: refused, or the payments go with it."""
    undone_entries: Literal["removed", "reversed"] = "removed"
    """What /transactions shows of an undone task: nothing, or the entries and their reversal."""
    void_empties: bool = True
    """Whether a voided document shows no lines and zero totals (seen in examples only)."""
    over_receipt: Literal["allow", "refuse"] = "allow"
    over_payment: Literal["allow", "refuse"] = "allow"
    bill_numbers: Literal["free", "unique"] = "free"
    """Whether a purchase invoice number must be unique per supplier."""
    stub_parts: bool = True
    """Whether a fresh document shows one part NOT AVAILABLE in every array, or empty arrays."""
    misspelt_invoice_key: bool = True
    """Whether /purchase calls the number of its invoice ``InvocieNumber``."""
    webhook_url: str = ""
    """Where all notices are sent; empty: none are."""
    webhook_header: str = "X-Trueup-Secret"
    """The custom header of the hooks."""
    webhook_secret: str = ""
    """What it holds; empty: the header is not sent."""
    webhook_delay_seconds: int = 60
    webhook_fate: Literal["deliver", "duplicate", "reorder", "drop"] = "deliver"
    """What becomes of notices: sent, sent twice, the last one first, or lost."""


def flipped(switches: DearSwitches, given: Mapping[str, object]) -> DearSwitches:
    """The switches with some of them set otherwise. Raises ``ValueError`` naming every mistake."""
    return replace(switches, **fitting(DearSwitches, given))
