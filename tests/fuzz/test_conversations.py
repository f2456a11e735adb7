"""Whole conversations in which one answer is not what it should be: they end, and by name.

What holds is looked at from the cycle's side: connectors raise what the cycle knows how to take,
every write gets one end, and none of a batch is forgotten.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.connectors.base import Connector
from ledger.model.errors import TrueupError
from ledger.model.ids import Kind, OperationId, RequestId, SystemName
from ledger.model.outcomes import Outcome, Write, WriteRequest
from ledger.model.plans import Action
from tests.fuzz import spoiling
from tests.fuzz.answers import read_all
from tests.fuzz.conftest import Running
from tests.fuzz.effort import effort
from tests.fuzz.wires import Answer, Change, Wires

HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "intuit_tid"]),
    st.sampled_from(["", "nan", "1e999", "-1", "Tue, 99 Foo", "Fri, 01 Jan 0001 00:00:00 +9999"])
    | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20),
)
STATUSES = st.sampled_from([200, 200, 200, 200, 400, 401, 403, 404, 429, 500, 503, 302])


class Spoiler(NamedTuple):
    """Spoils the answer to one request, and the same again when it is asked for again."""

    at: int
    """Which request, from 0."""
    changes: Sequence[spoiling.Change]
    damages: Sequence[spoiling.Damage]
    status: int
    headers: Mapping[str, str]
    is_damaged: bool

    def change(self, *, method: str = "") -> Change:
        asked: list[tuple[str, str]] = []

        def change(answer: Answer) -> Answer | None:
            if method and (answer.method != method or "/oauth2/" in answer.path):
                return None
            asked.append((answer.path, answer.query))
            if asked[self.at : self.at + 1] != [asked[-1]]:
                return None
            return msgspec.structs.replace(
                answer, body=self._spoilt(answer.body), status=self.status, headers=self.headers
            )

        return change

    def _spoilt(self, body: bytes) -> bytes:
        if self.is_damaged:
            return spoiling.broken(body, self.damages)
        return spoiling.written(spoiling.changed(body, self.changes))


def spoilers(most: int) -> st.SearchStrategy[Spoiler]:
    """Spoilers of one of the first requests."""
    return st.builds(
        Spoiler,
        st.integers(0, most),
        spoiling.CHANGES,
        spoiling.DAMAGES,
        STATUSES,
        HEADERS,
        st.sampled_from([False, False, False, True]),
    )


async def converse(wires: Wires, connector: Connector, change: Change) -> TrueupError | None:
    """How a first reading ends when its answers are changed so."""
    wires.change = change
    try:
        await read_all(connector)
    except TrueupError as error:
        return error
    finally:
        wires.change = None
        await connector.close()
    return None


@effort(50)
@given(spoiler=spoilers(30))
def test_a_reading_of_dear_ends_by_name(running: Running, spoiler: Spoiler) -> None:
    wires = running.wires
    error = running.run(converse(wires, wires.open_dear(), spoiler.change()))
    assert error is None or str(error)


@effort(60)
@given(spoiler=spoilers(32))
def test_a_reading_of_quickbooks_ends_by_name(running: Running, spoiler: Spoiler) -> None:
    wires = running.wires
    for stale in wires.folder.glob("*.tokens"):
        stale.unlink()  # so that each conversation begins with the login
    error = running.run(converse(wires, wires.open_qbo(), spoiler.change()))
    assert error is None or str(error)


async def written_to(
    wires: Wires, connector: Connector, change: Change
) -> Sequence[Outcome] | TrueupError:
    """The ends of two creates, the answer to which is changed."""
    writes = tuple(
        Write(
            b_id=b_id,
            operation=OperationId(f"op-{b_id}"),
            kind=Kind.CLASS if connector.name == "qbo" else Kind.VENDOR,
            action=Action.CREATE,
            ref=None,
            version="",
            fields={"name": f"Made {b_id}"},
            before={},
        )
        for b_id in ("b1", "b2")[: connector.capabilities.max_batch]
    )
    request = WriteRequest(id=RequestId("r1"), system=SystemName(connector.name), writes=writes)
    wires.change = change
    try:
        return await connector.write(request)
    except TrueupError as error:
        return error
    finally:
        wires.change = None
        await connector.close()


@pytest.mark.parametrize("system", ["qbo", "dear"])
@effort(60)
@given(spoiler=spoilers(1))
def test_every_write_has_one_end(running: Running, spoiler: Spoiler, system: str) -> None:
    wires = running.wires
    connector: Connector = wires.open_qbo() if system == "qbo" else wires.open_dear()
    expected = ["b1", "b2"][: connector.capabilities.max_batch]
    ends = running.run(written_to(wires, connector, spoiler.change(method="POST")))
    if isinstance(ends, TrueupError):
        assert str(ends)
    else:
        assert [end.b_id for end in ends] == expected
