"""What is not known for sure about QBO, as switches; tests run the ways that matter."""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True, kw_only=True)
class QboSwitches:
    """Behaviours on which reports about QBO differ. May be changed while the twin runs."""

    offering: str = ""
    """OfferingSku; ``""`` takes the world's. "... Essentials" and "... Simple Start" lack classes
    and inventory."""
    rename_on_inactivate: bool = True
    """Inactivation through the API renames ``X`` to ``X (deleted)``; else the name stays taken.
    The user interface (``/_sandbox/edit``) always renames."""
    cdc_inactive: Literal["full", "deleted"] = "full"
    """How change data capture shows inactivated list records."""
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
    without_accept: Literal["xml", "json"] = "xml"
    """What a request gets that does not accept JSON."""
    throttling: bool = True
    per_second: int = 10
    per_minute: int = 500
    batches_per_minute: int = 40
    core_plus_limit: int | None = None
    """Metered reads per calendar month before they are cut off with 429; None: only counted."""
    access_token_seconds: int = 3600
    refresh_token_seconds: int = 8_726_400
