"""Where connections may lead: certificates, inner addresses, redirects, proxies, IPv6 alone."""

import asyncio
import base64
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError
from yarl import URL

from daemon.clock import SystemClock
from daemon.connectors.addresses import Forbidden, judge
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.governor import Governor
from daemon.connectors.http import Http
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.reach import detour
from ledger.model.errors import Transient
from tests.daemon.connectors.clocks import FastClock

HOST = "inventory.example"
USER = base64.b64encode(b"acme:pass").decode()
DEAR = {"account_id": "1", "application_key": {"env": "UNSET"}, "native_link": "none"}
QBO = {
    "environment": "sandbox",
    "realm_id": "1",
    "client_id": {"env": "UNSET"},
    "client_secret": {"env": "UNSET"},
}


class Issuer:
    """Signs certificates of servers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test issuer")])
        self.file = folder / "issuer.pem"
        own = self._signed(self.name, self.key, days=1, is_issuer=True)
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def server(self, host: str, *, days: int = 1, by_itself: bool = False) -> ssl.SSLContext:
        """For a server of that name; ``days``: until the certificate ends, past ones below 0."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        signed = self._signed(name, key, days=days, host=host, by_itself=by_itself)
        path = self.folder / f"{host}-{days}-{by_itself}.pem"
        path.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        days: int,
        host: str = "",
        is_issuer: bool = False,
        by_itself: bool = False,
    ) -> x509.Certificate:
        end = SystemClock().now().replace(microsecond=0) + timedelta(days=days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name if by_itself else self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_issuer, path_length=None), critical=True)
        )
        if host:
            names = x509.SubjectAlternativeName([x509.DNSName(host)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(key if by_itself else self.key, hashes.SHA256())


@asynccontextmanager
async def serving(context: ssl.SSLContext | None, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """A server that answers ``hello``; its port."""

    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(text="hello")

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0, ssl_context=context).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def proxy(behind: int, *, wants: str = "") -> AsyncIterator[tuple[int, list[str]]]:
    """An HTTP proxy that connects every host to a port of this machine, and what it was asked."""
    asked: list[str] = []

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.splitlines()[0])
        if wants and f"Proxy-Authorization: Basic {wants}" not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", behind)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(hand_on(reader, back), hand_on(there, writer), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], asked


async def asked(*addresses: str, **environ: str) -> list[str]:
    """What a process of its own is told by each address."""
    clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.daemon.connectors.asking", *addresses),
        stdout=asyncio.subprocess.PIPE,
        env={**clean, **environ},
    )
    out, _ = await asyncio.wait_for(child.communicate(), 60)
    assert child.returncode == 0
    assert b"private-path" not in out
    return out.decode().splitlines()


async def test_58_a_certificate_that_is_not_good_is_refused_with_what_is_wrong(
    tmp_path: Path,
) -> None:
    issuer = Issuer(tmp_path)
    async with AsyncExitStack() as stack:
        ports = [
            await stack.enter_async_context(serving(context))
            for context in (
                issuer.server("localhost"),
                issuer.server("localhost", days=-1),
                issuer.server("localhost", by_itself=True),
                issuer.server("elsewhere.example"),
            )
        ]
        addresses = [f"https://localhost:{port}" for port in ports]
        told = await asked(*addresses, SSL_CERT_FILE=str(issuer.file))
        distrusted = await asked(addresses[0])
    begin = "Transient: localhost: no secure connection could be made (its certificate"
    assert told == [
        "200 hello",
        f"{begin} has expired)",
        f"{begin} is signed by itself)",
        f"{begin} is for another name)",
    ]
    assert distrusted == [f"{begin} is signed by nobody that this machine trusts)"]


async def test_37_where_only_a_proxy_is_reachable_it_goes_through_the_proxy(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path)
    trust = {"SSL_CERT_FILE": str(issuer.file)}
    async with (
        serving(issuer.server(HOST)) as port,
        serving(None) as here,
        proxy(port, wants=USER) as (through, requests),
    ):
        way = f"http://acme:pass@127.0.0.1:{through}"
        # The name resolves nowhere here: only the proxy knows it.
        told = await asked(
            f"https://{HOST}", f"http://127.0.0.1:{here}", HTTPS_PROXY=way, ALL_PROXY=way, **trust
        )
        assert told == ["200 hello", "200 hello"]
        assert requests == [f"CONNECT {HOST}:443 HTTP/1.1"], "this machine is asked directly"
        (wrong,) = await asked(
            f"https://{HOST}", HTTPS_PROXY=f"http://acme:no@127.0.0.1:{through}", **trust
        )
        assert wrong == f"Transient: the proxy before {HOST} refused to connect (407)"
        (around,) = await asked(f"https://{HOST}", HTTPS_PROXY=way, NO_PROXY=".example", **trust)
        assert around.startswith(f"Transient: {HOST} cannot be reached")
    (dead,) = await asked(f"https://{HOST}", HTTPS_PROXY=way, **trust)
    assert dead.startswith(f"Transient: the proxy before {HOST} cannot be reached")
    (sort,) = await asked(f"https://{HOST}", HTTPS_PROXY="socks5://127.0.0.1:1080", **trust)
    assert "behind a proxy that is not an http:// one" in sort


async def test_37_a_host_with_nothing_but_ipv6_is_asked() -> None:
    async with serving(None, "::1") as port:
        assert await asked(f"http://[::1]:{port}") == ["200 hello"]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("169.254.169.254", "metadata"),
        ("fe80::1", "metadata"),
        ("fe80::1%eth0", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("::ffff:169.254.169.254", "metadata"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("2002:a9fe:a9fe::1", "metadata"),
        ("224.0.0.1", "no address of a server"),
        ("0.0.0.0", "no address of a server"),
        ("::", "no address of a server"),
        ("240.0.0.1", "no address of a server"),
        ("10.0.0.5", "private network"),
        ("192.168.1.1", "private network"),
        ("172.16.0.1", "private network"),
        ("127.0.0.1", "private network"),
        ("fd12::1", "private network"),
        ("::ffff:10.0.0.5", "private network"),
        ("64:ff9b::a00:5", "private network"),
    ],
)
def test_58_addresses_that_are_not_asked(address: str, why: str) -> None:
    with pytest.raises(Forbidden, match=why):
        judge(address, private=False)
    if why == "private network":
        judge(address, private=True)
    else:
        with pytest.raises(Forbidden, match=why):
            judge(address, private=True)


@pytest.mark.parametrize("address", ["52.1.2.3", "2606:4700::1", "64:ff9b::3401:203"])
def test_addresses_of_the_world_are_asked_also_from_a_network_with_ipv6_alone(address: str) -> None:
    judge(address, private=False)


@pytest.mark.parametrize(
    ("host", "private", "why"),
    [
        ("0xa9fea9fe", True, "metadata"),  # 169.254.169.254, as a resolver understands it too
        ("0x7f000001", False, "private network"),  # 127.0.0.1
        ("2852039166", True, "no name of a host"),
        ("169.254.169.254", True, "metadata"),
        ("10.0.0.5", False, "private network"),
        ("[fd00:ec2::254]", True, "metadata"),
    ],
)
async def test_58_a_name_is_judged_by_what_it_resolves_to(
    host: str, *, private: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    monkeypatch.delenv("http_proxy", raising=False)
    clock = FastClock()
    governor = Governor(clock, per_second=100, per_minute=1000, in_flight=1)
    http = Http(f"http://{host}:9", clock=clock, governor=governor, timeout_s=5.0, private=private)
    with pytest.raises(Transient, match=why) as error:
        await http.send("GET", "/")
    await http.close()
    assert error.value.cure


@pytest.mark.parametrize("host", ["10.0.0.5", "169.254.169.254", "[fe80::1]", "[::ffff:10.0.0.5]"])
def test_58_a_configuration_cannot_point_inwards(host: str) -> None:
    with pytest.raises(ValidationError, match="base_url is an address of"):
        DearConfig.model_validate({**DEAR, "base_url": f"https://{host}/v2"})
    with pytest.raises(ValidationError, match="token_url is an address of"):
        QboConfig.model_validate({**QBO, "token_url": f"https://{host}/token"})
    with pytest.raises(ValidationError, match="must be an address of this machine"):
        QboConfig.model_validate({**QBO, "base_url": f"https://{host}/v3"})


def test_a_gateway_in_a_private_network_needs_a_word() -> None:
    inner = {**DEAR, "base_url": "https://10.0.0.5/v2", "allow_private_network": True}
    assert DearConfig.model_validate(inner).base_url == "https://10.0.0.5/v2"
    with pytest.raises(ValidationError, match="metadata"):
        DearConfig.model_validate({**inner, "base_url": "https://169.254.169.254/v2"})


@pytest.mark.parametrize(
    ("environ", "way"),
    [
        ({}, None),
        ({"https": "http://10.1.1.1:3128"}, "http://10.1.1.1:3128"),
        ({"https": "10.1.1.1:3128"}, "http://10.1.1.1:3128"),
        ({"all": "http://p:1"}, "http://p:1"),
        ({"http": "http://p:1"}, None),
        ({"https": "http://p:1", "no": "inventory.example"}, None),
        ({"https": "http://p:1", "no": "*"}, None),
        ({"https": "http://p:1", "no": "other.example"}, "http://p:1"),
    ],
)
def test_the_way_by_the_environment(environ: dict[str, str], way: str | None) -> None:
    found = detour(URL(f"https://{HOST}/v2"), environ)
    assert (str(found.url).rstrip("/") if found else None) == way
    assert detour(URL("https://127.0.0.1"), environ) is None
