"""What is wrong with the installation itself is said by name, and before it does harm."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from daemon.app import opened
from daemon.clock import SystemClock
from daemon.config.load import load
from daemon.control.client import ControlClient
from tests.daemon.test_hot_sections import CONFIG, running, until
from tests.ports import free_port


@asynccontextmanager
async def silent_systems(asked: list[str], *, behind_s: int = 0) -> AsyncIterator[str]:
    """A server that does nothing but tell the time, so much behind ours; what it was asked."""

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        date = SystemClock().now() - timedelta(seconds=behind_s)
        return web.Response(status=503, headers={"Date": format_datetime(date, usegmt=True)})

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_46_a_clock_that_is_wrong_is_one_figure_and_one_line(tmp_path: Path) -> None:
    asked: list[str] = []
    port = free_port()
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("hush-hush-hush-hush")
    async with silent_systems(asked, behind_s=3600) as url:
        dear = f'observe: {{metrics: "127.0.0.1:{port}"}}\n'

        def text(base: str) -> str:
            told = base.replace("{env: UNSET}", f"{{file: {secret}}}")
            return told.replace("native_link: none", f"native_link: none, base_url: {url}")

        async with running(tmp_path, lambda _: dear, edit=text, scale=1.0) as one:
            await until("it was asked", lambda: asked)
            async with ControlClient(one.app.config.places.socket) as daemon:
                told = {s.system: s.warnings for s in (await daemon.status()).systems}
            (warning,) = [w for w in told["dear"] if w.code == "clock"]
            assert re.search(r"clock is 3[56]\d\d s ahead of dear", warning.message)
            assert "timedatectl" in warning.cure
            assert not [w for w in told["qbo"] if w.code == "clock"], "it told no time"
            async with one.http.get(f"http://127.0.0.1:{port}/metrics") as page:
                shown = await page.text()
        series = 'trueup_system_clock_ahead_seconds{company="acme",system="dear"} '
        assert re.search(re.escape(series) + r"3[56]\d\d", shown)
        assert 'trueup_system_clock_ahead_seconds{company="acme",system="qbo"} 0' in shown


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("{env: TRUEUP_NOT_SET}", "environment variable TRUEUP_NOT_SET is missing"),
        ("{file: FOLDER/none}", "none cannot be read: No such file"),
        ("{file: FOLDER/open}", "may be read or changed by others (mode 0644)"),
        ("{credential: nobody-gave-it}", "credential nobody-gave-it: $CREDENTIALS_DIRECTORY"),
    ],
)
async def test_41_a_secret_that_cannot_be_had_is_named_and_nobody_is_asked(
    tmp_path: Path, reference: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TRUEUP_NOT_SET", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "open").write_text("readable")
    (tmp_path / "open").chmod(0o644)
    asked: list[str] = []
    async with silent_systems(asked) as url:
        secret = reference.replace("FOLDER", str(tmp_path))
        text = CONFIG.format(folder=tmp_path).replace("{env: UNSET}", secret)
        text = text.replace("http://127.0.0.1:9", url)
        text = text.replace("  client_id:", f"  refresh_token: {secret}\n  client_id:")
        path = tmp_path / "config.yaml"
        path.write_text(text.replace("native_link: none", f"native_link: none, base_url: {url}"))
        async with opened(load(path), SystemClock()) as app:
            report = await app.run_once()
            words = " ".join(status.text for status in app.scheduler.health.values())
    assert asked == [], "nobody was asked"
    assert not report.complete
    assert words.count(told) == 2, words
