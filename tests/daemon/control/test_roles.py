"""Who may do what: told by the kernel, kept in one table, and refused attempts are journalled."""

import grp
import os
import stat
from pathlib import Path

import pytest
from aiohttp import web

from daemon.catalogue.conduct import Conductor, Setting
from daemon.control import cataloguing
from daemon.control.client import ControlClient
from daemon.control.health import Lag
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_drift import TimelineQuery
from daemon.control.protocol_live import Role
from daemon.control.roles import (
    ADDRESSES,
    LEAST,
    REFUSED_EVERY_S,
    Access,
    Caller,
    Peer,
    Refusals,
    access,
    act_of,
    caller,
)
from daemon.control.routes import ACTS, QUERIES, Routes
from ledger.model.entries import Entry, Paused, Refused
from ledger.model.errors import ConfigProblem
from tests.daemon.control.conftest import Office
from tests.daemon.control.people import (
    ADMIN,
    ADMINS,
    DOOR,
    OPERATOR,
    OPERATORS,
    OUTSIDER,
    STRANGER,
    VIEWER,
    VIEWERS,
    ask,
    needs_root,
    open_house,
    rules,
)

SERVICE = 990
PAUSE = {"reason": "month-end"}


async def entries(office: Office) -> list[Entry]:
    rows = await office.ledger.read(lambda views: views.entries(0, 10_000))
    return [row.entry for row in rows]


async def refusals(office: Office) -> list[Refused]:
    return [entry for entry in await entries(office) if isinstance(entry, Refused)]


@pytest.mark.parametrize(
    ("uid", "groups", "role", "may", "may_not"),
    [
        (VIEWER, {VIEWERS}, Role.VIEWER, "", "approve"),
        (OPERATOR, {OPERATORS}, Role.OPERATOR, "approve", "catalogue"),
        (ADMIN, {ADMINS}, Role.ADMIN, "catalogue", ""),
        (ADMIN, {VIEWERS, OPERATORS, ADMINS}, Role.ADMIN, "remap", ""),
        (SERVICE, {SERVICE}, Role.VIEWER, "cycle", "approve"),
        (SERVICE, {OPERATORS}, Role.OPERATOR, "approve", "backup"),
        (0, {0, ADMINS}, Role.VIEWER, "", "approve"),
    ],
)
def test_the_role_follows_from_the_groups(
    uid: int, groups: set[int], role: Role, may: str, may_not: str
) -> None:
    who = caller(rules(owner=SERVICE), Peer(uid, frozenset(groups)))
    assert who.role is role
    assert not may or may in who.may
    assert not may_not or may_not not in who.may
    assert bool(who.why_not) == bool(set(LEAST) - who.may)


def test_whoever_is_in_no_group_is_told_which_there_are() -> None:
    with pytest.raises(Declined, match="in none of the groups") as caught:
        caller(rules(), Peer(STRANGER, frozenset({DOOR})))
    assert caught.value.code is Code.NOT_PERMITTED
    for told in ("lookers gives viewer", "deciders gives operator", "keepers gives admin"):
        assert told in caught.value.cure


def test_root_acts_where_that_is_allowed() -> None:
    assert caller(rules(allow_root=True), Peer(0, frozenset({0}))).may == set(LEAST)


def test_in_single_user_mode_the_owner_does_everything_and_others_nothing() -> None:
    one = Access(owner=SERVICE)
    assert caller(one, Peer(SERVICE, frozenset())).role is Role.ADMIN
    assert caller(one, Peer(0, frozenset())).role is Role.ADMIN
    with pytest.raises(Declined, match="may not use this daemon"):
        caller(one, Peer(OPERATOR, frozenset({OPERATORS})))


def test_where_two_have_to_approve_root_is_nobodys_second_self() -> None:
    two = access({}, socket_group="", allow_root=None, people=2)
    sudo = caller(Access(owner=SERVICE, allow_root=two.allow_root), Peer(0, frozenset({0})))
    assert (sudo.role, sudo.may) == (Role.VIEWER, frozenset())
    assert access({}, socket_group="", allow_root=None, people=1).allow_root
    assert access({}, socket_group="", allow_root=True, people=2).allow_root


def test_groups_that_the_machine_lacks_are_all_named() -> None:
    names = {Role.VIEWER: "no-such-lookers", Role.ADMIN: "no-such-keepers"}
    with pytest.raises(ConfigProblem) as caught:
        access(names, socket_group="no-such-door", allow_root=None, people=1)
    told = "\n".join(caught.value.problems)
    for key in ("roles.view", "roles.admin", "control.group", "groupadd no-such-door"):
        assert key in told


def test_without_a_group_of_its_own_the_socket_goes_to_the_least_role() -> None:
    mine = grp.getgrgid(os.getgid()).gr_name
    got = access({Role.ADMIN: mine}, socket_group="", allow_root=None, people=1)
    assert got.socket_group is not None
    assert (got.socket_group.name, got.allow_root) == (mine, False)


async def test_every_address_that_takes_something_is_a_question_or_an_act(office: Office) -> None:
    """Whoever adds an act gives it a least role; a question is in the list of questions."""
    setting = Setting(company="x", people=1, expire_after=office.desk.facts.approvals_expire_after)
    app = web.Application()
    Routes(office.desk, Conductor(office.scheduler, setting), Lag()).add_to(app)
    sent = {
        route.resource.canonical
        for route in app.router.routes()
        if route.method == "POST" and route.resource is not None
    }
    questions = {*QUERIES, "/v1/report"}
    acts = {path for path in sent if act_of("POST", path)}
    assert sent == acts | (sent & questions)
    assert not acts & questions
    assert set(ADDRESSES) | set(cataloguing.ROUTES) == acts
    assert set(ADDRESSES.values()) | {"catalogue"} == set(LEAST)
    assert set(ACTS) <= acts


async def test_in_single_user_mode_the_asker_is_admin(daemon: ControlClient) -> None:
    who = await daemon.who()
    assert (who.uid, who.role, who.single_user) == (os.getuid(), Role.ADMIN, True)
    assert set(who.may) == set(LEAST)
    assert who.why_not == ""


@needs_root
async def test_each_hears_what_the_kernel_says_of_them(office: Office) -> None:
    async with open_house(office, rules()) as server:
        assert stat.S_IMODE(server.path.stat().st_mode) == 0o660
        assert server.path.stat().st_gid == DOOR
        roles = {}
        for uid in (VIEWER, OPERATOR, ADMIN):
            answer = await ask(server.path, uid, "/v1/who")
            assert (answer.status, answer.body["uid"]) == (200, uid)
            assert not answer.body["single_user"]
            roles[uid] = answer.body["role"]
        assert roles == {VIEWER: "viewer", OPERATOR: "operator", ADMIN: "admin"}
        assert not (await ask(server.path, VIEWER, "/v1/status")).body["single_user"]
        assert (await ask(server.path, STRANGER, "/v1/status")).status == 403
        assert (await ask(server.path, OUTSIDER, "/v1/status")).status == 0


@needs_root
async def test_a_viewer_looks_and_changes_nothing(office: Office) -> None:
    async with open_house(office, rules()) as server:
        assert (await ask(server.path, VIEWER, "/v1/status")).status == 200
        answer = await ask(server.path, VIEWER, "/v1/pause", PAUSE)
        async with ControlClient(server.path) as client:
            (row,) = (await client.timeline(TimelineQuery(filter="entry:Refused"))).rows
    assert f"? (uid {VIEWER}) was refused to pause" in row.text
    assert (answer.status, answer.body["code"]) == (403, "not_permitted")
    assert "needs the role operator" in answer.body["message"]
    assert "deciders gives operator" in answer.body["cure"]
    assert not any(isinstance(entry, Paused) for entry in await entries(office))
    (refused,) = await refusals(office)
    assert (refused.actor, refused.act) == (f"? (uid {VIEWER})", "pause")
    assert "needs the role operator" in refused.why


@needs_root
async def test_what_is_decided_carries_the_kernels_word_on_who_did_it(office: Office) -> None:
    async with open_house(office, rules()) as server:
        body = PAUSE | {"system": "qbo"}
        assert (await ask(server.path, OPERATOR, "/v1/pause", body)).status == 200
        lie = await ask(server.path, OPERATOR, "/v1/pause", body | {"by": "the controller"})
    assert lie.status == 400
    (paused,) = [entry for entry in await entries(office) if isinstance(entry, Paused)]
    assert paused.by == f"? (uid {OPERATOR})"
    assert not await refusals(office)


@needs_root
async def test_root_may_look_and_not_act(office: Office) -> None:
    async with open_house(office, rules(owner=SERVICE)) as server:
        assert (await ask(server.path, 0, "/v1/status")).status == 200
        answer = await ask(server.path, 0, "/v1/pause", PAUSE)
        assert answer.status == 403
        assert "approvals.allow_root" in answer.body["cure"]
    (refused,) = await refusals(office)
    assert refused.actor == "root (uid 0)"


@needs_root
async def test_somebody_in_very_many_groups_is_known(office: Office) -> None:
    many = [DOOR, *range(80_000, 80_400), OPERATORS]
    async with open_house(office, rules()) as server:
        answer = await ask(server.path, STRANGER, "/v1/who", groups=many)
    assert answer.body["role"] == "operator"


@needs_root
async def test_other_rules_take_effect_at_once(office: Office) -> None:
    async with open_house(office, Access(owner=os.getuid())) as server:
        assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
        assert (await ask(server.path, VIEWER, "/v1/who")).status == 0
        server.admit(rules())
        assert (await ask(server.path, VIEWER, "/v1/who")).status == 200
        server.admit(Access(owner=os.getuid()))
        assert (await ask(server.path, VIEWER, "/v1/who")).status == 0


async def test_a_socket_that_nobody_can_reach_is_refused(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    async with open_house(office, Access(owner=os.getuid())) as server:
        server.path, kept = folder / "control.sock", server.path
        server.path.touch()
        with pytest.raises(ConfigProblem, match="only the daemon's user may enter"):
            server.admit(rules())
        assert server.access.is_single_user
        server.path = kept


async def test_refusals_cannot_fill_the_ledger(office: Office) -> None:
    notes = Refusals(office.desk)

    def who(uid: int) -> Caller:
        return caller(rules(), Peer(uid, frozenset({VIEWERS})))

    for _ in range(5):
        await notes.note(who(VIEWER), "approve", "no")
    await notes.note(who(VIEWER), "skip", "no")
    await notes.note(who(VIEWER + 100), "approve", "no")
    assert len(await refusals(office)) == 3
    await office.clock.sleep(REFUSED_EVERY_S)
    await notes.note(who(VIEWER), "approve", "no")
    assert len(await refusals(office)) == 4
