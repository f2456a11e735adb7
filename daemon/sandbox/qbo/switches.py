"""What is not known for sure about QBO, as switches; tests run the ways that matter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from daemon.sandbox.flip import fitting


@dataclass(slots=True, kw_only=True)
class QboSwitches:
    """Behaviours on which reports about QBO differ. May be changed while the twin runs."""

    offering: str = ""
    """OfferingSku; ``""`` takes the world's. "... Essentials" and "... Simple Start" lack classes
    and inventory."""
    rename_on_inactivate: bool = True
    """Inactivation through the API renames ``X`` to ``X (deleted)``; else the name stays taken.
    The user interface (``/_sandbox/edit``) always renames."""
    mark_twice: bool = False
    """Whether a name that ends in the mark already gets another one then."""
    cdc_inactive: Literal["full", "deleted"] = "full"
    """How change data capture shows inactivated list records."""
    merged_away: Literal["gone", "inactive"] = "gone"
    """What is left of a list record that was merged into another: nothing (610), or an inactive
    record that was renamed."""
    item_names: Literal["per_parent", "global"] = "per_parent"
    """Scope in which item names are unique."""
    batch_replay: Literal["replay", "refuse", "execute_again"] = "replay"
    """What a repeated request id of a batch does."""
    changed_body: Literal["replay", "refuse"] = "replay"
    """What a known request id with another body does."""
    replay_faults: bool = False
    """Whether a fault is stored under its request id and answered again."""
    refresh_rotation: Literal["daily", "always"] = "daily"
    """When a refresh answers a new refresh token."""
    previous_refresh_token: Literal["dead", "grace"] = "dead"
    """Whether the former refresh token still works for an hour after rotation."""
    id_order: Literal["numeric", "text"] = "numeric"
    """How queries compare ``Id``."""
    oversized_page: Literal["cap", "fault"] = "cap"
    """What MAXRESULTS above 1000 does."""
    start_position_zero: Literal["tolerate", "fault"] = "tolerate"
    projection_sparse: bool = True
    """Whether projected objects say ``"sparse": true``."""
    vendor_term_on_create: Literal["keep", "ignore"] = "keep"
    """Whether ``TermRef`` counts when a vendor is created."""
    trim_names: bool = True
    """Whether blanks around names are cut off."""
    account_numbers: bool = False
    """AccountingInfoPrefs.UseAccountNumbers; off: ``AcctNum`` is ignored and not shown."""
    custom_txn_numbers: bool = False
    """SalesFormsPrefs.CustomTxnNumbers; on: missing numbers stay empty, duplicates give 6140."""
    warn_duplicate_bill: bool = False
    """A second bill of one vendor with the same number gives 6140."""
    inactive_reference: Literal["2500", "610"] = "2500"
    """Fault of a reference to an inactive record."""
    invalid_link: Literal["drop", "refuse"] = "drop"
    """What a link of a bill line to no open order line does: 200 without it, or 620."""
    closed_order_link: Literal["drop", "accept"] = "drop"
    """Whether a closed purchase order still takes bills."""
    line_link_omitted: Literal["drop", "keep"] = "drop"
    """What happens to the link of a known bill line that is sent again without it."""
    received_unit: Literal["quantity", "amount"] = "quantity"
    """What ``Received`` counts on item lines of a purchase order."""
    linked_order_delete: Literal["allow", "refuse"] = "allow"
    """Whether a purchase order with bills can be deleted; its bills then lose their links."""
    order_payable_account: Literal["require", "default"] = "require"
    """What a purchase order without ``APAccountRef`` does: 2020, or the first payable account."""
    closed_orders: Literal["refuse", "accept"] = "refuse"
    """Whether purchase orders, which post nothing, may be written in a closed period."""
    closing_password: bool = False
    """A password guards the closing date: 6210 in place of 6200."""
    sparse_bill_needs_vendor: bool = True
    """A sparse update of a bill without ``VendorRef`` gives 2020."""
    party_terms: bool = False
    """Whether a new document without ``SalesTermRef`` takes the terms of its party."""
    tracked_without_quantity: Literal["accept", "refuse"] = "accept"
    """What a line with a tracked item but no quantity does: no stock moves, or 6520."""
    void_version: Literal["check", "ignore"] = "check"
    """Whether the void of an invoice with a version that is not the present one is stale (5010)."""
    overapplied: Literal["refuse", "cap"] = "refuse"
    """What a payment line above the open balance does: 6000, or only the open balance counts."""
    bill_payment_excess: Literal["refuse", "credit"] = "refuse"
    """What a bill payment above its bills less credits does: 6000, or the rest stays open."""
    sales_tax: Literal["manual", "automated", "off"] = "manual"
    """Automated (United States): absent line codes mean TAX for taxable items, and QBO picks the
    tax group. Off: TaxPrefs.UsingSalesTax is false; abroad every document is then NotApplicable."""
    tax_rounding: Literal["rate", "line"] = "rate"
    """Abroad: whether tax is taken of the sum of the lines of each rate, or line by line."""
    missing_tax_code: Literal["6000", "6100"] = "6000"
    """Abroad: the fault of a line without a tax code."""
    allow_discount: bool = True
    """SalesFormsPrefs.AllowDiscount; off: a discount line gives 6090."""
    sales_custom_fields: tuple[str, ...] = ()
    """Names of the custom text fields of sales forms, three at most, as Preferences show them."""
    order_custom_fields: tuple[str, ...] = ()
    """The same of purchase orders."""
    liability_balances: Literal["negative", "positive"] = "negative"
    """How ``CurrentBalance`` shows what is owed on liability and equity accounts; cards always
    show it positive."""
    income_balances: Literal["zero", "shown"] = "zero"
    """Whether income and expense accounts show a ``CurrentBalance``."""
    without_accept: Literal["xml", "json"] = "xml"
    """What a request gets that does not accept JSON."""
    throttling: bool = True
    per_second: int = 10
    per_minute: int = 500
    batches_per_minute: int = 40
    core_plus_limit: int | None = None
    """Metered reads per calendar month before they are cut off with 429; None: only counted."""
    consent: Literal["page", "given", "denied"] = "page"
    """What the authorisation address does: shows the page on which a person chooses company and
    answer, or answers by itself."""
    redirect_uris: tuple[str, ...] = ("http://localhost:8047/callback",)
    """The redirect URIs that are registered for the app, compared to the letter."""
    access_token_seconds: int = 3600
    refresh_token_seconds: int = 8_726_400
    webhook_url: str = ""
    """Where notices are sent; empty: none are."""
    webhook_format: Literal["cloudevents", "notifications"] = "cloudevents"
    """The form of notices: CloudEvents as since summer 2026, or the one before."""
    webhook_token: str = "sandbox-verifier-token"
    """The verifier token that signs notices."""
    webhook_delay_seconds: int = 5
    """How long events are gathered for one notice; Intuit takes up to a minute."""
    webhook_fate: Literal["deliver", "duplicate", "reorder", "drop"] = "deliver"
    """What becomes of notices: sent, sent twice, one for each event the last one first, or
    lost."""
    webhook_derived: bool = False
    """Whether what a record says because of another one (balances, stock) raises a notice."""


def flip(switches: QboSwitches, given: Mapping[str, object]) -> None:
    """Set some of the switches, all or none. Raises ``ValueError`` naming every mistake."""
    for name, value in fitting(QboSwitches, given).items():
        setattr(switches, name, value)
