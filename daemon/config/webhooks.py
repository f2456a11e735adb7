"""The ``webhooks`` section: where the systems may ring, and with which proof."""

import re
from ipaddress import ip_address
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StrictBool,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from daemon.config.types import Duration, Section
from daemon.connectors.secrets import SecretRef

_SIZE = re.compile(r"(\d{1,9}) ?(KiB|MiB)")
_SIZES = {"KiB": 1024, "MiB": 1024 * 1024}
LARGEST = 16 * 1024 * 1024


def _parse_size(value: object) -> object:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    size = int(found[1]) * _SIZES[found[2]] if found else 0
    if not 1024 <= size <= LARGEST:
        raise PydanticCustomError(
            "size", "not a size: write a number from 1KiB to 16MiB with its unit, such as 1MiB"
        )
    return size


def _size_text(size: int) -> str:
    whole = size % _SIZES["MiB"] == 0
    return f"{size // _SIZES['MiB']}MiB" if whole else f"{size // _SIZES['KiB']}KiB"


Size = Annotated[
    int,
    BeforeValidator(_parse_size),
    PlainSerializer(_size_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+ ?(KiB|MiB)$", "examples": ["1MiB"]}),
]
"""A number of bytes, written with its unit."""


def address_of(listen: str) -> tuple[str, int]:
    """Host and port of ``127.0.0.1:8088`` or ``[::1]:8088``. ``ValueError`` for anything else."""
    host, colon, port = listen.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("an IPv6 address stands in brackets")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        raise ValueError("no port")
    return str(ip_address(host)), int(port)


def _check_listen(listen: str) -> str:
    try:
        address_of(listen)
    except ValueError:
        raise PydanticCustomError(
            "listen", "not an address and port: write 127.0.0.1:8088, or [::1]:8088"
        ) from None
    return listen


HookPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]{0,200}$")]
Secrets = Annotated[tuple[SecretRef, ...], Field(min_length=1, max_length=2)]


class QboHooksConfig(Section):
    """Notices of QuickBooks Online."""

    path: HookPath = "/qbo"
    """Path of the address that is entered in the Intuit developer portal."""
    verifier_tokens: Secrets
    """Verifier token of your Intuit app, from its webhooks page. Two while it is changed: the new
    one, then the old one."""
    expected: StrictBool = True
    """Warn when changes are found of which no notice came."""


class DearHooksConfig(Section):
    """Notices of DEAR."""

    path: HookPath = "/dear"
    """Path of the address that is entered in each webhook in DEAR."""
    header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")] = "X-Trueup-Secret"
    """Header that carries the secret: a custom header of the webhook, or ``Authorization`` for its
    bearer token. DEAR signs nothing."""
    secrets: Secrets
    """A long random text, the same in every webhook. Two while it is changed."""
    expected: StrictBool = False
    """Warn when changes are found of which no notice came. Only with webhooks for the updates of
    suppliers, customers and products."""


class WebhooksConfig(Section):
    """Where the systems call when something changed, so that the next look comes at once. Plain
    HTTP: a proxy that ends TLS stands before it."""

    listen: Annotated[str, AfterValidator(_check_listen)] = "127.0.0.1:8088"
    """Address and port."""
    behind_proxy: StrictBool = False
    """Say yes to listen on another address than this machine's own: a proxy on another machine
    ends TLS, and a firewall lets nobody else through."""
    max_body: Size = "1MiB"  # type: ignore[assignment]  # validated like any other text
    """Longer notices are refused."""
    missed_after: Duration = "15m"  # type: ignore[assignment]
    """How long a notice may take. QuickBooks gathers for up to a minute, DEAR waits a minute."""
    qbo: QboHooksConfig | None = None
    """Notices of QuickBooks Online."""
    dear: DearHooksConfig | None = None
    """Notices of DEAR."""

    @property
    def address(self) -> tuple[str, int]:
        return address_of(self.listen)

    @model_validator(mode="after")
    def _has_doors(self) -> Self:
        if self.qbo is None and self.dear is None:
            raise PydanticCustomError(
                "webhooks", "nobody may ring: give qbo or dear, or leave `webhooks` out"
            )
        if self.qbo is not None and self.dear is not None and self.qbo.path == self.dear.path:
            raise PydanticCustomError("webhooks", "qbo.path and dear.path are the same")
        return self

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if not ip_address(self.address[0]).is_loopback and not self.behind_proxy:
            raise PydanticCustomError(
                "webhooks",
                "this listens on a network without TLS: listen on 127.0.0.1 behind a proxy on "
                "this machine, or set `behind_proxy: true` when the proxy is on another one",
            )
        return self
