"""The part of the control protocol that tells how systems and cycles are doing."""

from daemon.control.frame import Part


class ProblemShown(Part, frozen=True, kw_only=True):
    code: str
    message: str
    field: str = ""
    cure: str = ""


class SystemShown(Part, frozen=True, kw_only=True):
    """How one connected system is doing."""

    system: str
    link: str
    """``untried``, ``connected``, ``down``, ``throttled``, ``reauth_needed`` ..."""
    company_name: str = ""
    home_currency: str = ""
    environment: str = ""
    closed_until: str = ""
    text: str = ""
    cure: str = ""
    since: str = ""
    last_observed: str = ""
    warnings: tuple[ProblemShown, ...] = ()
    login_until: str = ""
    """Day on which the login ends if it is left unused."""
    consent_until: str = ""
    """Day on which a person must give access again whatever happens."""
    calls: int = 0
    metered_reads: int = 0
    metered_left: int | None = None
    throttled: int = 0


class CountShown(Part, frozen=True, kw_only=True):
    """Records of one kind in one system."""

    system: str
    kind: str
    live: int
    inactive: int = 0
    removed: int = 0
    unreadable: int = 0
    out_of_scope: int = 0
    linked: int = 0
    """How many are joined with a record of another system."""


class SeenShown(Part, frozen=True, kw_only=True):
    """What one cycle saw in one system."""

    system: str
    pages: int = 0
    observed: int = 0
    moved: int = 0
    tombstoned: int = 0
    unreadable: int = 0


class CycleShown(Part, frozen=True, kw_only=True):
    """One cycle, counted."""

    cycle: str
    reason: str
    started_at: str
    ended_at: str = ""
    complete: bool = False
    seen: tuple[SeenShown, ...] = ()
    linked: int = 0
    agreed: int = 0
    planned: int = 0
    withdrawn: int = 0
    held: int = 0
    released: int = 0
    waiting: int = 0
    halted: int = 0
    sent: int = 0
    confirmed: int = 0
    rejected: int = 0
    unknown: int = 0
    open_intents: int = 0
    problems: tuple[ProblemShown, ...] = ()
