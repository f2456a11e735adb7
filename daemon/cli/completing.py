"""What a shell may complete: records, digests, systems, kinds, codes and the words of a filter.

Asks the daemon over its socket with the standard library alone, for a shell waits for it: no answer
in time means no proposals. Only plain words are proposed. What a shell inserts it may also carry
out, and names come from other systems.
"""

import json
import re
import socket
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from daemon.cli.settings import Settings
from ledger.model.errors import TrueupError

ASKED_S = 0.15
"""The whole must not take longer than a shell may hesitate."""
MOST = 50
MOST_BYTES = 1_000_000
SHORT = 12
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:/@-]*")
"""No space, quote, dollar or backtick: nothing that a shell would act on."""
FILTER_WORDS = ("kind:", "class:", "to:", "state:", "reason:", "amount>", "amount<", "age>", "age<")
CLASSES = ("conflict", "held", "gone", "missing", "changed", "skipped")
STATES = ("waiting", "planned", "approved", "sending", "unknown", "held", "skipped")


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("trueup", timeout=ASKED_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ASKED_S)
        self.sock.connect(str(self._path))


def asked(context: click.Context, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The daemon's answer; empty when there is none in time, for whatever reason."""
    try:
        link = _UnixConnection(context.ensure_object(Settings).socket_path())
        try:
            words = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/json"}
            link.request("GET" if body is None else "POST", path, body=words, headers=headers)
            reply = link.getresponse()
            told = json.loads(reply.read(MOST_BYTES)) if reply.status == 200 else {}
        finally:
            link.close()
    except (OSError, HTTPException, ValueError, TrueupError):
        return {}
    return told if isinstance(told, dict) else {}


def _items(words: Iterable[str], incomplete: str) -> list[CompletionItem]:
    fitting = (word for word in words if PLAIN.fullmatch(word))
    return [CompletionItem(w) for w in dict.fromkeys(fitting) if w.startswith(incomplete)][:MOST]


def records(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """SKUs, numbers and names of records that differ, else their ids."""
    if incomplete and not PLAIN.fullmatch(incomplete):
        return []
    rows = asked(context, "/v1/drift", {"filter": incomplete, "limit": 500}).get("rows", [])
    if incomplete and not rows:
        rows = asked(context, "/v1/drift", {"limit": 500}).get("rows", [])
    words = [word for row in rows for word in (str(row.get("label")), str(row.get("record")))]
    return _items(words, incomplete)


def digests(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Of operations that are not sent yet."""
    rows = asked(context, "/v1/queue", {"limit": 500}).get("rows", [])
    return _items((str(row.get("digest"))[:SHORT] for row in rows), incomplete)


def systems(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    rows = asked(context, "/v1/status?counts=0").get("systems", [])
    return _items((str(row.get("system")) for row in rows), incomplete)


def codes(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Reasons for which something is held now."""
    return _items(asked(context, "/v1/status?counts=0").get("holds", {}), incomplete)


def kinds(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return _items(_kinds(), incomplete)


def _kinds() -> list[str]:
    from ledger.model.ids import Kind

    return [kind.value for kind in Kind]


def filters(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Columns, then what may stand in one; a leading - or ! stays."""
    sign = incomplete[:1] if incomplete[:1] in ("-", "!") else ""
    column, colon, value = incomplete.removeprefix(sign).partition(":")
    if not colon:
        fitting = [word for word in FILTER_WORDS if word.startswith(column)]
        return [CompletionItem(f"{sign}{word}") for word in fitting]
    found = {
        "kind": lambda: _items(_kinds(), value),
        "class": lambda: _items(CLASSES, value),
        "state": lambda: _items(STATES, value),
        "to": lambda: systems(context, parameter, value),
        "reason": lambda: codes(context, parameter, value),
    }.get(column)
    return [CompletionItem(f"{sign}{column}:{i.value}") for i in found()] if found else []
