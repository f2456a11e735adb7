"""Single documents of DEAR: by reference, and by the number that people know. Nothing is written.

DEAR cannot be asked for an invoice by its own id: it is read through its purchase or sale.
"""

from daemon.clock import Clock
from daemon.connectors.dear.client import DearClient
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.documents.lists import DocumentList, list_of, whole_id
from daemon.connectors.dear.documents.observing import seen_in
from daemon.connectors.dear.documents.opening import DocumentOpener
from ledger.model.errors import Broken, Refused
from ledger.model.facts import Observation, Tombstone, Unreadable
from ledger.model.ids import ExternalRef, Kind
from ledger.model.keys import fold

NUMBERS = ("number", "order_number")
MOST_CANDIDATES = 25
"""Documents opened for one look-up at most."""


class DocumentLookups:
    """Looks into one company."""

    def __init__(self, client: DearClient, config: DearConfig, clock: Clock) -> None:
        self._client = client
        self._config = config
        self._opener = DocumentOpener(client, config, clock)

    async def read(self, ref: ExternalRef) -> Observation | Tombstone:
        """One call. Raises ``Refused`` when the record is there and cannot be understood."""
        listed, row_id = _listed(ref.kind), whole_id(ref.id)
        try:
            one = await self._opener.fetch(listed, row_id)
        except Refused as error:
            if not _is_missing(error) or row_id in await self._all_ids(listed):
                raise
            evidence = f"DEAR answered {str(error)!r}, and a complete list is without it"
            return Tombstone(ref=ref, evidence=evidence)
        known = [ref.id] if ref.kind is listed.invoices.kind else []
        match seen_in(listed, one, self._config, known=known).by_ref.get(ref):
            case None:
                raise Broken(f"a {listed.label} said nothing of its own {ref.kind.value}")
            case Unreadable() as unreadable:
                raise _refused(unreadable)
            case found:
                return found

    async def find(self, kind: Kind, key: str, value: str) -> list[Observation]:
        """Records with that number, ignoring case and outer blanks.

        Raises ``Refused`` for other keys, which DEAR cannot search by, where too many documents
        answer to it, and when one of them cannot be understood: it is there all the same.
        """
        listed, wanted = _listed(kind), fold(value.strip())
        if key not in NUMBERS:
            raise Refused(f"documents of DEAR are found by number only, not by {key}", field=key)
        if not wanted:
            return []
        rows = await self._client.whole(listed, {"Search": value.strip()})
        # DEAR: a search means "contains", in the party's name and the status as well.
        near = [row for row in rows if wanted in fold(_numbers(row.data))]
        if len(near) > MOST_CANDIDATES:
            raise Refused(
                f"{len(near)} documents of DEAR have numbers like {value.strip()!r}", field=key
            )
        found: list[Observation] = []
        for row in near:
            seen = seen_in(listed, await self._opener.fetch(listed, row.id), self._config)
            bad = [one for one in seen.unreadable if one.ref.kind == kind]
            if bad:
                raise _refused(bad[0])
            found += [one for one in seen.observations if _has(one, kind, key, wanted)]
        return found

    async def _all_ids(self, listed: DocumentList) -> set[str]:
        return {row.id for row in await self._client.whole(listed, {})}


def _listed(kind: Kind) -> DocumentList:
    listed = list_of(kind)
    if listed is None:
        raise Broken(f"{kind} is no kind of document")
    return listed


def _is_missing(error: Refused) -> bool:
    return error.code == "404" or "not found" in str(error).casefold()


def _refused(unreadable: Unreadable) -> Refused:
    problem = unreadable.problem
    return Refused(problem.message, code=problem.code, field=problem.field, cure=problem.cure)


def _numbers(data: object) -> str:
    shown = data if isinstance(data, dict) else {}
    return " ".join(str(shown.get(key) or "") for key in ("OrderNumber", "InvoiceNumber"))


def _has(one: Observation, kind: Kind, key: str, wanted: str) -> bool:
    shown = getattr(one.record, key, None)
    return one.ref.kind == kind and isinstance(shown, str) and fold(shown.strip()) == wanted
