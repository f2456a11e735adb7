"""The life of a login against a token server over real sockets."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from daemon.connectors.oauth import OAuth, Phase, phase
from daemon.connectors.vault import FileVault, Tokens, TokenStore
from ledger.model.errors import Transient, Unauthorised
from tests.daemon.connectors.clocks import START, FastClock
from tests.daemon.connectors.servers import hang_up, serving

INVALID_GRANT = {
    "error": "invalid_grant",
    "error_description": "Incorrect or invalid refresh token",
}


class TokenServer:
    """Grants ``A<n>`` and rotates the refresh token with every grant: ``R0``, ``R1`` ..."""

    def __init__(self) -> None:
        self.valid = {"R0"}
        self.rotations = 0
        self.asked: list[str] = []
        self.script: list[str] = []
        """What to do with the next requests: lose | 500 | hold | client | html"""
        self.hold = asyncio.Event()
        self.reached = asyncio.Event()
        self.headers: list[dict[str, str]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = parse_qs((await request.read()).decode())
        token = form["refresh_token"][0]
        assert form["grant_type"] == ["refresh_token"]
        self.asked.append(token)
        self.headers.append(dict(request.headers))
        self.reached.set()
        step = self.script.pop(0) if self.script else ""
        if step == "client":
            return web.json_response({"error": "invalid_client"}, status=401)
        if step == "html":
            return web.Response(text="<html>login</html>", content_type="text/html")
        if step == "500":
            return web.Response(status=500)
        if step == "hang":
            return hang_up(request)
        if token not in self.valid:
            return web.json_response(INVALID_GRANT, status=400)
        self.rotations += 1
        self.valid = {f"R{self.rotations}"}
        if step == "grace":
            self.valid.add(token)
        if step == "lose":
            self.valid.add(token)
            return hang_up(request)
        if step == "hold":
            await self.hold.wait()
        return web.json_response(
            {
                "token_type": "bearer",
                "access_token": f"A{self.rotations}",
                "expires_in": 3600,
                "refresh_token": f"R{self.rotations}",
                "x_refresh_token_expires_in": 8726400,
                "x_refresh_token_hard_expires_in": 156032154,
            }
        )


class Bench:
    """One login, its server, its clock and its file."""

    def __init__(self, url: str, server: TokenServer, folder: Path) -> None:
        self.url = url
        self.server = server
        self.clock = FastClock()
        self.folder = folder

    def open(self, first: str = "R0", store: TokenStore | None = None) -> OAuth:
        return OAuth(
            system="qbo",
            clock=self.clock,
            store=store or self.store(),
            credentials=lambda: ("client", "secret"),
            bootstrap=lambda: first,
            token_url=self.url,
        )

    def store(self) -> FileVault:
        return FileVault(self.folder, system="qbo", realm="934", key=b"k" * 32)

    def stored(self) -> Tokens:
        found = self.store().load()
        assert found is not None
        return found


@asynccontextmanager
async def bench_in(folder: Path) -> AsyncIterator[Bench]:
    server = TokenServer()
    async with serving(server.handle) as url:
        yield Bench(url, server, folder)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_in(tmp_path) as found:
        yield found


def tokens(**changes: object) -> Tokens:
    good = Tokens(
        refresh_token="R",
        access_token="A",
        access_expires_at=START + timedelta(hours=1),
        refresh_expires_at=START + timedelta(days=100),
    )
    return Tokens(**({f: getattr(good, f) for f in good.__struct_fields__} | changes))


@pytest.mark.parametrize(
    ("found", "refused", "expected"),
    [
        (None, False, Phase.MISSING),
        (tokens(refresh_token=""), False, Phase.MISSING),
        (tokens(), False, Phase.FRESH),
        (tokens(), True, Phase.REAUTH_NEEDED),
        (tokens(access_expires_at=START + timedelta(minutes=4)), False, Phase.DUE),
        (tokens(access_token=""), False, Phase.DUE),
        (tokens(access_expires_at=None), False, Phase.DUE),
        (tokens(access_token="", refresh_expires_at=START), False, Phase.EXPIRED),
        (tokens(access_token="", hard_expires_at=START), False, Phase.EXPIRED),
    ],
)
def test_phases(found: Tokens | None, refused: bool, expected: Phase) -> None:
    assert phase(found, START, refused=refused) is expected


async def test_the_first_token_is_used_once_and_its_successors_are_kept(bench: Bench) -> None:
    first = bench.open()
    assert first.phase is Phase.DUE
    assert await first.access_token() == "A1"
    assert await first.access_token() == "A1"
    await first.close()
    again = bench.open()
    assert await again.access_token() == "A1", "a restart does not refresh"
    bench.clock.advance(3400)
    assert await again.access_token() == "A2", "renewed before its end"
    await again.close()
    assert bench.server.asked == ["R0", "R1"]
    assert bench.stored().hard_expires_at is not None


async def test_what_goes_over_the_wire(bench: Bench) -> None:
    login = bench.open()
    await login.access_token()
    await login.close()
    sent = bench.server.headers[0]
    assert sent["Authorization"] == "Basic " + base64.b64encode(b"client:secret").decode()
    assert sent["Accept"] == "application/json"
    assert sent["x-include-refresh-token-hard-expires-in"] == "true"


async def test_F80_many_callers_make_one_exchange(bench: Bench) -> None:
    login = bench.open()
    found = await asyncio.gather(*(login.access_token() for _ in range(10)))
    assert set(found) == {"A1"}
    found = await asyncio.gather(*(login.access_token(rejected="A1") for _ in range(10)))
    assert set(found) == {"A2"}
    assert await login.access_token(rejected="A1") == "A2", "somebody renewed it meanwhile"
    await login.close()
    assert bench.server.asked == ["R0", "R1"]


async def test_the_new_token_is_on_disk_before_anyone_gets_to_use_it(bench: Bench) -> None:
    order: list[str] = []

    class Watched(FileVault):
        def save(self, tokens: Tokens) -> None:
            super().save(tokens)
            order.append(f"saved {tokens.refresh_token}")

    login = bench.open(store=Watched(bench.folder, system="qbo", realm="934", key=b"k" * 32))
    order.append(f"used {await login.access_token()}")
    await login.close()
    assert order == ["saved R1", "used A1"]


async def test_54_on_a_slow_disk_nobody_uses_a_login_before_it_is_stored(bench: Bench) -> None:
    order: list[str] = []

    class Slow(FileVault):
        def save(self, tokens: Tokens) -> None:
            threading.Event().wait(0.2)
            super().save(tokens)
            order.append(f"saved {tokens.refresh_token}")

    login = bench.open(store=Slow(bench.folder, system="qbo", realm="934", key=b"k" * 32))

    async def use() -> None:
        order.append(f"used {await login.access_token()}")

    await asyncio.gather(*(use() for _ in range(4)))
    await login.close()
    assert order == ["saved R1", *["used A1"] * 4]


async def test_an_exchange_is_finished_although_its_caller_is_cancelled(bench: Bench) -> None:
    bench.server.script = ["hold"]
    login = bench.open()
    caller = asyncio.ensure_future(login.access_token())
    await bench.server.reached.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    bench.server.hold.set()
    await login.close()
    assert bench.stored().refresh_token == "R1"


async def test_F79_a_lost_reply_is_asked_for_again_at_once_with_the_same_token(
    bench: Bench,
) -> None:
    bench.server.script = ["lose"]
    login = bench.open()
    assert await login.access_token() == "A2"
    await login.close()
    assert bench.server.asked == ["R0", "R0"]
    assert bench.clock.slept == [], "at once"


async def test_F79_when_the_token_is_refused_the_former_one_is_tried_once(bench: Bench) -> None:
    bench.server.script = ["grace"]
    login = bench.open()
    await login.access_token()
    assert bench.stored().former_refresh_token == "R0"
    bench.server.valid = {"R0"}
    assert await login.access_token(rejected="A1") == "A2"
    assert await login.access_token() == "A2", "the login goes on"
    assert login.phase is Phase.FRESH
    await login.close()
    assert bench.server.asked == ["R0", "R1", "R0"]


async def test_the_former_token_is_dropped_once_the_new_one_was_used(bench: Bench) -> None:
    login = bench.open()
    await login.access_token()
    bench.server.valid = {"R1"}
    await login.access_token(rejected="A1")
    await login.close()
    assert bench.stored().former_refresh_token == "R1"


async def test_F79_refused_for_good_is_a_named_state_that_asks_no_more(bench: Bench) -> None:
    bench.server.valid = set()
    login = bench.open()
    with pytest.raises(Unauthorised, match="refused") as caught:
        await login.access_token()
    assert caught.value.state == "reauth_needed"
    assert "trueup connect --reconnect" in caught.value.cure
    assert login.phase is Phase.REAUTH_NEEDED
    with pytest.raises(Unauthorised):
        await login.access_token()
    await login.close()
    assert bench.server.asked == ["R0"]


async def test_a_new_first_token_in_the_configuration_overrules_the_old_chain(
    bench: Bench,
) -> None:
    login = bench.open()
    await login.access_token()
    await login.close()
    bench.server.valid = {"R9"}
    login = bench.open(first="R9")
    assert await login.access_token() == "A2"
    await login.close()
    login = bench.open(first="R9")
    assert await login.access_token() == "A2"
    await login.close()
    assert bench.server.asked == ["R0", "R9"]


async def test_nobody_has_authorised(bench: Bench) -> None:
    login = bench.open(first="")
    with pytest.raises(Unauthorised, match="nobody has authorised"):
        await login.access_token()
    await login.close()


async def test_an_expired_window_is_known_without_asking(bench: Bench) -> None:
    login = bench.open()
    await login.access_token()
    bench.clock.advance(102 * 86400)
    with pytest.raises(Unauthorised, match="has expired"):
        await login.access_token()
    await login.close()
    assert bench.server.asked == ["R0"]


async def test_wrong_app_credentials_are_named(bench: Bench) -> None:
    bench.server.script = ["client"]
    login = bench.open()
    with pytest.raises(Unauthorised, match="invalid_client") as caught:
        await login.access_token()
    assert caught.value.state == "bad_credentials"
    await login.close()


@pytest.mark.parametrize("script", [["500", "500"], ["hang", "hang"], ["html"]])
async def test_a_login_service_in_trouble_is_transient(bench: Bench, script: list[str]) -> None:
    bench.server.script = list(script)
    login = bench.open()
    with pytest.raises(Transient):
        await login.access_token()
    assert login.phase is Phase.DUE
    assert await login.access_token() == "A1"
    await login.close()


async def test_a_token_that_still_lives_is_used_while_it_cannot_be_renewed(bench: Bench) -> None:
    login = bench.open()
    await login.access_token()
    bench.clock.advance(3500)
    bench.server.script = ["500", "500"]
    assert await login.access_token() == "A1"
    assert await login.access_token() == "A2"
    await login.close()


async def test_F92_a_renewed_login_that_cannot_be_stored_is_kept_and_not_used(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = bench.store()
    save: Callable[[Tokens], None] = store.save

    def full(_tokens: Tokens) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "save", full)
    login = bench.open(store=store)
    for _ in range(2):
        with pytest.raises(Transient, match="No space left"):
            await login.access_token()
    monkeypatch.setattr(store, "save", save)
    assert await login.access_token() == "A1"
    await login.close()
    assert bench.server.asked == ["R0"]
    assert bench.stored().refresh_token == "R1"


async def test_discovery_may_move_the_token_address_only_within_its_site(tmp_path: Path) -> None:
    documents: list[object] = [{"token_endpoint": "https://evil.example/token"}, "no document"]

    async def discovery(_request: web.Request) -> web.Response:
        return web.json_response(documents.pop(0))

    async with bench_in(tmp_path) as bench, serving(discovery) as url:
        login = OAuth(
            system="qbo",
            clock=bench.clock,
            store=bench.store(),
            credentials=lambda: ("client", "secret"),
            bootstrap=lambda: "R0",
            token_url=bench.url,
            discovery_url=url,
        )
        assert await login.access_token() == "A1"
        assert await login.access_token(rejected="A1") == "A2"
        await login.close()
    assert documents == []
