"""``trueup ledger destroy-key``: the typed name, what is left, and what commands say later."""

import json

import pytest

from tests.daemon.cli.conftest import Office
from tests.daemon.cli.test_ledger import closed, run

__all__ = ["closed"]


NAME = "acme"
"""The ``instance`` of the configuration."""


async def destroyed(office: Office) -> None:
    said = await run(office, "destroy-key", "--name", NAME, "--reason", "they left", "--json")
    assert said.code == 0, said.err


@pytest.mark.parametrize("typed", [(), ("--name", "another")])
async def test_without_the_right_name_nothing_is_done(
    closed: Office, typed: tuple[str, ...]
) -> None:
    said = await run(closed, "destroy-key", *typed, "--reason", "they left")
    assert said.code == 64
    assert repr(NAME) in said.err
    assert closed.config.with_name("ledger.key").exists()
    assert (await run(closed, "verify")).code == 0


async def test_a_daemon_at_work_is_stopped_first(office: Office) -> None:
    said = await run(office, "destroy-key", "--name", NAME, "--reason", "they left")
    assert said.code == 75
    assert "stop it first" in said.err
    assert office.config.with_name("ledger.key").exists()


async def test_afterwards_the_chain_is_proved_and_everything_else_refuses_by_name(
    closed: Office,
) -> None:
    before = json.loads((await run(closed, "verify", "--json")).out)
    await destroyed(closed)
    assert not closed.config.with_name("ledger.key").exists()
    after = json.loads((await run(closed, "verify", "--json")).out)
    assert after["ok"]
    assert after["entries"] == before["entries"] + 1
    assert "they left" in after["destroyed"]
    told = await run(closed, "verify")
    assert "its key was destroyed on" in told.out
    for command in (
        ("history", "W-7"),
        ("export",),
        ("rebuild",),
        ("backup", str(closed.config.with_name("one.backup"))),
    ):
        said = await run(closed, *command)
        assert said.code == 74, command
        assert "they left" in said.err
        assert "state_dir" in said.err
    assert not closed.config.with_name("ledger.key").exists(), "no command made another"


async def test_a_dry_run_tells_and_does_nothing(closed: Office) -> None:
    before = json.loads((await run(closed, "verify", "--json")).out)
    said = await run(closed, "destroy-key", "--dry-run", "--reason", "they left", "--json")
    told = json.loads(said.out)
    assert told["dry_run"] is True
    assert (told["entries"], told["unreadable_bodies"]) == (before["entries"], before["bodies"])
    spoken = await run(closed, "destroy-key", "--dry-run", "--reason", "they left")
    assert "nothing was done" in spoken.out
    assert json.loads((await run(closed, "verify", "--json")).out)["head_hash"] == told["head_hash"]


async def test_what_is_not_sealed_is_named(closed: Office) -> None:
    old = closed.ledger.path.with_name("ledger.format-6-20260101T000000Z.backup")
    old.write_bytes(b"in the clear")
    said = await run(closed, "destroy-key", "--name", NAME, "--reason", "they left")
    assert said.code == 0
    assert f"not sealed, remove it by hand: {old}" in said.err
    assert "trueup disconnect" in said.err


async def test_the_key_may_lie_elsewhere(closed: Office) -> None:
    folder = closed.config.parent / "other-volume"
    folder.mkdir()
    closed.config.with_name("ledger.key").rename(folder / "acme.key")
    assert (await run(closed, "verify")).code == 78
    with closed.config.open("a", encoding="utf-8") as stream:
        stream.write(f'ledger: {{key: "{folder / "acme.key"}"}}\n')
    assert (await run(closed, "verify")).code == 0
    await destroyed(closed)
    assert list(folder.iterdir()) == []
