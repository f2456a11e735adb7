"""What a catalogue job says and remembers: its states, its options, its memo in the ledger.

Values only. The memo is the payload of ``JobAdvanced``: whatever is not in it, or in the ledger
beside it, the job does not know. Must not decide anything.
"""

from enum import StrEnum

import msgspec

from ledger.model.errors import TrueupError
from ledger.model.facts import Resolution
from ledger.model.ids import Digest, ExternalRef, RecordId, SystemName

WHAT = "catalogue"
"""What sort of job it is, in ``JobAdvanced``."""
PLAN = "catalogue_plan"
"""The same of the entries that carry the rows of its plan."""


class State(StrEnum):
    """How far a job is. Each is an entry in the ledger."""

    OPENED = "opened"
    FROZEN = "frozen"
    READ = "read"
    SORTED = "sorted"
    """Sorted and planned, with questions left: unknown items, or names that clash."""
    SETTLED = "settled"
    """Every question is answered; the plan is to be made anew."""
    PLANNED = "planned"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    VERIFYING = "verifying"
    DONE = "done"
    ABORTED = "aborted"


OVER = frozenset({State.DONE, State.ABORTED})
UNDER_WAY = frozenset({State.RUNNING, State.PAUSED, State.VERIFYING})
TO_RUN = {
    State.SETTLED: "trueup catalogue plan",
    State.PLANNED: "trueup catalogue approve --company NAME",
    State.PAUSED: "trueup catalogue resume",
}
"""What comes before a job runs; in other states its status says it."""


class Act(StrEnum):
    """What becomes of one product."""

    CREATE = "create"
    """The old item, if any, is unlinked, and a new one is created."""
    REACTIVATE = "reactivate"
    """The old item is made active again and keeps its history."""
    RETIRE = "retire"
    """The old item is made inactive, unlinked, and a new one is created."""
    RENAME = "rename"
    """The old item still has the name: it is made active under a marked name and inactive again,
    then unlinked, and a new one is created under the name that is free now."""
    SUFFIX = "suffix"
    """The old item keeps the name: the new one gets it with a number at the end."""
    ADOPT = "adopt"
    """The books have an unlinked item of the same SKU: it is linked."""
    CLASH = "clash"
    """The name is still held by the old item; a person says what to do."""
    SKIP = "skip"


WRITES = {Act.CREATE: 1, Act.SUFFIX: 1, Act.REACTIVATE: 1, Act.RETIRE: 2, Act.RENAME: 3}
"""How many records the books are sent for one product."""
ANEW = frozenset({Act.CREATE, Act.RETIRE, Act.RENAME, Act.SUFFIX})
"""What ends in a new item."""


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the operator asked for."""

    missing_only: bool = False
    """Leave items alone that are only inactive: re-create what is gone or never was there."""
    only: tuple[str, ...] = ()
    """SKUs; empty = every product."""
    as_type: str = ""
    """``NonInventory``: retire tracked items and create them anew, untracked."""
    clashes: str = "ask"
    """``ask`` | ``reactivate`` | ``rename`` | ``suffix`` | ``skip``: what to do where the old item
    still has the name."""
    reactivate: bool = False
    """Reactivate every inactive item instead of creating a new one."""


class Stranger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An active item of the books that the source does not know."""

    ref: ExternalRef
    record: RecordId
    label: str
    name: str = ""
    tracked: bool = False
    quantity: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of one unknown item, or of one clash."""

    what: str
    """``keep`` | ``ignore`` | ``link`` for items; for clashes ``reactivate`` | ``rename`` |
    ``suffix`` | ``skip``."""
    by: str
    to: str = ""
    reason: str = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """That both catalogues were read completely, and when."""

    cycle: str
    at: str
    head: int
    items: dict[str, int]
    """Per system, how many items it holds, inactive ones included."""


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One product of the plan."""

    record: RecordId
    label: str
    name: str = ""
    standing: str
    act: Act
    old: ExternalRef | None = None
    digest: Digest = Digest("")
    """Of the operation that the ordinary core will make of it."""
    retire: Digest = Digest("")
    """Of the operation that makes the old item inactive first."""
    free: Digest = Digest("")
    """Of the one before that: it takes the name from an old item that is inactive already."""
    marked: str = ""
    """The name that the old item has from then on."""
    seen: dict[SystemName, Digest] = msgspec.field(default_factory=dict)
    """What both sides showed at the plan: what is half renamed is put to rest whatever they show
    by then."""
    called: Resolution | None = None
    """The answer that gives the new item's name its ending."""
    quantity: str = ""
    """What the books have on hand of the old item, where they track it."""
    why: str = ""

    @property
    def digests(self) -> tuple[Digest, ...]:
        """Of everything that it writes, in this order."""
        return tuple([digest for digest in (self.free, self.retire, self.digest) if digest])


class Keeping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An open document of the books that goes on pointing to old items."""

    record: RecordId
    ref: ExternalRef
    number: str
    date: str
    items: tuple[str, ...]


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A plan in numbers; its rows lie in bodies of their own."""

    id: str
    """Digest over the digests of all rows: what an approval is bound to."""
    chunks: tuple[Digest, ...] = ()
    """Bodies with up to ``CHUNK`` rows each."""
    document_chunks: tuple[Digest, ...] = ()
    standings: dict[str, int] = msgspec.field(default_factory=dict)
    acts: dict[str, int] = msgspec.field(default_factory=dict)
    skipped: dict[str, int] = msgspec.field(default_factory=dict)
    """Why products are left alone, and how many for that reason."""
    tracked: int = 0
    with_quantity: int = 0
    accounts_change: int = 0
    """New items that would get another income account than the old one has."""
    conflicts: int = 0
    """New items that take the source's side of an open conflict."""
    documents: int = 0
    unknown: int = 0
    strangers: tuple[Stranger, ...] = ()
    """The unknown items that are not settled, at most ``MOST_NAMED``."""
    clashes: int = 0
    calls: int = 0
    minutes: int = 0
    head: int = 0

    @property
    def is_settled(self) -> bool:
        return not self.unknown and not self.clashes

    @property
    def writes(self) -> int:
        return sum(count * self.acts.get(act, 0) for act, count in WRITES.items())


class Yes(msgspec.Struct, frozen=True, kw_only=True):
    """One person's approval of one plan."""

    by: str
    uid: int
    at: str
    plan: str


class Ended(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the full re-read at the end showed; of a job that was aborted, what the ledger knew."""

    at: str
    outcomes: dict[str, int] = msgspec.field(default_factory=dict)
    doubled: tuple[str, ...] = ()
    """Names or SKUs that more than one active item of the books has."""
    chunks: tuple[Digest, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not self.doubled and not self.outcomes.get("failed")


class Memo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that a job knows at one of its states."""

    job: str
    options: Options = Options()
    reason: str = ""
    opened_by: str = ""
    opened_at: str = ""
    proof: Proof | None = None
    answers: dict[str, Answer] = msgspec.field(default_factory=dict)
    plan: Summary | None = None
    approvals: tuple[Yes, ...] = ()
    run_by: str = ""
    run_at: str = ""
    note: str = ""
    """Why it stands where it stands: the reason of a pause, of an abort."""
    ended: Ended | None = None


class Finished(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one product, as the re-read showed it."""

    record: RecordId
    label: str
    name: str = ""
    act: Act
    outcome: str
    """``created`` | ``reactivated`` | ``adopted`` | ``left`` | ``failed``, and after an abort
    ``not_done``"""
    old: ExternalRef | None = None
    new: ExternalRef | None = None
    quantity: str = ""
    why: str = ""


CHUNK = 300
"""Rows in one body of a plan, and records that are unlinked at once."""
MOST_NAMED = 1_000
"""Unknown items that a summary names one by one."""


class JobRefused(TrueupError):
    """The job cannot do that now."""

    def __init__(self, message: str, *, cure: str = "", sort: str = "guarded") -> None:
        super().__init__(message, cure=cure)
        self.sort = sort
        """``guarded`` | ``not_found`` | ``bad_request`` | ``stale`` | ``not_ready``"""
