"""Roles in the configuration: what cannot work is refused with the cure, at start and live."""

import grp
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon.app import App, opened
from daemon.clock import SystemClock
from daemon.config.load import load, parse
from daemon.control.desk import Desk, Facts
from daemon.control.protocol_live import Role
from daemon.control.server import ControlServer
from daemon.reloading import Reloader
from ledger.model.errors import ConfigProblem

SMALLEST = (Path(__file__).parent / "files" / "good" / "smallest.yaml").read_text()
ELSEWHERE = "control: {socket: /run/trueup/acme.sock}\n"
MINE = grp.getgrgid(os.getgid()).gr_name


def problems_of(more: str) -> str:
    with pytest.raises(ConfigProblem) as caught:
        parse((SMALLEST + more).encode(), name="c.yaml", folder=Path("/etc/trueup"))
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("roles: {view: lookers}\n", "set control.socket, for example to /run/trueup"),
        (
            "roles: {view: lookers}\ncontrol: {socket: state/run/c.sock}\n",
            "must not be in state_dir",
        ),
        ("roles: {}\n" + ELSEWHERE, "names no group"),
        ("roles: {admins: keepers}\n" + ELSEWHERE, "admins"),
        ("roles: {view: 'Domain Users'}\n" + ELSEWHERE, "roles.view"),
        ("control: {group: door}\n", "no effect without `roles`"),
        ("approvals: {catalogue: 2}\n", "name a group in roles.admin"),
        (
            "approvals: {catalogue: 2}\nroles: {operate: deciders}\n" + ELSEWHERE,
            "name a group in roles.admin",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_cure(more: str, told: str) -> None:
    assert told in problems_of(more)


def test_roles_are_read() -> None:
    text = SMALLEST + "roles: {operate: deciders, admin: keepers}\n" + ELSEWHERE
    config = parse(text.encode(), name="c", folder=Path("/")).roles
    assert config is not None
    assert config.by_role == {"operate": "deciders", "admin": "keepers"}


async def test_roles_take_effect_while_the_daemon_runs(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o755)
    text = SMALLEST + f"control: {{socket: {folder}/c.sock}}\n"
    path.write_text(text)
    async with opened(load(path), SystemClock()) as app, _serving(app) as server:

        def told() -> tuple[str, ...]:
            return server.desk.config_problems

        good = Reloader(app.loaded, server).good
        assert server.access.is_single_user

        path.write_text(text + f"roles: {{admin: {MINE}}}\n")
        await good(load(path))
        assert server.access.groups[Role.ADMIN].gid == os.getgid()
        assert not told()

        path.write_text(text + "roles: {admin: no-such-group}\n")
        await good(load(path))
        (problem,) = told()
        assert "roles.admin: this machine has no group 'no-such-group'" in problem
        assert server.access.groups[Role.ADMIN].name == MINE

        path.write_text(text)
        await good(load(path))
        assert server.access.is_single_user
        assert not told()


@asynccontextmanager
async def _serving(app: App) -> AsyncIterator[ControlServer]:
    """The control server of an app that does not run its cycles."""
    facts = Facts(
        instance="acme",
        company="x",
        version="0",
        approvals_expire_after=app.config.approvals.expire_after,
    )
    desk = Desk(keeper=app.keeper, scheduler=app.scheduler, clock=app.clock, facts=facts)
    server = ControlServer(desk, app.config.places.socket)
    await server.start()
    try:
        yield server
    finally:
        await server.close()
