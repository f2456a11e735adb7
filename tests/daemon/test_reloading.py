"""A configuration read anew: what is in force, what needs a restart, what became void."""

from pathlib import Path

import pytest

from daemon.config.changes import changes
from daemon.config.load import load
from daemon.control.client import ControlClient
from daemon.control.desk import Actor
from daemon.control.protocol_reload import ReloadRequest
from daemon.control.server import ControlServer
from daemon.reloading import Reloader, void
from ledger.model.records import Vendor
from tests.daemon.control.conftest import CONFIG, DEAR, Office, office

__all__ = ["office"]

ME = Actor(uid=0, name="test")
OFF = CONFIG.replace("kinds:\n", "kinds:\n  vendor: {flow: off}\n")


@pytest.fixture
async def reloader(office: Office) -> Reloader:
    """Owns the configuration of an office whose socket answers."""
    one = Reloader(load(office.config), ControlServer(office.desk, office.socket))
    office.desk.reload = one.asked_for
    return one


async def test_42_every_changed_key_is_named_with_what_it_needs(
    office: Office, reloader: Reloader
) -> None:
    text = OFF.replace("display_name: ", "display_name: New ").replace("New ", "") + (
        "limits: {absolute: {creates: 7}}\nledger: {backup: {keep: 5}}\n"
    )
    office.config.write_text(text)
    async with ControlClient(office.socket) as daemon:
        told = await daemon.reload(wait=True)
    assert told.ok
    assert told.applied == ("kinds.vendor.flow", "limits.absolute.creates")
    assert told.restart == ("ledger.backup.keep",)
    assert told.in_force
    assert office.company.policy.limits.most_creates == 7
    assert office.desk.config_problems == (
        "ledger: changed on disk; takes effect when the daemon is started again",
    )
    again = await reloader.asked_for(ME, ReloadRequest())
    assert (again.applied, again.restart) == ((), told.restart), "told until it is started again"


async def test_30_a_refused_file_keeps_the_old_one_and_is_told(
    office: Office, reloader: Reloader
) -> None:
    office.config.write_text(OFF + "names: hld\n")
    before = office.company.policy
    async with ControlClient(office.socket) as daemon:
        told = await daemon.reload()
    assert not told.ok
    assert "did you mean hold?" in told.problems[0]
    assert office.desk.config_problems == told.problems
    assert (reloader.last_ok, reloader.refused_count) == (False, 1)
    await office.scheduler.take_rules()
    assert office.company.policy is before
    office.config.write_text(CONFIG)
    assert (await reloader.asked_for(ME, ReloadRequest())).ok
    assert office.desk.config_problems == ()
    assert reloader.last_ok


async def test_42_approvals_at_stake_are_counted_before_it_is_known_what_becomes_of_them(
    office: Office, reloader: Reloader
) -> None:
    await office.renamed_vendor(1)
    await office.plan()
    async with ControlClient(office.socket) as daemon:
        await daemon.approve(everything=True, expect_count=1)
        office.config.write_text(OFF)
        told = await daemon.reload(wait=True)
    # Nobody answers here, so the cycle that would plan anew cannot.
    assert (told.in_force, told.approved, told.void_count) == (True, 1, None)


async def test_42_an_approval_is_void_once_the_plan_wants_something_else(
    office: Office, reloader: Reloader
) -> None:
    await office.renamed_vendor(1)
    await office.renamed_vendor(2)
    await office.plan()
    async with ControlClient(office.socket) as daemon:
        await daemon.approve(everything=True, expect_count=2)
    approved = await office.ledger.ask(reloader.approved)
    assert len(approved) == 2
    await office.plan()
    assert await office.ledger.ask(lambda views: void(views, approved)) == []

    await office.show(DEAR, "dv1", Vendor(name="Bolts 1", email="c@bolts.example", active=True))
    assert await office.ledger.ask(lambda views: void(views, approved)) is None, "not looked at"
    await office.plan()
    (gone,) = await office.ledger.ask(lambda views: void(views, approved)) or []
    assert gone.endswith("Bolts 1")


async def test_without_waiting_the_answer_says_that_it_is_to_come(
    office: Office, reloader: Reloader
) -> None:
    office.config.write_text(CONFIG + "names: hold\n")
    told = await reloader.asked_for(ME, ReloadRequest(wait=False))
    assert (told.applied, told.in_force) == (("names",), False)
    assert office.scheduler.has_rules_to_take


def test_values_are_never_told(tmp_path: Path) -> None:
    old, new = tmp_path / "a.yaml", tmp_path / "b.yaml"
    old.write_text(CONFIG)
    new.write_text(CONFIG.replace("{env: UNSET}", "{env: OTHER}"))
    found = changes(load(old).config, load(new).config)
    assert found.restart == (
        "qbo.client_id.env",
        "qbo.client_secret.env",
        "dear.application_key.env",
    )
    assert (found.live, found.deciding) == ((), ())
