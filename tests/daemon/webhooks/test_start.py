"""A daemon with doorbells begins whole or not at all."""

import socket
from pathlib import Path

import pytest

from daemon.app import opened
from daemon.clock import SystemClock
from daemon.config.load import load
from ledger.model.errors import ConfigProblem
from tests.nobody import CONFIG


async def refused(folder: Path, section: str) -> str:
    """Why a daemon with this section does not begin."""
    path = folder / "config.yaml"
    path.write_text(f"{CONFIG}webhooks: {section}\n")
    async with opened(load(path), SystemClock()) as app:
        with pytest.raises(ConfigProblem) as problem:
            await app.run()
        assert app.scheduler.last is None, "no cycle ran"
        assert not app.config.places.socket.exists(), "and nobody can ask it anything"
    return "\n".join(problem.value.problems)


async def test_a_verifier_token_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_TOKEN", raising=False)
    told = await refused(tmp_path, "{qbo: {verifier_tokens: [{env: NO_TOKEN}]}}")
    assert told.startswith("webhooks.qbo.verifier_tokens: environment variable NO_TOKEN")


async def test_a_taken_port_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "token")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        section = f'{{listen: "{listen}", qbo: {{verifier_tokens: [{{env: A_TOKEN}}]}}}}'
        told = await refused(tmp_path, section)
    assert told.startswith(f"webhooks.listen: {listen}: ")
