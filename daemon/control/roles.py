"""Who may do what: from the kernel's word on who asks to a role, and from the role to the acts.

Users and groups are told by the socket (``SO_PEERCRED``, ``SO_PEERGROUPS``), never by the request;
names are looked up only to be shown. Must not decide about records.
"""

import ctypes
import errno
import grp
import os
import pwd
import socket
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from daemon.control.desk import Actor
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_live import Role, WhoAnswer
from ledger.model.entries import Refused
from ledger.model.errors import ConfigProblem

if TYPE_CHECKING:
    from daemon.control.desk import Desk

LEAST: Mapping[str, Role] = {
    "approve": Role.OPERATOR,
    "skip": Role.OPERATOR,
    "retry": Role.OPERATOR,
    "resolve": Role.OPERATOR,
    "link": Role.OPERATOR,
    "send": Role.OPERATOR,
    "cycle": Role.OPERATOR,
    "pause": Role.OPERATOR,
    "resume": Role.OPERATOR,
    "catalogue": Role.ADMIN,
    "accept_absence": Role.ADMIN,
    "remap": Role.ADMIN,
    "backup": Role.ADMIN,
    "connect": Role.ADMIN,
    "disconnect": Role.ADMIN,
    "reload": Role.ADMIN,
}
"""The one table: the least role that each act asks for."""
ADDRESSES: Mapping[str, str] = {
    "/v1/approve": "approve",
    "/v1/withdraw": "approve",
    "/v1/skip": "skip",
    "/v1/retry": "retry",
    "/v1/retry-pattern": "retry",
    "/v1/resolve": "resolve",
    "/v1/resolve-pattern": "resolve",
    "/v1/link": "link",
    "/v1/send": "send",
    "/v1/cycle": "cycle",
    "/v1/pause": "pause",
    "/v1/resume": "resume",
    "/v1/accept-absence": "accept_absence",
    "/v1/remap": "remap",
    "/v1/ledger/backup": "backup",
    "/v1/connect": "connect",
    "/v1/connect/finish": "connect",
    "/v1/connect/check": "cycle",
    "/v1/examine": "cycle",
    "/v1/disconnect": "disconnect",
    "/v1/reload": "reload",
}
"""Which act an address is; everything below ``/v1/catalogue/`` that is sent is ``catalogue``."""
SERVICE_MAY = frozenset({"cycle", "reload"})
"""What the daemon's own user may do beside looking when roles are configured: timers and deploy
scripts run as that user, and whoever may become it is not thereby an operator."""
ORDER = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)
ROOT = 0
SO_PEERGROUPS = getattr(socket, "SO_PEERGROUPS", 59)
"""Linux: the supplementary groups of the peer when it connected."""
MOST_GROUPS = 65_536
"""Linux gives nobody more (NGROUPS_MAX)."""
_MOST_OF_PYTHON = 1024
_GID = struct.calcsize("I")
REFUSED_EVERY_S = 60.0
"""One entry for each person and act in this time: nobody can fill the ledger with refusals."""
MOST_REMEMBERED = 1_000


class Group(msgspec.Struct, frozen=True):
    """A unix group of this machine."""

    name: str
    gid: int


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The rules in force. Without ``groups``: single-user mode."""

    owner: int
    """The user that the daemon runs as."""
    groups: dict[Role, Group] = {}
    socket_group: Group | None = None
    """Whoever may open the socket at all."""
    allow_root: bool = True

    @property
    def is_single_user(self) -> bool:
        return not self.groups

    @property
    def told(self) -> str:
        """Which group gives which role, in words."""
        found = [f"{self.groups[r].name} gives {r.value}" for r in ORDER if r in self.groups]
        return ", ".join(found)


class Peer(msgspec.Struct, frozen=True):
    """Who is at the other end of a connection, as the kernel says."""

    uid: int
    groups: frozenset[int]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may use the daemon, and for what."""

    actor: Actor
    role: Role
    may: frozenset[str]
    why_not: str = ""
    """Why some acts are not allowed, and the way to them."""


def owner_only() -> Access:
    """Single-user mode for the user of this process."""
    return Access(owner=os.getuid())


def access(
    names: Mapping[Role, str], *, socket_group: str, allow_root: bool | None, people: int
) -> Access:
    """The rules that a configuration asks for; ``ConfigProblem`` when it names unknown groups.

    ``people``: how many have to approve a re-export. Where two have to, root is nobody's second
    self unless that is allowed in so many words.
    """
    if not names:
        return Access(
            owner=os.getuid(), allow_root=people < 2 if allow_root is None else allow_root
        )
    problems: list[str] = []
    groups = {role: _group(f"roles.{_KEYS[role]}", name, problems) for role, name in names.items()}
    widest = next(groups[role] for role in ORDER if role in groups)
    opens = _group("control.group", socket_group, problems) if socket_group else widest
    if problems:
        raise ConfigProblem(problems)
    return Access(owner=os.getuid(), groups=groups, socket_group=opens, allow_root=bool(allow_root))


_KEYS = {Role.VIEWER: "view", Role.OPERATOR: "operate", Role.ADMIN: "admin"}


def _group(key: str, name: str, problems: list[str]) -> Group:
    try:
        return Group(name, int(name) if name.isdigit() else grp.getgrnam(name).gr_gid)
    except KeyError:
        problems.append(
            f"{key}: this machine has no group {name!r}: make it (groupadd {name}) or name another"
        )
        return Group(name, -1)


def peer_of(sock: socket.socket) -> Peer:
    """Who connected, by the kernel."""
    told = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
    _pid, uid, gid = struct.unpack("iII", told)
    return Peer(uid, frozenset({gid, *_supplementary(sock)}))


def _supplementary(sock: socket.socket) -> tuple[int, ...]:
    try:
        data = sock.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, _MOST_OF_PYTHON)
    except OSError as error:
        if error.errno != errno.ERANGE:
            return ()  # fewer groups can only mean fewer rights
        data = _many_groups(sock)
    return struct.unpack(f"{len(data) // _GID}I", data)


def _many_groups(sock: socket.socket) -> bytes:
    """Python asks for 1,024 bytes at most; the C library takes any number."""
    ask = ctypes.CDLL(None, use_errno=True).getsockopt
    room = MOST_GROUPS * _GID
    data, length = ctypes.create_string_buffer(room), ctypes.c_uint32(room)
    failed = ask(sock.fileno(), socket.SOL_SOCKET, SO_PEERGROUPS, data, ctypes.byref(length))
    return b"" if failed else data.raw[: length.value]


def caller(rules: Access, peer: Peer) -> Caller:
    """The role of whoever asks. ``Declined`` for those who may not even look."""
    actor = Actor(uid=peer.uid, name=_name(peer.uid))
    if rules.is_single_user:
        return _single_user(rules, actor)
    if peer.uid == ROOT:
        return _root(rules, actor)
    held = [
        role for role in ORDER if role in rules.groups and rules.groups[role].gid in peer.groups
    ]
    if held:
        role = held[-1]
        may = frozenset(act for act, least in LEAST.items() if _reaches(role, least))
        return Caller(actor=actor, role=role, may=may, why_not=_why_not(rules, role))
    if peer.uid == rules.owner:
        return Caller(
            actor=actor,
            role=Role.VIEWER,
            may=SERVICE_MAY,
            why_not="the daemon's own user may only look, ask for a cycle and reload; "
            f"decisions are made by people: {rules.told}",
        )
    raise Declined(
        Code.NOT_PERMITTED,
        f"{actor} is in none of the groups that may use this daemon",
        cure=f"ask to be added to one and log in again: {rules.told}",
    )


def _single_user(rules: Access, actor: Actor) -> Caller:
    if actor.uid == rules.owner or (actor.uid == ROOT and rules.allow_root):
        return Caller(actor=actor, role=Role.ADMIN, may=frozenset(LEAST))
    if actor.uid == ROOT:
        return _only_looks(actor)
    raise Declined(
        Code.NOT_PERMITTED,
        f"user {actor.uid} may not use this daemon",
        cure="run this as the user that the daemon runs as, or let its administrator configure "
        "roles",
    )


def _root(rules: Access, actor: Actor) -> Caller:
    if rules.allow_root:
        return Caller(actor=actor, role=Role.ADMIN, may=frozenset(LEAST))
    if rules.owner == ROOT:
        return msgspec.structs.replace(_only_looks(actor), may=SERVICE_MAY)
    return _only_looks(actor)


def _only_looks(actor: Actor) -> Caller:
    return Caller(
        actor=actor,
        role=Role.VIEWER,
        may=frozenset(),
        why_not="root may only look: act under your own name, or set approvals.allow_root",
    )


def _reaches(role: Role, least: Role) -> bool:
    return ORDER.index(role) >= ORDER.index(least)


def _why_not(rules: Access, role: Role) -> str:
    if role is Role.ADMIN:
        return ""
    return f"your role is {role.value}; {rules.told}; a new membership counts from the next login"


def act_of(method: str, path: str) -> str:
    """The act that a request is; ``""`` for a look."""
    if method != "POST":
        return ""
    return "catalogue" if path.startswith("/v1/catalogue/") else ADDRESSES.get(path, "")


def refusal(who: Caller, act: str) -> Declined:
    """What somebody hears who may not do that."""
    need = LEAST[act]
    return Declined(
        Code.NOT_PERMITTED,
        f"{who.actor} may not {act.replace('_', ' ')}: that needs the role {need.value}, "
        f"yours is {who.role.value}",
        cure=who.why_not,
    )


def who_answer(desk: "Desk", rules: Access, who: Caller) -> WhoAnswer:
    """The caller as the protocol tells it."""
    return WhoAnswer(
        as_of=desk.now(),
        uid=who.actor.uid,
        name=who.actor.name,
        role=who.role,
        single_user=rules.is_single_user,
        may=tuple(act for act in LEAST if act in who.may),
        why_not=who.why_not,
    )


class Refusals:
    """Brings refused attempts into the ledger, each at most once a minute."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._noted: dict[tuple[int, str], float] = {}

    async def note(self, who: Caller, act: str, why: str) -> None:
        now = self._desk.clock.monotonic()
        key = (who.actor.uid, act)
        last = self._noted.pop(key, None)
        if last is not None and now - last < REFUSED_EVERY_S:
            self._noted[key] = last
            return
        if len(self._noted) >= MOST_REMEMBERED:
            del self._noted[next(iter(self._noted))]
        self._noted[key] = now
        draft = self._desk.ledger.draft(actor=str(who.actor))
        draft.add(Refused(actor=str(who.actor), act=act, why=why))
        await self._desk.ledger.append(draft)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "?"
