"""The decoders as functions of bytes alone, for guided runs."""

from contextlib import suppress
from pathlib import Path

import msgspec

from daemon.config.load import parse
from daemon.connectors.dear.documents.lists import LISTS
from daemon.connectors.jsontext import decode, shaped
from daemon.connectors.loginserver import Grant
from daemon.connectors.qbo.mapping.table import ENTITIES
from daemon.control.drifting import COLUMNS
from daemon.control.filters import parse as parse_filter
from daemon.control.protocol import Declined
from daemon.control.understanding import understood
from daemon.webhooks.notices import NotUnderstood, read_dear, read_qbo
from ledger.model.errors import ConfigProblem
from tests.fuzz import decoders
from tests.fuzz.answers import DEAR_LISTS
from tests.fuzz.test_control_socket import MODELS

KINDS = frozenset(ENTITIES)


def _dear_page(data: bytes) -> None:
    for listed in DEAR_LISTS:
        if f'"{listed.list_key}"'.encode() in data:
            decoders.dear_page(listed, data)


def _dear_detail(data: bytes) -> None:
    try:
        whole = decode(data)
    except ValueError:
        return
    row_id = str(whole.get("ID")).lower() if isinstance(whole, dict) else ""
    for listed in LISTS:
        decoders.dear_detail(listed, row_id, data)


def _dear_answer(data: bytes) -> None:
    for status in (200, 400, 429, 500):
        decoders.dear_answer(status, {"Retry-After": "60"}, data)


def _qbo_object(data: bytes) -> None:
    for kind in ENTITIES:
        decoders.qbo_object(kind, data)


def _qbo_answer(data: bytes) -> None:
    for status in (200, 400, 401, 500):
        decoders.qbo_answer(status, {}, data)


def _grant(data: bytes) -> None:
    with suppress(msgspec.DecodeError):
        shaped(data, Grant)


def _config(data: bytes) -> None:
    with suppress(ConfigProblem):
        parse(data, name="c.yaml", folder=Path("/etc/trueup"))


def _filter(data: bytes) -> None:
    with suppress(Declined):
        parse_filter(data.decode("utf-8", "replace"), COLUMNS)


def _notice(data: bytes) -> None:
    with suppress(NotUnderstood):
        assert read_qbo(data, "1", KINDS).kinds <= KINDS
    with suppress(NotUnderstood):
        assert read_dear(data, KINDS).kinds <= KINDS


def _body(data: bytes) -> None:
    for model in MODELS.values():
        with suppress(Declined):
            understood(data, model)


TARGETS = {
    "dear-page": _dear_page,
    "dear-detail": _dear_detail,
    "dear-answer": _dear_answer,
    "qbo-object": _qbo_object,
    "qbo-answer": _qbo_answer,
    "grant": _grant,
    "config": _config,
    "filter": _filter,
    "notice": _notice,
    "body": _body,
}
