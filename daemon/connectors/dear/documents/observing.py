"""From one purchase or sale to its records, or to problems that name the field. Pure.

What cannot be understood concerns the record that it stands on: a bad invoice does not hide the
order, nor the invoice beside it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.documents.lists import DocumentList, Part, invoice_id
from daemon.connectors.dear.mapping.documents import is_stub, is_voided, task_id
from daemon.connectors.dear.mapping.fields import Malformed, Raw, instant, rows, text
from daemon.connectors.jsontext import decode, shaped
from ledger.model.facts import Observation, Problem, Tombstone, Unreadable
from ledger.model.ids import ExternalRef, Kind

EVIDENCE = "the {label} itself, read directly, shows no such {part}"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one purchase or sale says."""

    observations: tuple[Observation, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    """Of what it does not hold (any more); most of these were never there."""
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def by_ref(self) -> dict[ExternalRef, Observation | Tombstone | Unreadable]:
        found: dict[ExternalRef, Observation | Tombstone | Unreadable] = {}
        found |= {one.ref: one for one in self.tombstones}
        found |= {one.ref: one for one in self.unreadable}
        return found | {one.ref: one for one in self.observations}

    @property
    def invoices(self) -> frozenset[str]:
        """Ids of the bills or invoices that are there."""
        there = [one.ref.id for one in self.observations]
        there += [one.ref.id for one in self.unreadable]
        return frozenset(ref_id for ref_id in there if "/" in ref_id)


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase or sale as it came."""

    id: str
    """Folded."""
    body: bytes
    whole: Raw
    raws: Mapping[str, msgspec.Raw]


def detail(row_id: str, body: bytes) -> Detail:
    """Raises ``ValueError`` when the answer is not about the document that was asked for."""
    raws = shaped(body, dict[str, msgspec.Raw])
    whole = decode(body)
    shown = whole.get("ID")
    if not isinstance(shown, str) or shown.lower() != row_id:
        raise ValueError("the answer is about another document")
    return Detail(id=row_id, body=body, whole=whole, raws=raws)


def seen_in(
    listed: DocumentList, one: Detail, config: DearConfig, *, known: Iterable[str] = ()
) -> Seen:
    """The records of a purchase or sale; ``known`` are ids of invoices that it once had."""
    reading = _Reading(listed, one, config)
    if listed.order is not None:
        reading.order(listed.order)
    reading.invoices()
    # Where there is one invoice only it has this id, and so has a problem without an invoice.
    for ref_id in {*known, invoice_id(one.id, one.id)} - reading.named:
        reading.miss(ExternalRef(DEAR, listed.invoices.kind, ref_id), listed.invoices)
    return Seen(
        observations=tuple(reading.observations),
        tombstones=tuple(reading.tombstones),
        unreadable=tuple(reading.unreadable),
    )


def whole_ref(listed: DocumentList, row_id: str) -> ExternalRef:
    """What a problem of the whole purchase or sale is noted under."""
    if listed.order is not None:
        return ExternalRef(DEAR, listed.order.kind, row_id)
    return ExternalRef(DEAR, listed.invoices.kind, invoice_id(row_id, row_id))


class _Reading:
    """One pass over one purchase or sale."""

    def __init__(self, listed: DocumentList, one: Detail, config: DearConfig) -> None:
        self._listed = listed
        self._one = one
        self._config = config
        self._modified_at = _stamp(one.whole, listed.detail_stamp_key)
        self.observations: list[Observation] = []
        self.tombstones: list[Tombstone] = []
        self.unreadable: list[Unreadable] = []
        self.named: set[str] = set()
        """Ids of invoices about which something was said."""

    def order(self, part: Part) -> None:
        ref = ExternalRef(DEAR, part.kind, self._one.id)
        order = self._one.whole.get(part.list_key)
        if not isinstance(order, Mapping):
            self._refuse(ref, Malformed(part.list_key, f"{part.list_key} is not an object"))
            return
        raw = self._one.raws[part.list_key]
        self._take(ref, part, order, raw)

    def invoices(self) -> None:
        part = self._listed.invoices
        try:
            found = rows(self._one.whole, part.list_key) or []
        except Malformed as error:
            self._refuse(whole_ref(self._listed, self._one.id), error)
            return
        shown = self._one.raws[part.list_key] if found else b"[]"
        raws = shaped(shown, list[msgspec.Raw])
        often = Counter(_safe_task_id(invoice) for invoice in found)
        for invoice, raw in zip(found, raws, strict=True):
            task = _safe_task_id(invoice)
            ref = ExternalRef(DEAR, part.kind, invoice_id(self._one.id, task))
            if not task:
                self._without_id(part, invoice)
            elif often[task] > 1:
                twice = Malformed("TaskID", "several invoices show the same TaskID")
                self._refuse(ref, twice, invoice)
            else:
                self._take(ref, part, invoice, raw)

    def miss(self, ref: ExternalRef, part: Part) -> None:
        evidence = EVIDENCE.format(label=self._listed.label, part=part.label)
        self.tombstones.append(Tombstone(ref=ref, evidence=evidence))

    def _without_id(self, part: Part, invoice: Raw) -> None:
        """An invoice that nobody can point to: nothing, if nobody has begun it."""
        try:
            if is_stub(invoice):
                return
            raise Malformed(f"{part.list_key}.TaskID", "an invoice has no TaskID")
        except Malformed as error:
            self._refuse(whole_ref(self._listed, self._one.id), error)

    def _take(self, ref: ExternalRef, part: Part, shown: Raw, raw: msgspec.Raw) -> None:
        self.named.add(ref.id)
        try:
            if is_stub(shown):
                self.miss(ref, part)
                return
            record, out_of_scope = part.to_record(self._one.whole, shown, self._config)
            observation = Observation(
                ref=ref,
                # DEAR's stamp is that of the whole: it would move with every payment or receipt.
                version="",
                record=record,
                raw=self._kept(part, raw),
                out_of_scope=out_of_scope,
                modified_at=self._modified_at,
            )
        except Malformed as error:
            self._refuse(ref, error, shown)
            return
        self.observations.append(observation)

    def _refuse(self, ref: ExternalRef, error: Malformed, shown: Raw | None = None) -> None:
        label = _label(self._listed, self._one.whole, shown)
        field = error.field or self._listed.label
        problem = Problem(
            code="malformed",
            message=f"DEAR {label} cannot be read: {error}",
            field=error.field,
            cure=error.cure or f"open the {self._listed.label} in DEAR, correct {field}, save it",
        )
        self.named.add(ref.id)
        self.observations = [one for one in self.observations if one.ref != ref]
        self.tombstones = [one for one in self.tombstones if one.ref != ref]
        self.unreadable = [one for one in self.unreadable if one.ref != ref]
        self.unreadable.append(Unreadable(ref=ref, problem=problem, raw=self._one.body))

    def _kept(self, part: Part, raw: msgspec.Raw) -> bytes:
        """The wire's own JSON of what the record was made from, and no more: the rest of a
        purchase or sale moves with every receipt and payment, and its lines are mostly padding."""
        kept = part.kept | set(_configured(part.kind, self._config))
        if is_voided(self._one.whole):
            kept |= {"Status"}
        found: dict[str, Any] = {k: v for k, v in self._one.raws.items() if k in kept}
        own = _without_padding(raw)
        found[part.list_key] = [own] if part is self._listed.invoices else own
        return msgspec.json.encode(found)


def _configured(kind: Kind, config: DearConfig) -> Iterable[str]:
    wanted: dict[str, str] = getattr(config.documents.custom_fields, kind.value)
    return wanted.values()


def _without_padding(raw: msgspec.Raw) -> dict[str, Any]:
    """DEAR: every line carries sizes and ten custom fields of its product."""
    part: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    if bytes(part.get("Lines", b"")).startswith(b"["):
        part["Lines"] = [
            {key: value for key, value in line.items() if not _is_padding(key)}
            for line in msgspec.json.decode(part["Lines"], type=list[dict[str, msgspec.Raw]])
        ]
    return part


def _is_padding(key: str) -> bool:
    is_product = key.startswith("Product") and key != "ProductID"
    return is_product or key in ("WeightUnits", "DimensionsUnits")


def _safe_task_id(invoice: Raw) -> str:
    try:
        return task_id(invoice)
    except Malformed:
        return ""


def _stamp(whole: Raw, key: str) -> datetime | None:
    try:
        shown = text(whole, key)
        return instant(shown) if isinstance(shown, str) else None
    except (Malformed, ValueError):
        return None


def _label(listed: DocumentList, whole: Raw, shown: Raw | None) -> str:
    """What a person calls it: ``purchase "PO-00012", invoice "A-77"``."""
    order = whole.get("Order")
    places = [whole, order if isinstance(order, Mapping) else {}]
    numbers = [place.get(key) for place in places for key in ("OrderNumber", "SaleOrderNumber")]
    number = next((one for one in numbers if isinstance(one, str) and one), "")
    label = f'{listed.label} "{number}"' if number else f"{listed.label} {whole.get('ID')}"
    own = shown.get("InvoiceNumber") if shown is not None else None
    return f'{label}, invoice "{own}"' if isinstance(own, str) and own else label
