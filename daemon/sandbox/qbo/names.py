"""Uniqueness of names, and what inactivation does to them."""

import re
from typing import Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.state import Books
from daemon.sandbox.qbo.wire import Wire

_PARTS: Final = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_MAX_RENAMES: Final = 1000
_MARKED: Final = re.compile(r"\(deleted(?:-\d+)?\)$", re.IGNORECASE)


def check_name(books: Books, spec: Spec, fields: Wire, own_id: str) -> None:
    """Raise 6240 when somebody else holds the name, active or not."""
    if not spec.name_kind:
        return
    above = fields.get("ParentRef")
    parent = str(above["value"]) if isinstance(above, dict) else ""
    holder = books.holder(spec, str(fields.get(spec.name_field, "")), parent)
    if holder is not None and (holder.spec.name != spec.name or holder.id != own_id):
        raise faultbodies.duplicate_name(holder.spec.name_kind)


def derive_display_name(fields: Wire) -> None:
    """Build DisplayName from the parts of a person's name when it is missing. Raises 6080."""
    if fields.get("DisplayName"):
        return
    joined = " ".join(str(fields[part]) for part in _PARTS if fields.get(part))
    if not joined:
        raise faultbodies.no_name()
    fields["DisplayName"] = joined


def deleted_name(books: Books, spec: Spec, fields: Wire, own_id: str) -> str:
    """The name that an inactivated record gets: ``X (deleted)``, or a numbered one if taken. One
    that ends in the mark already keeps it, unless the switch says otherwise."""
    name = str(fields.get(spec.name_field, ""))
    if _MARKED.search(name) and not books.switches.mark_twice:
        return name
    above = fields.get("ParentRef")
    parent = str(above["value"]) if isinstance(above, dict) else ""
    for number in range(_MAX_RENAMES):
        candidate = f"{name} (deleted)" if number == 0 else f"{name} (deleted-{number})"
        holder = books.holder(spec, candidate, parent)
        if holder is None or (holder.id == own_id and holder.spec.name == spec.name):
            return candidate
    raise faultbodies.business("too many deleted records of the same name")
