"""Create, update, delete, void and read: versions, sparse and full updates, no-op updates."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from daemon.sandbox.qbo import faultbodies, posting, rules, txn
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.fields import Cleaned, clean
from daemon.sandbox.qbo.names import check_name, deleted_name
from daemon.sandbox.qbo.references import View
from daemon.sandbox.qbo.render import mask, show
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire

FIRST_API_ACCOUNT = 1_150_040_000
"""Accounts created through the API get ids from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a write was asked for."""

    operation: str = ""
    """``""``, update, delete or void."""
    allow_duplicate: bool = False
    """``include=allowduplicatedocnum``."""
    include_void: bool = False
    """``include=void``, or ``optionsData`` void in a batch."""
    by_user: bool = False
    """Made in the user interface: no version needed, inactivation always renames."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: the record and how to show it."""

    stored: Stored
    view: View
    deleted: bool = False
    changed: bool = True

    def shown(self, books: Books) -> Wire:
        """The object of the answer."""
        if self.deleted:
            return {"Id": self.stored.id, "domain": "QBO", "status": "Deleted"}
        return show(books, self.stored, self.view)


def write(books: Books, spec: Spec, body: Any, options: Options) -> Written:
    """Carry out one write. Raises ``QboFault``; then nothing was changed."""
    if not isinstance(body, dict):
        raise faultbodies.unknown_property(spec.name)
    if spec.name in ("Preferences", "CompanyInfo", "TaxAgency"):
        raise faultbodies.not_simulated(f"create or update of {spec.name}")
    if not spec.writable:
        raise faultbodies.unsupported(f"create or update of {spec.name}")
    match options.operation:
        case "update" | "" if options.include_void:
            return _void(books, spec, body, options, how="update")
        case "delete":
            return _delete(books, spec, body, options)
        case "void":
            return _void(books, spec, body, options, how="void")
        case "" | "update" | "create":
            if body.get("Id"):
                return _update(books, spec, body, options)
            return _create(books, spec, body, options)
        case _:
            raise faultbodies.unsupported(options.operation)


def read(books: Books, spec: Spec, record_id: str) -> Stored:
    """One record, inactive ones included. Raises 610."""
    stored = books.get(spec.name, record_id)
    if stored is None:
        raise faultbodies.not_found(transaction=spec.transaction)
    return stored


def _create(books: Books, spec: Spec, body: Wire, options: Options) -> Written:
    cleaned = clean(body, spec.fields, trim=books.switches.trim_names)
    fields = dict(cleaned.values)
    _give_address_ids(books, spec, fields, None)
    derived = _checked(books, spec, fields, None, cleaned=cleaned, options=options)
    if spec.name == "Account":
        books.reserve("Account", "0", floor=FIRST_API_ACCOUNT)
    stored = books.insert(spec, books.new_id(spec.sequence), fields, books.now())
    stored.derived = derived
    if spec.transaction:
        txn.written(books, stored, None)
    if spec.name == "Account":
        books.account_created_later(stored)
        parent = books.get("Account", stored.parent)
        if parent is not None:
            books.touch(parent)
    if spec.name == "Item" and "QtyOnHand" in fields:
        posting.open_stock(books, stored, fields["QtyOnHand"], booked=True)
    return Written(stored, "created")


def _update(books: Books, spec: Spec, body: Wire, options: Options) -> Written:
    stored = _current(books, spec, body, options)
    cleaned = clean(body, spec.fields, trim=books.switches.trim_names)
    sparse = _is_sparse(body)
    vendor_needed = spec.name == "Bill" and books.switches.sparse_bill_needs_vendor
    if sparse and vendor_needed and not body.get("VendorRef") and not options.by_user:
        raise faultbodies.required("VendorRef")
    fields = _merged(books, stored, cleaned, sparse=sparse)
    derived = _checked(books, spec, fields, stored, cleaned=cleaned, options=options)
    unchanged = txn.same(stored, fields, derived) if spec.transaction else fields == stored.fields
    if unchanged:
        return Written(stored, "written", changed=False)
    if not stored.active and fields.get("Active") is False:
        reason = "You cannot modify a list element that has been deleted."
        raise faultbodies.business(reason)
    if stored.active and fields.get("Active") is False:
        rules.check_inactivation(books, stored)
        if books.switches.rename_on_inactivate or options.by_user:
            fields[spec.name_field] = deleted_name(books, spec, fields, stored.id)
    before = replace(stored)
    books.change(stored, fields)
    if spec.transaction:
        stored.derived = {**stored.derived, **derived}
        txn.written(books, stored, before)
    elif spec.name == "Item" and before.fields["Type"] != "Inventory" == fields["Type"]:
        posting.open_stock(books, stored, fields["QtyOnHand"], booked=True)
    return Written(stored, "written")


def _delete(books: Books, spec: Spec, body: Wire, options: Options) -> Written:
    if not spec.transaction:
        raise faultbodies.unsupported(f"delete of {spec.name}")
    stored = _current(books, spec, body, options)
    txn.check_removal(books, stored, by_user=options.by_user)
    txn.remove(books, stored)
    return Written(stored, "written", deleted=True)


def _void(books: Books, spec: Spec, body: Wire, options: Options, *, how: str) -> Written:
    """``how``: the form of the request, void or update; each entity takes one of them."""
    if txn.VOIDABLE.get(spec.name) != how and not (options.by_user and spec.name in txn.VOIDABLE):
        raise faultbodies.unsupported(f"void of {spec.name}")
    minds = how == "update" or books.switches.void_version == "check"
    stored = _current(books, spec, body, options, any_version=not minds)
    txn.check_removal(books, stored, by_user=options.by_user)
    return Written(stored, "written", changed=txn.void(books, stored))


def _current(
    books: Books, spec: Spec, body: Wire, options: Options, *, any_version: bool = False
) -> Stored:
    """The record that a body means. Raises 2020 without a version, 610, 5010."""
    if not body.get("Id"):
        raise faultbodies.required("Id")
    if body.get("SyncToken") in (None, "") and not options.by_user:
        raise faultbodies.required("SyncToken")
    stored = read(books, spec, str(body["Id"]))
    if options.by_user or any_version:
        return stored
    if str(body["SyncToken"]) != str(stored.token):
        raise faultbodies.stale()
    return stored


def _is_sparse(body: Mapping[str, Any]) -> bool:
    return body.get("sparse") in (True, "true", "True")


def _merged(books: Books, stored: Stored, cleaned: Cleaned, *, sparse: bool) -> Wire:
    spec = stored.spec
    fields = dict(stored.fields) if sparse else {}
    for key in cleaned.cleared:
        fields.pop(key, None)
    fields.update(cleaned.values)
    for key, kind in spec.fields.items():
        if kind.create_only and key in stored.fields:
            fields[key] = stored.fields[key]
    hidden = stored.fields.get("TaxIdentifier")
    if hidden and fields.get("TaxIdentifier") == mask(hidden):
        fields["TaxIdentifier"] = hidden
    if sparse and spec.transaction and "Line" not in cleaned.cleared:
        fields.setdefault("Line", stored.derived["Line"])
    _give_address_ids(books, spec, fields, stored)
    return fields


def _checked(
    books: Books,
    spec: Spec,
    fields: Wire,
    before: Stored | None,
    *,
    cleaned: Cleaned,
    options: Options,
) -> Wire:
    """Complete and check ``fields`` in place; the derived part of the record."""
    if spec.transaction:
        rules.check(books, spec, fields, before=before, touched=cleaned.values.keys())
        return txn.prepare(
            books,
            spec,
            fields,
            before=before,
            allow_duplicate=options.allow_duplicate,
            by_user=options.by_user,
        )
    for name in spec.required:
        if name not in fields:
            raise faultbodies.required(name)
    rules.complete(books, spec, fields, before)
    rules.check(books, spec, fields, before=before, touched=cleaned.values.keys())
    check_name(books, spec, fields, before.id if before is not None else "")
    return dict(before.derived) if before is not None else {}


def _give_address_ids(books: Books, spec: Spec, fields: Wire, before: Stored | None) -> None:
    for key, kind in spec.fields.items():
        if kind.kind != "address" or key not in fields or "Id" in fields[key]:
            continue
        old = before.fields.get(key) if before is not None else None
        address_id = old["Id"] if old else books.new_id("Address")
        fields[key] = {"Id": address_id, **fields[key]}
