"""The way to a host: by way of the proxy that the environment names, to no address that may not be
asked. A name is judged by what it resolves to, when it is used.

Opens nothing.
"""

import socket
import urllib.request
from collections.abc import Mapping

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from daemon.connectors.addresses import LOOPBACK, Forbidden, judge


class Detour:
    """The proxy between us and a host."""

    def __init__(self, url: URL) -> None:
        self.url = url.with_user(None)
        self.auth = aiohttp.BasicAuth(url.user, url.password or "") if url.user else None

    @property
    def host(self) -> str:
        return self.url.host or ""


def detour(url: URL, environ: Mapping[str, str] | None = None) -> Detour | None:
    """The proxy for an address, by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; None = none.

    ``Forbidden`` when it is of a sort that is not spoken. This machine is always asked directly.
    """
    host = url.host or ""
    proxies = urllib.request.getproxies_environment() if environ is None else dict(environ)
    # Of every POSIX, though its types leave it out.
    bypassed = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]
    if host in LOOPBACK or bypassed(host, proxies):
        return None
    named = proxies.get(url.scheme) or proxies.get("all")
    if not named:
        return None
    try:
        proxy = URL(named if "://" in named else f"http://{named}")
    except ValueError:
        proxy = URL()
    if proxy.scheme != "http" or not proxy.host:
        raise Forbidden("behind a proxy that is not an http:// one")
    return Detour(proxy)


class Resolver(AbstractResolver):
    """Names to addresses that may be asked. The proxy is where the administrator says it is."""

    def __init__(self, *, private: bool, proxy: str = "") -> None:
        self._private = private
        self._proxy = proxy
        self._names = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        if host != self._proxy and host not in LOOPBACK:
            for one in found:
                judge(one["host"], private=self._private)
        return found

    async def close(self) -> None:
        await self._names.close()
