"""A running daemon, looked at from outside: by hand, by promtool, by the real Prometheus."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from daemon.clock import SystemClock
from tests.deploy.test_alerts import RULES, needs_promtool, promtool
from tests.nobody import CONFIG
from tests.ports import free_port

PROMETHEUS = shutil.which("prometheus")
PATIENCE_S = 60.0
"""Only a test that fails waits this long."""
SERIES = 100


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():
            await SystemClock().sleep(0.1)


@asynccontextmanager
async def daemon(folder: Path, observe: str, more: str = "", *args: str) -> AsyncIterator[Path]:
    """``trueup run`` as a process, from ready to stopped; its state folder."""
    config = folder / "config.yaml"
    config.write_text(f"{CONFIG}observe: {{metrics: {observe!r}}}\n{more}")
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "daemon", "run", "--config", str(config), *args),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TRUEUP_TEST_SECRET": "hush-hush"},
    )
    try:
        assert running.stderr is not None
        said = b""
        while b"ready" not in said:
            line = await asyncio.wait_for(running.stderr.readline(), PATIENCE_S)
            assert line, said
            said += line
        yield folder / "state"
    finally:
        if running.returncode is None:
            running.send_signal(signal.SIGTERM)
        _, rest = await asyncio.wait_for(running.communicate(), PATIENCE_S)
    assert running.returncode == 0, rest


async def got(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with session.get(url) as answer:
        return answer.status, await answer.text()


def value(page: str, series: str) -> float:
    (found,) = [line for line in page.splitlines() if line.startswith(f"{series} ")]
    return float(found.rsplit(" ", 1)[1])


@needs_promtool
async def test_a_daemon_is_scraped_and_promtool_finds_nothing_to_mend(tmp_path: Path) -> None:
    port = free_port()
    async with daemon(tmp_path, f"127.0.0.1:{port}"), aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{port}"

        async def has_cycled() -> bool:
            page = (await got(session, f"{base}/metrics"))[1]
            return value(page, 'trueup_cycles_total{company="acme",result="partial"}') >= 1

        await until(has_cycled)
        status, page = await got(session, f"{base}/metrics")
        assert status == 200
        code, said = await promtool("check", "metrics", stdin=page.encode())
        assert (code, said) == (0, "")
        series = [line for line in page.splitlines() if not line.startswith("#")]
        assert len(series) < SERIES
        assert all('company="acme"' in line for line in series)
        assert "hush-hush" not in page
        assert "Acme" not in page
        # Nobody is there: their outage is no fault of this process, and is told.
        assert value(page, 'trueup_system_connected{company="acme",system="qbo"}') == 0
        assert await got(session, f"{base}/livez") == (200, "loop: ok\nledger writer: ok\n")
        status, said = await got(session, f"{base}/readyz")
        assert (status, said.count(": ok\n")) == (200, 4)


async def test_the_figures_on_a_unix_socket_too(tmp_path: Path) -> None:
    path = tmp_path / "figures.sock"
    async with (
        daemon(tmp_path, str(path)),
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
    ):
        status, page = await got(session, "http://localhost/metrics")
        assert (status, value(page, 'trueup_ledger_open{company="acme"}')) == (200, 1)
    assert not path.exists()


async def test_a_taken_port_is_named_with_its_key(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        config = tmp_path / "config.yaml"
        config.write_text(f"{CONFIG}observe: {{metrics: '127.0.0.1:{other.getsockname()[1]}'}}\n")
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "daemon", "run", "--config", str(config)),
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "TRUEUP_TEST_SECRET": "hush-hush"},
        )
        _, said = await asyncio.wait_for(running.communicate(), PATIENCE_S)
    assert running.returncode == 78
    assert b"observe.metrics: nobody can listen on 127.0.0.1:" in said


async def test_without_the_key_nobody_listens(tmp_path: Path) -> None:
    port = free_port()
    async with daemon(tmp_path, "off"), aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await got(session, f"http://127.0.0.1:{port}/metrics")


async def test_a_command_hears_that_a_file_is_refused_and_that_it_is_mended(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = tmp_path / "tell"
    script.write_text(f"#!/bin/sh\n{{ cat; echo; }} >> {told}\n")
    script.chmod(0o700)
    notify = f"notify: [{{on: [reload_rejected], via: {{exec: [{script}]}}, group: 1s}}]\n"

    async def heard(count: int) -> bool:
        return told.exists() and told.read_text().count("\n") >= count

    async with daemon(tmp_path, "off", notify, "--clock-scale", "60"):
        config = tmp_path / "config.yaml"
        good = config.read_text()
        config.write_text(f"{good}shedule: {{}}\n")
        await until(lambda: heard(1))
        config.write_text(good)
        await until(lambda: heard(2))
    first, last = map(json.loads, told.read_text().splitlines())
    assert [one["resolved"] for one in (first, last)] == [False, True]
    assert first["matters"][0]["command"] == "trueup config check"
    assert "Acme" not in told.read_text()


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")
async def test_the_real_prometheus_scrapes_it_and_an_alert_of_ours_stands(tmp_path: Path) -> None:
    port, own = free_port(), free_port()
    rules = tmp_path / "rules.yaml"
    # The same rules, with the waits taken out: nobody waits minutes here.
    rules.write_text(
        "".join(
            line
            for line in RULES.read_text().splitlines(keepends=True)
            if not line.strip().startswith("for:")
        )
    )
    setting = tmp_path / "prometheus.yaml"
    setting.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(rules)],
                "scrape_configs": [
                    {
                        "job_name": "trueup",
                        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
                    }
                ],
            }
        )
    )
    assert PROMETHEUS is not None
    async with daemon(tmp_path, f"127.0.0.1:{port}", "reload: {watch: true}\n"):
        prometheus = await asyncio.create_subprocess_exec(
            PROMETHEUS,
            f"--config.file={setting}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{own}",
            "--log.level=error",
        )
        try:
            async with aiohttp.ClientSession() as session:
                api = f"http://127.0.0.1:{own}/api/v1"

                async def scraped() -> bool:
                    return await _has(session, f"{api}/query?query=trueup_build_info")

                async def alarmed() -> bool:
                    query = "ALERTS%7Balertname=%22TrueupReloadRejected%22%7D"
                    return await _has(session, f"{api}/query?query={query}")

                await until(scraped)
                assert not await alarmed()
                good = (tmp_path / "config.yaml").read_text()
                (tmp_path / "config.yaml").write_text(f"{good}shedule: {{}}\n")
                await until(alarmed)
                (tmp_path / "config.yaml").write_text(good)

                async def calm() -> bool:
                    return not await alarmed()

                await until(calm)
        finally:
            prometheus.terminate()
            await asyncio.wait_for(prometheus.wait(), PATIENCE_S)


async def _has(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return bool((await answer.json())["data"]["result"])
    except aiohttp.ClientError:
        return False
