"""Requests over the control socket by other users of the machine: real processes, real uids."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from daemon.control.protocol_live import Role
from daemon.control.roles import Access, Group
from daemon.control.server import ControlServer
from tests.daemon.control.conftest import Office

VIEWERS, OPERATORS, ADMINS, DOOR = 71_001, 71_002, 71_003, 71_000
VIEWER, OPERATOR, ADMIN, STRANGER, OUTSIDER = 72_001, 72_002, 72_003, 72_004, 72_005
GROUPS = {
    Role.VIEWER: Group("lookers", VIEWERS),
    Role.OPERATOR: Group("deciders", OPERATORS),
    Role.ADMIN: Group("keepers", ADMINS),
}
OF: Mapping[int, Sequence[int]] = {
    VIEWER: (DOOR, VIEWERS),
    OPERATOR: (DOOR, OPERATORS),
    ADMIN: (DOOR, ADMINS),
    STRANGER: (DOOR,),
    OUTSIDER: (),
}
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can act as other users of this machine"
)
_ASK = """
import json, os, socket, sys
path, uid, groups, method, url, body = json.loads(sys.argv[1])
os.setgroups(groups)
os.setgid(uid)
os.setuid(uid)
sock = socket.socket(socket.AF_UNIX)
try:
    sock.connect(path)
except PermissionError:
    print(json.dumps([0, {}]))
    sys.exit()
data = body.encode()
head = [f"{method} {url} HTTP/1.1", "Host: x", "Connection: close"]
head.append(f"Content-Length: {len(data)}")
sock.sendall("\\r\\n".join(head).encode() + b"\\r\\n\\r\\n" + data)
answer = b""
while part := sock.recv(65536):
    answer += part
top, _, rest = answer.partition(b"\\r\\n\\r\\n")
print(json.dumps([int(top.split()[1]), json.loads(rest)]))
"""


class Answered(NamedTuple):
    status: int
    """0 = the socket could not be opened."""
    body: dict[str, Any]


async def ask(
    path: Path, uid: int, url: str, body: object = None, groups: Sequence[int] | None = None
) -> Answered:
    """What a user hears; with ``body`` it is sent."""
    method = "GET" if body is None else "POST"
    text = "" if body is None else json.dumps(body)
    held = list(OF.get(uid, ()) if groups is None else groups)
    told = json.dumps([str(path), uid, held, method, url, text])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", _ASK, told, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    return Answered(*json.loads(out))


@contextmanager
def hall() -> Iterator[Path]:
    """A folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="trueup-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def rules(*, allow_root: bool = False, owner: int | None = None) -> Access:
    """Three roles, and a fourth group that opens the socket."""
    return Access(
        owner=os.getuid() if owner is None else owner,
        groups=GROUPS,
        socket_group=Group("door", DOOR),
        allow_root=allow_root,
    )


@asynccontextmanager
async def open_house(office: Office, access: Access) -> AsyncIterator[ControlServer]:
    """The office behind another socket, under these rules."""
    with hall() as folder:
        server = ControlServer(office.desk, folder / "control.sock", access=access)
        await server.start()
        try:
            yield server
        finally:
            await server.close()
