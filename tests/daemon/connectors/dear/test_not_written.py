"""What is never sent to DEAR: documents, and the end of anything that is none."""

import pytest

from daemon.connectors.dear.capabilities import DEAR
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind
from ledger.model.outcomes import (
    RefusalKind,
    Rejected,
)
from ledger.model.plans import REMOVALS, Action
from tests.daemon.connectors.dear.bench import open_bench


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, *sorted(REMOVALS)])
async def test_nothing_of_a_document_is_ever_sent(
    monkeypatch: pytest.MonkeyPatch, kind: Kind, action: Action
) -> None:
    async with open_bench(monkeypatch) as b:
        outcome = await b.write(kind, action, {"note": "ours"}, ref=ExternalRef(DEAR, kind, "x"))
        assert isinstance(outcome, Rejected)
        assert (outcome.refusal, outcome.code) == (RefusalKind.INVALID, "not_written")
        assert "owns its documents" in outcome.message
        assert b.calls() == []


@pytest.mark.parametrize("action", sorted(REMOVALS))
async def test_only_documents_are_removed(monkeypatch: pytest.MonkeyPatch, action: Action) -> None:
    async with open_bench(monkeypatch) as b:
        ref = ExternalRef(DEAR, Kind.ITEM, next(iter(b.names(Kind.ITEM))))
        outcome = await b.write(Kind.ITEM, action, {}, ref=ref)
        assert isinstance(outcome, Rejected)
        assert outcome.code == "not_written"
        assert b.calls() == []
