"""The sections ``observe`` and ``notify``: who may look from outside, and who hears when."""

from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError
from yarl import URL

from daemon.config.types import Duration, Section
from daemon.config.webhooks import address_of
from daemon.connectors.secrets import SecretRef

OFF = "off"
Matter: TypeAlias = Literal[
    "needs_person",
    "guard_held",
    "auth_broken",
    "login_ends",
    "system_down",
    "cycle_stale",
    "reload_rejected",
    "ledger_damaged",
    "ledger_unwritable",
    "backup_stale",
    "webhook_gap",
]
MATTERS: tuple[Matter, ...] = get_args(Matter)


def _check_listen(listen: object) -> object:
    if listen is False:
        return OFF  # YAML 1.1 editors write it so
    if not isinstance(listen, str) or listen == OFF or listen.startswith("/"):
        return listen
    try:
        host, _ = address_of(listen)
    except ValueError:
        raise PydanticCustomError(
            "listen",
            "neither an address and port (127.0.0.1:9108), nor a path of a unix socket that begins "
            "with /, nor off",
        ) from None
    if not ip_address(host).is_loopback:
        raise PydanticCustomError(
            "listen",
            "only this machine may look: give 127.0.0.1 or [::1], or a unix socket, and let a "
            "proxy of yours pass it on with a login and TLS",
        )
    return listen


class ObserveConfig(Section):
    """Figures and signs of life for monitors of this machine."""

    metrics: Annotated[str, BeforeValidator(_check_listen)] = OFF
    """Where /metrics (Prometheus), /livez and /readyz are served: an address of this machine such
    as ``127.0.0.1:9108``, one for each company, or the path of a unix socket. Off by default: it
    needs no login, and every user of the machine may look."""

    @property
    def address(self) -> tuple[str, int] | Path | None:
        """None: off."""
        if self.metrics == OFF:
            return None
        return Path(self.metrics) if self.metrics.startswith("/") else address_of(self.metrics)


class HookRef(SecretRef):
    """Where to post: the address itself, or where it lies, because it may be a secret."""

    url: Annotated[str, Field(min_length=1, max_length=2_000)] | None = None
    """The address, when it holds no secret. https, or http on this machine."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        places = (self.url, self.credential, self.file, self.env)
        if sum(place is not None for place in places) != 1:
            raise ValueError("give exactly one of: url, credential, file, env")
        if self.url is not None:
            check_hook(self.url)
        return self

    def resolve(self) -> str:
        if self.url is not None:
            return self.url
        return super().resolve()

    def __str__(self) -> str:
        return "url" if self.url is not None else super().__str__()


def check_hook(text: str) -> None:
    """``PydanticCustomError`` unless a message may be posted there."""
    try:
        url = URL(text)
        local = url.host in {"127.0.0.1", "::1", "localhost"}
        good = bool(url.host) and (url.scheme == "https" or (url.scheme == "http" and local))
    except ValueError:
        good = False
    if not good:
        raise PydanticCustomError(
            "hook", "not an address to post to: write https://... (http only on this machine)"
        )


class ViaConfig(Section):
    """How to tell: exactly one of the two."""

    webhook: HookRef | None = None
    """Post the message as JSON; its ``text`` is what chat programs show."""
    exec: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)] | None = None
    """Run this command without a shell, the message on its standard input. The first word is a
    whole path."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.webhook is None) == (self.exec is None):
            raise PydanticCustomError("via", "give exactly one of: webhook, exec")
        if self.exec is not None and not self.exec[0].startswith("/"):
            raise PydanticCustomError("via", "exec: the first word is a path that begins with /")
        return self


Quiet: TypeAlias = tuple[time, time]


def _parse_quiet(value: object) -> object:
    if not isinstance(value, str):
        return value
    begin, dash, end = value.replace(" ", "").partition("-")
    try:
        found = (time.fromisoformat(begin), time.fromisoformat(end))
    except ValueError:
        found = None
    if not dash or found is None or len(begin) != 5 or len(end) != 5 or found[0] == found[1]:
        raise PydanticCustomError("quiet", 'not hours: write them as "22:00-06:00"')
    return found


QuietHours = Annotated[
    Quiet,
    BeforeValidator(_parse_quiet),
    PlainSerializer(lambda hours: f"{hours[0]:%H:%M}-{hours[1]:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d ?- ?\d\d:\d\d$"}),
]


def _each_once(matters: tuple[Matter, ...]) -> tuple[Matter, ...]:
    if len(set(matters)) != len(matters):
        raise PydanticCustomError("on", "the same word twice")
    return matters


class NotifyConfig(Section):
    """Word to people who are away: one message for many records, never one for each."""

    on: Annotated[tuple[Matter, ...], Field(min_length=1), AfterValidator(_each_once)] = MATTERS
    """What it is about: needs_person, guard_held, auth_broken, login_ends, system_down,
    cycle_stale, reload_rejected, ledger_damaged, ledger_unwritable, backup_stale, webhook_gap.
    Default: all."""
    via: ViaConfig
    """How to tell."""
    group: Duration = "15m"  # type: ignore[assignment]
    """At most one message in this time; what comes meanwhile goes together."""
    quiet: QuietHours | None = None
    """Hours without messages, in the company's time zone; a summary follows."""
