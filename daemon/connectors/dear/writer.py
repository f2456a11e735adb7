"""Writing to DEAR, which knows neither versions nor idempotency keys: look, write, look again.

One record at a time. Before a create its key is looked up, and after it; before a change the
record is read and compared with what the plan was made from, and after it with what was wanted
and with everything that was not to change. Must never send anything twice.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec.structs import replace

from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.client import DearClient, listing
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.lookups import DearLookups
from daemon.connectors.dear.mapping.family import FAMILIES, Family
from daemon.connectors.dear.mapping.fields import Unfit
from daemon.connectors.dear.mapping.parties import with_country
from daemon.connectors.dear.observing import label
from daemon.connectors.dear.refusals import rejected
from daemon.connectors.dear.wire import Down, Good, Wrong
from ledger.model.capabilities import Capabilities
from ledger.model.errors import OutcomeIsUnknown, Refused, Throttled, Transient, Unauthorised
from ledger.model.facts import Observation, Tombstone
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind
from ledger.model.outcomes import (
    Confirmed,
    Outcome,
    RefusalKind,
    Rejected,
    Unknown,
    Write,
    WriteRequest,
)
from ledger.model.plans import REMOVALS, Action
from ledger.model.records import comparable_values
from ledger.model.values import Address, Reference, Value

Values: TypeAlias = dict[str, Value]


class DearWriter:
    """Writes of one company."""

    def __init__(
        self,
        client: DearClient,
        lookups: DearLookups,
        config: DearConfig,
        capabilities: Capabilities,
    ) -> None:
        self._client = client
        self._lookups = lookups
        self._config = config
        self._capabilities = capabilities

    async def write(self, request: WriteRequest) -> tuple[Outcome, ...]:
        """One outcome. Raises ``Throttled``, ``Unauthorised`` and ``Transient`` only while
        nothing was done."""
        if len(request.writes) != 1:
            return tuple(_too_many(write) for write in request.writes)
        write = request.writes[0]
        try:
            outcome = await self._one(write)
        except Unfit as error:
            outcome = Rejected(
                b_id=write.b_id,
                refusal=RefusalKind.INVALID,
                code="not_representable",
                message=f"this cannot be written to DEAR: {error}",
                field=error.field,
                cure=error.cure,
            )
        except Refused as error:
            outcome = Rejected(
                b_id=write.b_id,
                refusal=RefusalKind.INVALID,
                code=error.code or "refused",
                message=str(error),
                field=error.field,
                cure=error.cure,
            )
        return (outcome,)

    async def _one(self, write: Write) -> Outcome:
        family = FAMILIES.get(write.kind)
        rule = self._capabilities.kinds.get(write.kind)
        is_create = write.action is Action.CREATE
        if write.kind in DOCUMENT_KINDS:
            return _not_written(write, "DEAR owns its documents: nothing of one is written there")
        if write.action in REMOVALS:
            return _not_written(write, "only documents are voided, deleted or closed")
        if family is None or rule is None:
            return _not_written(write, f"DEAR keeps no {write.kind.value} records")
        if not (rule.can_create if is_create else rule.can_update):
            return _not_written(write, "DEAR's own accounting link owns this record")
        goal = await self._goal(write)
        if is_create:
            return await self._create(write, family, goal)
        return await self._update(write, family, goal)

    async def _goal(self, write: Write) -> Values:
        """The wanted values as DEAR will show them: pointers by name, addresses with a country."""
        goal: Values = {}
        for field, value in write.fields.items():
            if isinstance(value, Reference):
                value = await self._by_key(value, field)
            goal[field] = with_country(value, self._config)
        match write.action:
            case Action.INACTIVATE:
                goal["active"] = False
            case Action.REACTIVATE:
                goal["active"] = True
            case (
                Action.CREATE | Action.UPDATE | Action.VOID | Action.DELETE | Action.CLOSE
            ):  # removals were refused before
                pass
        return goal

    async def _by_key(self, value: Reference, field: str) -> Reference:
        if value.kind is Kind.ACCOUNT or value.key:
            return Reference(kind=value.kind, key=value.key or value.id)
        found = await self._lookups.read(ExternalRef(DEAR, value.kind, value.id))
        name = getattr(found.record, "name", None) if isinstance(found, Observation) else None
        if not isinstance(name, str):
            raise Unfit(
                field,
                f"the {value.kind.value} that {field} points at is no longer in DEAR",
                cure="choose another one in the books, or create it in DEAR",
            )
        return Reference(kind=value.kind, key=name)

    # -- creating ---------------------------------------------------------------------------

    async def _create(self, write: Write, family: Family, goal: Values) -> Outcome:
        key = self._capabilities.kinds[write.kind].recovery_key
        value = goal.get(key)
        if not isinstance(value, str) or not value.strip():
            raise Unfit(key, f"a new {family.label} needs a {key}", cure=f"give the record a {key}")
        found = await self._lookups.find(family.kind, key, value)
        if found:
            return Rejected(
                b_id=write.b_id,
                refusal=RefusalKind.DUPLICATE,
                code="exists",
                message=f"a {family.label} with the {key} {value!r} is already in DEAR",
                field=key,
                cure=f"link the two records, or change the {key} of one of them",
                shown=found[0],
            )
        body = family.to_raw(goal, None, self._config)
        try:
            answer = await self._client.write("POST", family.path, body)
        except OutcomeIsUnknown as error:
            return Unknown(b_id=write.b_id, reason=str(error))
        match answer:
            case Down(status=status):
                return Unknown(b_id=write.b_id, reason=f"DEAR answered the create with {status}")
            case Good() | Wrong():
                return await self._see_created(write, family, (key, value), answer)

    async def _see_created(
        self, write: Write, family: Family, key: tuple[str, str], answer: Good | Wrong
    ) -> Outcome:
        """What became of a create that DEAR answered: the record itself is the only proof."""
        refusal = rejected(write.b_id, family, answer) if isinstance(answer, Wrong) else None
        has_failed = isinstance(answer, Wrong) and answer.failed
        if refusal is not None and refusal.refusal is RefusalKind.INVALID and not has_failed:
            return refusal
        try:
            found = await self._lookups.find(family.kind, *key)
        except (Transient, Throttled, Unauthorised, Refused) as error:
            reason = f"the create was answered, but a look at the result failed: {error}"
            return Unknown(b_id=write.b_id, reason=reason)
        if refusal is not None and not has_failed:
            return replace(refusal, shown=next(iter(found), None))
        new_id = _id_in(family, answer) if isinstance(answer, Good) else ""
        ours = [one for one in found if one.ref.id == new_id] or (found if len(found) == 1 else [])
        if ours:
            return Confirmed(b_id=write.b_id, shown=ours[0])
        if refusal is not None:
            return refusal
        reason = "DEAR said that the record was created, but does not show it"
        return Unknown(b_id=write.b_id, reason=reason)

    # -- changing ---------------------------------------------------------------------------

    async def _update(self, write: Write, family: Family, goal: Values) -> Outcome:
        assert write.ref is not None  # only creates have no reference
        row = await self._lookups.row(write.ref)
        if row is None:
            return Rejected(
                b_id=write.b_id,
                refusal=RefusalKind.STALE,
                code="removed",
                message=f"the {family.label} is no longer in DEAR",
            )
        before = self._lookups.observe(family, row)
        shown = comparable_values(before.record)
        if goal.keys() <= shown.keys() and not _unlike(shown, goal):
            return Confirmed(b_id=write.b_id, shown=before)  # somebody was faster, or we were
        moved = _unlike(shown, self._planned_from(write))
        if moved:
            return Rejected(
                b_id=write.b_id,
                refusal=RefusalKind.STALE,
                code="moved",
                message=f"DEAR {label(family, row)} was changed since this was planned: "
                + ", ".join(moved),
                field=moved[0],
                shown=before,
            )
        body = family.to_raw(goal, row.data, self._config)
        body[family.id_key] = row.data[family.id_key]
        try:
            answer = await self._client.write("PUT", family.path, body)
        except OutcomeIsUnknown as error:
            return Unknown(b_id=write.b_id, reason=str(error))
        match answer:
            case Down(status=status):
                return Unknown(b_id=write.b_id, reason=f"DEAR answered the change with {status}")
            case Wrong(failed=False):
                return rejected(write.b_id, family, answer)
            case Good() | Wrong():
                return await self._see_changed(write, family, goal, before, answer)

    def _planned_from(self, write: Write) -> Values:
        """What the record showed of the fields to be written when the write was planned."""
        planned = {f: with_country(v, self._config) for f, v in write.before.items()}
        return {field: value for field, value in planned.items() if field in write.fields}

    async def _see_changed(
        self,
        write: Write,
        family: Family,
        goal: Values,
        before: Observation,
        answer: Good | Wrong,
    ) -> Outcome:
        """What became of a change that DEAR answered: everything else must be as it was."""
        try:
            seen = await self._lookups.read(before.ref)
        except (Transient, Throttled, Unauthorised, Refused) as error:
            reason = f"the change was answered, but a look at the result failed: {error}"
            return Unknown(b_id=write.b_id, reason=reason)
        if isinstance(seen, Tombstone):
            return Unknown(b_id=write.b_id, reason="the record vanished while it was changed")
        old, new = comparable_values(before.record), comparable_values(seen.record)
        missed = _unlike(new, {field: goal[field] for field in goal if field in new})
        if isinstance(answer, Wrong) and missed:
            return rejected(write.b_id, family, answer)
        others = [
            field
            for field in sorted(old.keys() | new.keys())
            if field not in goal and not _same(old.get(field), new.get(field))
        ]
        if missed or others:
            return _lost_update(write, family, seen, missed, others)
        return Confirmed(b_id=write.b_id, shown=seen)


def _lost_update(
    write: Write, family: Family, seen: Observation, missed: list[str], others: list[str]
) -> Rejected:
    told = [f"{field} does not show what was written" for field in missed]
    told += [f"{field} changed although it was not written" for field in others]
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.LOST_UPDATE,
        code="lost_update",
        message=f"after the change of the {family.label} in DEAR " + "; ".join(told),
        field=(missed or others)[0],
        cure="somebody (or something) else changed the record at the same moment: check it in "
        "DEAR, then retry",
        shown=seen,
    )


def _unlike(shown: Mapping[str, Value], values: Mapping[str, Value]) -> list[str]:
    """The fields of ``values`` of which a record shows something else."""
    return [field for field, value in values.items() if not _same(shown.get(field), value)]


def _same(one: Value, other: Value) -> bool:
    """Equal as DEAR keeps values: outer blanks and the style of line ends do not count."""
    if isinstance(one, Reference) and isinstance(other, Reference):
        return (one.key or one.id).strip() == (other.key or other.id).strip()
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return _tidy(one) == _tidy(other)


def _tidy(value: Value) -> Value:
    match value:
        case str():
            return value.replace("\r\n", "\n").strip() or None
        case Address():
            return Address(
                tuple(line.strip() for line in value.lines if line.strip()),
                value.city.strip(),
                value.region.strip(),
                value.postal_code.strip(),
                value.country.strip(),
            )
        case _:
            return value


def _id_in(family: Family, answer: Good) -> str:
    try:
        rows = listing(family, answer.body).rows
    except ValueError:
        return ""
    return rows[0].id if len(rows) == 1 else ""


def _too_many(write: Write) -> Rejected:
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.NOT_SENT,
        code="one_at_a_time",
        message="DEAR takes one record in one request",
    )


def _not_written(write: Write, message: str) -> Rejected:
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.INVALID,
        code="not_written",
        message=message,
        cure="change it in the system that owns it",
    )
