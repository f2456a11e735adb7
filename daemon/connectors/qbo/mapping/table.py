"""Objects to observations and writes to objects, for whatever kind; the table of entities."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

from daemon.connectors.jsontext import decode
from daemon.connectors.qbo.mapping.accounts import ACCOUNT
from daemon.connectors.qbo.mapping.bills import BILL
from daemon.connectors.qbo.mapping.invoices import INVOICE
from daemon.connectors.qbo.mapping.items import ITEM
from daemon.connectors.qbo.mapping.lists import CLASS, PAYMENT_METHOD, TERM
from daemon.connectors.qbo.mapping.parties import CUSTOMER, VENDOR
from daemon.connectors.qbo.mapping.purchaseorders import PURCHASE_ORDER
from daemon.connectors.qbo.mapping.sending import document_body
from daemon.connectors.qbo.mapping.taxes import TAX_CODE
from daemon.connectors.qbo.mapping.wire import (
    Entity,
    Malformed,
    Setting,
    Wire,
    given_name,
)
from ledger.model.errors import Broken
from ledger.model.facts import Observation, Problem, Tombstone, Unreadable
from ledger.model.ids import ExternalRef, Kind, SystemName, derive
from ledger.model.outcomes import Write
from ledger.model.plans import Action

Shown: TypeAlias = Observation | Tombstone | Unreadable

QBO = SystemName("qbo")
ENTITIES: dict[Kind, Entity] = {
    entity.kind: entity
    for entity in (
        *(ACCOUNT, TAX_CODE, TERM, CLASS, PAYMENT_METHOD, VENDOR, CUSTOMER, ITEM),
        *(PURCHASE_ORDER, BILL, INVOICE),
    )
}

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """JSON in which decimals are numbers with their own digits."""
    return _encoder.encode(value)


def to_record(kind: Kind, data: bytes, setting: Setting) -> Shown:
    """What one object of a page says."""
    return understand(kind, data, setting)[0]


def understand(kind: Kind, data: bytes, setting: Setting) -> tuple[Shown, list[str]]:
    """What one object says, and the properties and words in it that nobody here knows."""
    try:
        raw = decode(data)
    except msgspec.DecodeError:
        return _unreadable(kind, "", Malformed("", "not JSON"), data), []
    if not isinstance(raw, dict):
        return _unreadable(kind, "", Malformed("", "not an object"), data), []
    return _read(ENTITIES[kind], raw, data, setting), _strangers(ENTITIES[kind], raw)


def _read(entity: Entity, raw: Wire, data: bytes, setting: Setting) -> Shown:
    kind = entity.kind
    found = raw.get("Id")
    record_id = found if isinstance(found, str) else ""
    try:
        if not record_id:
            raise Malformed("Id", "Id should be text and is missing or something else")
        ref = ExternalRef(QBO, kind, record_id)
        if raw.get("status") == "Deleted":
            return Tombstone(ref=ref, evidence="QuickBooks shows it as deleted")
        return Observation(
            ref=ref,
            version=_version(raw),
            record=entity.read(raw, setting),
            raw=bytes(data),
            out_of_scope=entity.scope(raw),
            modified_at=_modified_at(raw),
        )
    except Malformed as problem:
        return _unreadable(kind, record_id, problem, data)


def _strangers(entity: Entity, raw: Wire) -> list[str]:
    found = [f"{entity.name}.{prop}" for prop in raw.keys() - entity.known]
    found += entity.strangers(raw)
    for prop, words in entity.words.items():
        word = raw.get(prop)
        if isinstance(word, str) and word not in words:
            found.append(f"{entity.name}.{prop} = {word}")
    return found


def to_raw(write: Write, setting: Setting) -> Wire:
    """The object to send; ``Unwritable`` names a field that cannot be said in QuickBooks."""
    entity = ENTITIES[write.kind]
    if entity.is_document:
        return document_body(entity, write, _last(write), setting)
    is_create = write.action is Action.CREATE
    out: Wire = {}
    for field, value in write.fields.items():
        entity.say(out, field, value, is_create=is_create)
    if is_create:
        entity.complete(out)
        return _without_empty(out)
    return _sparse(entity, write, out)


def _sparse(entity: Entity, write: Write, out: Wire) -> Wire:
    """An update: only what changes, and what QuickBooks demands with every update."""
    if write.ref is None or not write.version:
        raise Broken("an update is to be sent without an id or without a version")
    last = _last(write)
    match write.action:
        case Action.INACTIVATE:
            out["Active"] = False
        case Action.REACTIVATE:
            out["Active"] = True
        case Action.UPDATE | Action.CREATE:
            pass
        case Action.VOID | Action.DELETE | Action.CLOSE:
            raise Broken(f"a {write.kind.value} is to end as only documents do")
    for prop in entity.required:
        if prop in last:
            out.setdefault(prop, last[prop])
    entity.complete(out)
    if entity.name_property not in out and entity.name_property in last:
        # Reactivating without a name would leave " (deleted)" standing.
        plain = given_name(last, entity.name_property)
        kept = plain if write.action is Action.REACTIVATE else last[entity.name_property]
        out[entity.name_property] = kept
    return {"Id": write.ref.id, "SyncToken": write.version, "sparse": True, **out}


def _last(write: Write) -> Wire:
    """The object as QuickBooks showed it when the write was planned; empty when unknown."""
    last = decode(write.raw) if write.raw else {}
    return last if isinstance(last, dict) else {}


def _without_empty(out: Wire) -> Wire:
    """A create says only what there is to say, in addresses as well."""
    return {
        prop: {k: v for k, v in value.items() if v != ""} if isinstance(value, dict) else value
        for prop, value in out.items()
        if value not in ("", {})
    }


def _version(raw: Wire) -> str:
    found = raw.get("SyncToken")
    if not isinstance(found, str):
        raise Malformed("SyncToken", "SyncToken should be text and is missing or something else")
    return found


def _modified_at(raw: Wire) -> datetime | None:
    data = raw.get("MetaData")
    if not isinstance(data, dict):
        return None
    # A fresh account shows no LastUpdatedTime yet.
    stamp = data.get("LastUpdatedTime") or data.get("CreateTime")
    return instant(stamp) if isinstance(stamp, str) else None


def instant(stamp: str) -> datetime:
    """An instant in UTC; QuickBooks writes them with the Pacific offset of their day."""
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise Malformed("MetaData", "a time that cannot be read") from error
    if found.tzinfo is None:
        raise Malformed("MetaData", "a time without its offset")
    if not 1 < found.year < 9999:
        raise Malformed("MetaData", "a time beyond the calendar")  # UTC may lie outside of it
    return found.astimezone(UTC)


def is_instant(stamp: str) -> bool:
    try:
        instant(stamp)
    except Malformed:
        return False
    return True


def _unreadable(kind: Kind, record_id: str, problem: Malformed, data: bytes) -> Unreadable:
    shown_id = record_id or f"unknown-{derive('unreadable', data.hex(), length=12)}"
    return Unreadable(
        ref=ExternalRef(QBO, kind, shown_id),
        problem=Problem(
            code="malformed",
            message=str(problem),
            field=problem.field,
            cure="open and save this record in QuickBooks; if that does not help, report it with "
            "this message",
        ),
        raw=bytes(data),
    )
