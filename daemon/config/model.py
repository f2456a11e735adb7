"""What can be configured: one frozen model, documented field by field.

The docstring under each field is the text of the JSON Schema and of ``config.example.yaml``. Must
not read files, resolve secrets or know how decisions are made; ``policy`` translates.
"""

from decimal import Decimal
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from daemon.config.kinds import KindsConfig
from daemon.config.mapping import MappingConfig
from daemon.config.memory import LedgerConfig
from daemon.config.observing import NotifyConfig, ObserveConfig
from daemon.config.places import Places, places
from daemon.config.types import Day, Duration, FilePath, Section, TimeOfDay, Weekdays
from daemon.config.webhooks import WebhooksConfig
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.secrets import SecretRef

SOURCES = ("dear",)
"""Sections of which exactly one is given: the operations system across from the books."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise PydanticCustomError(
            "time_zone", "no such time zone: use a name such as America/Chicago or Europe/Berlin"
        ) from None
    return name


class CompanyConfig(Section):
    """The company whose books these are."""

    display_name: Annotated[str, Field(min_length=1, max_length=100)]
    """Shown in the command line and the terminal interface; has no effect on anything."""
    timezone: Annotated[str, AfterValidator(_known_zone)]
    """IANA name. Times of day in this file are meant in it."""
    home_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """ISO 4217 code. Both systems must have it as their base currency, or nothing is written."""
    badge: Literal["none", "red", "yellow", "green", "blue", "magenta", "cyan"] = "none"
    """Colour of the header in the terminal interface, to tell one company from another."""


class WriteWindowConfig(Section):
    """Hours of some days in which the daemon may write."""

    days: Weekdays = "mon-fri"  # type: ignore[assignment]
    """Days of the week: ``mon-fri``, or a list such as ``mon, wed, fri``."""
    since: Annotated[TimeOfDay, Field(alias="from")]
    """First minute."""
    until: Annotated[TimeOfDay, Field(alias="to")]
    """End; where it is not later than ``from``, the hours go on past midnight."""


class FreezeConfig(Section):
    """Days on which nothing is written."""

    first: Annotated[Day, Field(alias="from")]
    """First day."""
    last: Annotated[Day, Field(alias="to")]
    """Last day; it is frozen too."""
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    """Shown with everything that waits for the end."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise PydanticCustomError("freeze", "`to` is before `from`: nothing would be frozen")
        return self


class ScheduleConfig(Section):
    """When the daemon looks at the systems, and when it may write."""

    poll: Duration = "60s"  # type: ignore[assignment]  # validated like any other text
    """Pause between two looks for changes. An idle look costs one call to QBO and a few to the
    source; 60s stays far below every limit."""
    full_sweep: TimeOfDay = "02:30"  # type: ignore[assignment]
    """Daily time at which everything is read whole, to prove that no change was missed."""
    write_windows: Annotated[tuple[WriteWindowConfig, ...], Field(max_length=20)] = ()
    """Hours in which the daemon may write, in the company's time zone; without any, always.
    Reading and planning go on around the clock, and what is approved goes when a window opens."""
    freeze: Annotated[tuple[FreezeConfig, ...], Field(max_length=100)] = ()
    """Days on which nothing is written, such as while a month is closed; stronger than any
    window and any approval."""


class AbsoluteLimits(Section):
    """Numbers that no company outgrows by itself."""

    creates: Annotated[int, Field(ge=1)] = 10_000
    """New records."""
    updates: Annotated[int, Field(ge=1)] = 10_000
    """Changed records."""
    removals: Annotated[int, Field(ge=1)] = 500
    """Records voided, deleted, closed or made inactive."""


class LimitsConfig(Section):
    """When the daemon stops and asks, however sure it is."""

    mass_change_min: Annotated[int, Field(ge=1)] = 25
    """Never stop a plan for its size below this many changes of one kind in one system."""
    mass_change_fraction: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.30")
    """Stop when more than this part of all live records of one kind would change at once."""
    mass_change_documents: Annotated[int, Field(ge=1)] = 500
    """Stop when more than this many documents of one kind would be created, or changed, at once.
    Documents pile up over the years, so a part of them says nothing about a day's work. Removals
    stop above ``mass_change_min``."""
    absolute: AbsoluteLimits = AbsoluteLimits()
    """The most of one kind in one system that goes at once, however many records there are."""
    money: Annotated[Decimal, Field(gt=0)] | None = None
    """Stop when the documents of one kind that would be written at once come to more than this
    together, in the home currency. Off by default."""
    oscillation_repeats: Annotated[int, Field(ge=2, le=100)] = 3
    """Freeze a field after it was written this often to values that something else undoes."""
    oscillation_window: Duration = "24h"  # type: ignore[assignment]
    """How far back ``oscillation_repeats`` counts."""


class ApprovalsConfig(Section):
    """What a yes is worth."""

    expire_after: Duration = "24h"  # type: ignore[assignment]
    """An approved change that was not sent within this time must be approved again."""
    catalogue: Annotated[int, Field(ge=1, le=2)] = 1
    """How many different people have to approve a re-export of the product catalogue."""
    allow_root: StrictBool | None = None
    """May root decide? Default: no once ``roles`` are configured, or two people have to approve a
    re-export: whoever may become root would else count twice. Root may always look."""


class LogConfig(Section):
    """What the daemon says while it works. Names and amounts are never logged, only ids."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important message that is still written."""
    format: Literal["auto", "json", "text"] = "auto"
    """``text`` for people, ``json`` lines for collectors; ``auto`` is text."""


GroupName = Annotated[str, Field(pattern=r"^[a-z0-9_][a-z0-9_.-]{0,31}$")]


class RolesConfig(Section):
    """Unix groups whose members may use the daemon. Each role includes those before it."""

    view: GroupName | None = None
    """May look at everything, and change nothing."""
    operate: GroupName | None = None
    """May decide about records: approve, skip, retry, resolve, link, send, pause, resume."""
    admin: GroupName | None = None
    """May also re-export the catalogue, accept absence, remap accounts, copy the ledger, and
    connect and disconnect QuickBooks."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.by_role:
            raise PydanticCustomError(
                "roles", "names no group: give view, operate or admin, or leave `roles` out"
            )
        return self

    @property
    def by_role(self) -> dict[str, str]:
        """Key -> group, the least role first."""
        found = {"view": self.view, "operate": self.operate, "admin": self.admin}
        return {key: group for key, group in found.items() if group is not None}


class ControlConfig(Section):
    """How the command line reaches the daemon."""

    socket: FilePath | None = None
    """Unix socket. Default: ``control.sock`` in ``state_dir``, which only the daemon's own user
    may enter; with ``roles`` it must be elsewhere, in a folder such as /run/trueup."""
    group: GroupName | None = None
    """With ``roles``: the one unix group that may open the socket, so everybody with a role has to
    be in it. The daemon's user must be a member. Default: the group of the least role given."""


class VaultConfig(Section):
    """Where the key lies that the QuickBooks login in ``state_dir`` is sealed with."""

    key: SecretRef | None = None
    """32 bytes as hex digits (openssl rand -hex 32) or in base64. Default: a file beside the login,
    made at the first start; elsewhere, such as in a systemd credential, it protects copies of
    ``state_dir`` too."""
    former_key: SecretRef | None = None
    """The key before: what it sealed is sealed anew with ``key`` at the next start."""

    @model_validator(mode="after")
    def _former_needs_key(self) -> Self:
        if self.former_key is not None and self.key is None:
            raise PydanticCustomError("vault", "former_key has no effect without key")
        return self


class ReloadConfig(Section):
    """Changes to this file while the daemon runs."""

    watch: StrictBool = True
    """Apply a changed file between two cycles. A file with problems changes nothing."""


class Config(Section):
    """Everything about one company."""

    version: Literal[1]
    """Version of this file's format."""
    instance: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    """Short name of this installation: lower-case letters, digits and hyphens."""
    company: CompanyConfig
    """The company whose books these are."""
    state_dir: FilePath
    """Folder of the ledger, the encrypted tokens and the control socket; mode 0700. Nobody else
    may write to it, and it must be on a local disk."""
    qbo: QboConfig
    """QuickBooks Online: the books."""
    dear: DearConfig | None = None
    """DEAR Systems / Cin7 Core: the operations system."""
    schedule: ScheduleConfig = ScheduleConfig()
    """When the daemon looks at the systems."""
    kinds: KindsConfig = KindsConfig()
    """Per kind of record: does it flow, is it created, who is right."""
    mapping: MappingConfig = MappingConfig()
    """Which records are one thing where neither number nor name says so."""
    names: Literal["sanitise", "hold"] = "sanitise"
    """A name that the other system refuses (colon, tab, too long) is rewritten for it and the
    rewriting shown, or the record waits for a person."""
    limits: LimitsConfig = LimitsConfig()
    """When the daemon stops and asks."""
    approvals: ApprovalsConfig = ApprovalsConfig()
    """What a yes is worth."""
    ledger: LedgerConfig = LedgerConfig()
    """The append-only memory of the daemon."""
    roles: RolesConfig | None = None
    """Who may look, decide and administer. Left out: only the daemon's own user, who may do
    everything (single-user mode)."""
    log: LogConfig = LogConfig()
    """What the daemon says while it works."""
    vault: VaultConfig = VaultConfig()
    """The key of the QuickBooks login."""
    control: ControlConfig = ControlConfig()
    """How the command line reaches the daemon."""
    reload: ReloadConfig = ReloadConfig()
    """Changes to this file while the daemon runs."""
    webhooks: WebhooksConfig | None = None
    """Where the systems call when something changed. Left out: nothing listens, and changes are
    found by looking alone."""
    observe: ObserveConfig = ObserveConfig()
    """Figures and signs of life for monitors of this machine."""
    notify: Annotated[tuple[NotifyConfig, ...], Field(max_length=20)] = ()
    """Word to people who are away, by whatever they read."""

    @model_validator(mode="after")
    def _systems_that_ring_are_there(self) -> Self:
        if self.webhooks is not None and self.webhooks.dear is not None and self.dear is None:
            raise PydanticCustomError("webhooks", "webhooks.dear needs a section `dear`")
        return self

    @model_validator(mode="after")
    def _socket_can_be_reached(self) -> Self:
        socket = self.places.socket
        if self.roles is not None and self.state_dir in socket.parents:
            raise PydanticCustomError(
                "roles",
                "with `roles` the socket must not be in state_dir, which only the daemon's user "
                "may enter: set control.socket, for example to /run/trueup/control.sock",
            )
        if self.control.group is not None and self.roles is None:
            raise PydanticCustomError(
                "roles", "control.group has no effect without `roles`: give roles, or leave it out"
            )
        return self

    @model_validator(mode="after")
    def _second_person_can_be_had(self) -> Self:
        if self.approvals.catalogue > 1 and (self.roles is None or self.roles.admin is None):
            raise PydanticCustomError(
                "approvals",
                "approvals.catalogue asks for two people, and without roles.admin only the "
                "daemon's own user may approve a re-export: name a group in roles.admin",
            )
        return self

    @property
    def places(self) -> Places:
        return places(
            self.state_dir,
            ledger=self.ledger.path,
            key=self.ledger.key,
            socket=self.control.socket,
            backups=self.ledger.backup.folder,
            instance=self.instance,
        )
