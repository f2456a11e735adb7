"""The part of the control protocol that is about the re-export of the product catalogue."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.control.frame import Answer, Part, Request

MOST_SKUS = 10_000
MOST_ROWS = 5_000

Text = Annotated[str, Meta(max_length=1000)]


class CatalogueOptions(Request, frozen=True, kw_only=True):
    """Which products, and what to do where an old item still has its name."""

    missing_only: bool = False
    only: Annotated[tuple[str, ...], Meta(max_length=MOST_SKUS)] = ()
    as_type: Annotated[str, Meta(max_length=40)] = ""
    clashes: Literal["ask", "reactivate", "rename", "suffix", "skip"] = "ask"
    """``rename``: the old item gives up the name; ``suffix``: the new one gets a number."""
    reactivate: bool = False


class CataloguePlanRequest(Request, frozen=True, kw_only=True):
    """Open a job unless one is open, freeze, read both catalogues, sort and plan."""

    options: CatalogueOptions | None = None
    """None: those of the open job, or everything that is gone or inactive."""
    reason: Text = ""
    dry_run: bool = False
    """Only what the plan would be by what the ledger knows now; nothing is opened or read."""


class CatalogueSettleRequest(Request, frozen=True, kw_only=True):
    """Answer one question of the plan."""

    item: Annotated[str, Meta(min_length=1, max_length=500)]
    """A record id, ``system/kind/id``, or a SKU or name that is the only one."""
    what: Literal["keep", "ignore", "link", "reactivate", "rename", "suffix", "skip"]
    to: Annotated[str, Meta(max_length=500)] = ""
    """With ``link``: the product that it is."""
    reason: Text = ""
    dry_run: bool = False


class CatalogueSettleAllRequest(Request, frozen=True, kw_only=True):
    """The same answer for every item that the source does not know."""

    what: Literal["keep", "ignore"]
    expect_count: Annotated[int, Meta(ge=1)]
    """How many the caller saw; another number is refused."""
    reason: Text = ""
    dry_run: bool = False


class CatalogueApproveRequest(Request, frozen=True, kw_only=True):
    company: Text
    """The name of the company, typed."""
    plan: Annotated[str, Meta(max_length=40)] = ""
    """Id of the plan that was looked at; another one is refused."""
    reason: Text = ""
    dry_run: bool = False


class CatalogueRequest(Request, frozen=True, kw_only=True):
    """Run, pause, resume or abort."""

    reason: Text = ""
    dry_run: bool = False
    """Only whether it could be done now."""


class ProofShown(Part, frozen=True, kw_only=True):
    cycle: str
    at: str
    head: int
    items: dict[str, int]


class StrangerShown(Part, frozen=True, kw_only=True):
    """An active item of the books that the source does not know."""

    ref: str
    record: str
    label: str
    name: str = ""
    tracked: bool = False
    quantity: str = ""


class CataloguePlanShown(Part, frozen=True, kw_only=True):
    """A plan in numbers."""

    id: str
    standings: dict[str, int] = msgspec.field(default_factory=dict)
    """``alive``, ``inactive``, ``gone``, ``missing``, ``resting``, ``unknown`` ..."""
    acts: dict[str, int] = msgspec.field(default_factory=dict)
    """``create``, ``reactivate``, ``retire``, ``rename``, ``suffix``, ``adopt``, ``clash``,
    ``skip``"""
    skipped: dict[str, int] = msgspec.field(default_factory=dict)
    tracked: int = 0
    with_quantity: int = 0
    accounts_change: int = 0
    conflicts: int = 0
    """New items that take the source's side of an open conflict."""
    documents: int = 0
    unknown: int = 0
    strangers: tuple[StrangerShown, ...] = ()
    clashes: int = 0
    calls: int = 0
    minutes: int = 0
    head: int = 0


class YesShown(Part, frozen=True, kw_only=True):
    by: str
    at: str
    plan: str


class CatalogueEndShown(Part, frozen=True, kw_only=True):
    """What the full re-read at the end showed; of a job that was aborted, what the ledger knew."""

    at: str
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    doubled: tuple[str, ...] = ()


class AnswerGivenShown(Part, frozen=True, kw_only=True):
    """What a person said to one question of the plan."""

    what: str
    by: str
    to: str = ""
    reason: str = ""


class CatalogueJobShown(Part, frozen=True, kw_only=True):
    """One job at its latest state."""

    job: str
    state: str
    since: str = ""
    options: CatalogueOptions = CatalogueOptions()
    reason: str = ""
    opened_by: str = ""
    opened_at: str = ""
    proof: ProofShown | None = None
    plan: CataloguePlanShown | None = None
    answers: dict[str, AnswerGivenShown] = msgspec.field(default_factory=dict)
    """Record -> the answer to what the plan asked of it."""
    approvals: tuple[YesShown, ...] = ()
    people: int = 1
    """How many different people have to approve."""
    done: int = 0
    """Products that have their item, of ``rows``."""
    rows: int = 0
    waits: str = ""
    note: str = ""
    ended: CatalogueEndShown | None = None


class CatalogueAnswer(Answer, frozen=True, kw_only=True):
    """What was done, where the job stands, and the way on and back."""

    text: str
    job: CatalogueJobShown | None = None
    plan: CataloguePlanShown | None = None
    """Of a dry run."""
    seq: int = 0
    next: str = ""
    back: str = ""


class CatalogueRowShown(Part, frozen=True, kw_only=True):
    """One product of a plan, and what became of it."""

    sku: str
    name: str = ""
    record: str
    standing: str = ""
    act: str
    outcome: str = ""
    old: str = ""
    new: str = ""
    quantity: str = ""
    """What the books have on hand of the old item, where they track it."""
    why: str = ""


class KeepingShown(Part, frozen=True, kw_only=True):
    """An open document of the books that goes on pointing to old items."""

    ref: str
    number: str
    date: str
    items: tuple[str, ...]


class CatalogueReportAnswer(Answer, frozen=True, kw_only=True):
    """The rows of the plan, or of the report when the job is over."""

    job: CatalogueJobShown
    rows: tuple[CatalogueRowShown, ...]
    documents: tuple[KeepingShown, ...] = ()
    offset: int
    more: bool
