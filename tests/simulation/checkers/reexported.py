"""A re-export doubles nothing: one active item for one product, and each attempt at one create goes
out under the first id. An old item that was woken to give up its name rests again."""

from collections.abc import Iterator
from urllib.parse import parse_qs

from daemon.catalogue.retiring import FREES
from daemon.catalogue.words import State
from ledger.model.entries import Intended, JobAdvanced
from ledger.model.plans import Action
from tests.simulation.evidence import Evidence
from tests.simulation.faces import qbo_rows


async def check(evidence: Evidence) -> list[str]:
    return [
        *_doubled(evidence),
        *_awake(evidence),
        *_other_ids(evidence),
        *_unjournalled(evidence),
    ]


def _doubled(evidence: Evidence) -> Iterator[str]:
    """Active items that the daemon made, or left active, for one product of DEAR."""
    by_people = {
        event.label
        for event in evidence.witness.events
        if event.author != "daemon" and event.system == "qbo" and event.kind == "item"
    }
    active: dict[str, list[str]] = {}
    for stored in qbo_rows(evidence.one.qbo, "item"):
        label = f"qbo/item/{stored.id}"
        if stored.active and label not in by_people:
            for product in _products(evidence, label):
                active.setdefault(product, []).append(label)
    for product, labels in active.items():
        if len(labels) > 1:
            yield f"{product} has several active items: {labels}"


def _products(evidence: Evidence, label: str) -> set[str]:
    """Products of DEAR that an item was made for."""
    return {
        ref
        for event in evidence.witness.of_daemon()
        if event.what == "created" and event.label == label
        if (operation := evidence.operation_of(event)) is not None
        for ref in evidence.partners.get(operation.record, set())
        if ref.startswith("dear/")
    }


def _awake(evidence: Evidence) -> Iterator[str]:
    """Old items whose activity nobody touched after a job had woken them. One that is aborted
    between the two writes leaves its item active, and says so."""
    if any(
        isinstance(row.entry, JobAdvanced) and row.entry.state == State.ABORTED
        for row in evidence.journal
    ):
        return
    last = {
        event.label: event
        for event in evidence.witness.events
        if event.what == "changed" and "active" in event.moved
    }
    for event in last.values():
        operation = evidence.operation_of(event) if event.author == "daemon" else None
        if operation is not None and any(
            change.trace == FREES and change.after is True for change in operation.changes
        ):
            yield f"an old item gave up its name and was left awake: {event}"


def _other_ids(evidence: Evidence) -> Iterator[str]:
    first: dict[tuple[str, str], str] = {}
    for row in evidence.journal:
        if isinstance(row.entry, Intended) and row.entry.system == "qbo":
            for item in row.entry.items:
                if item.action is not Action.CREATE:
                    continue
                known = first.setdefault((item.operation, item.b_id), row.entry.request)
                if known != row.entry.request:
                    yield f"{item.record}: one create under {known} and {row.entry.request}"


def _unjournalled(evidence: Evidence) -> Iterator[str]:
    """Lost requests included: the id of each was in the journal before it left."""
    known = {sent.entry.request for sent in evidence.sent}
    for row in evidence.one.log.rows:
        if row["system"] != "qbo" or row["method"] != "POST":
            continue
        for request in parse_qs(row["query"]).get("requestid", []):
            if request.split("-")[0] not in known:
                yield f"a request left under an id that nobody wrote down: {row}"
