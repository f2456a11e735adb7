"""The control plane of the twin: look at the company, and edit it as a person in DEAR would.

An edit goes past the API's checks (a person, or DEAR's own import, may leave odd records behind)
but not past sense: fields must exist, stamps move, renames reach every mention.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from aiohttp import web

from daemon.sandbox.dear.accounts import ACCOUNT, TAX, new_account
from daemon.sandbox.dear.books import NAMED, TERM
from daemon.sandbox.dear.fields import Fields, Number, Rules, blank
from daemon.sandbox.dear.nested import supplier_row
from daemon.sandbox.dear.parties import ADDRESS, CUSTOMERS, SUPPLIERS, new_party
from daemon.sandbox.dear.products import PRODUCT, new_product
from daemon.sandbox.dear.screens import SIDES, ActRefused, act
from daemon.sandbox.dear.state import DearState, Row
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.dear.wire import decode, encode
from daemon.sandbox.server import CONTROL

KIND_NAMES: Final[Mapping[str, str]] = {
    "tax_code": "tax",
    "term": "paymentterm",
    "vendor": "supplier",
    "item": "product",
}
"""Other names by which kinds may be called here."""

RULES: Final[Mapping[str, Rules]] = {
    "account": ACCOUNT,
    "tax": TAX,
    "paymentterm": TERM,
    "supplier": SUPPLIERS.rules,
    "customer": CUSTOMERS.rules,
    "product": PRODUCT,
    "category": NAMED,
    "brand": NAMED,
    "unit": NAMED,
}

_SUB_ROWS: Final[Mapping[str, Mapping[str, Rules]]] = {
    party.kind: {"Addresses": ADDRESS, "Contacts": party.contact}
    for party in (SUPPLIERS, CUSTOMERS)
}
KEYS: Final = {"sku": "SKU", "name": "Name", "code": "Code"}


class EditRefused(Exception):
    """The edit makes no sense; the text says why."""


def edit(
    state: DearState, order: Mapping[str, Any], switches: DearSwitches | None = None
) -> Fields:
    """Change, create or delete one record; the record as it is then (``{}`` when deleted).

    Purchases and sales are edited as ``screens.act`` says.

    ``{"kind", "id"|"sku"|"name"|"code", "set": {...}}``, ``{"kind", "create": {...}}`` or
    ``{"kind", "id"|..., "delete": true}``. Raises ``EditRefused``.
    """
    kind = KIND_NAMES.get(str(order.get("kind")), str(order.get("kind")))
    if kind == "me":
        state.me |= _known(state.me, order.get("set"))
        return state.me
    if kind in SIDES:
        return act(state, switches or DearSwitches(), {**order, "kind": kind})
    if kind not in RULES:
        kinds = ", ".join(("me", *RULES, "purchase", "sale"))
        raise EditRefused(f"unknown kind {order.get('kind')!r} (one of: {kinds})")
    if "create" in order:
        return _dump(_create(state, kind, order["create"]))
    row = _find(state, kind, order)
    if order.get("delete"):
        _delete(state, kind, row)
        return {}
    fields = _known(row.fields, order.get("set"))
    for name, rules in _SUB_ROWS.get(kind, {}).items():
        if name in fields:
            fields[name] = [
                {**blank(rules), **sub, "ID": sub.get("ID") or state.new_id()}
                for sub in fields[name]
            ]
    if "Suppliers" in fields:
        fields["Suppliers"] = [
            supplier_row(str(sub.get("SupplierID") or ""), sub) for sub in fields["Suppliers"]
        ]
    state.change(kind, row, _decimals(kind, fields))
    return _dump(row)


def _known(record: Fields, given: Any) -> Fields:
    if not isinstance(given, dict) or not given:
        raise EditRefused("'set' must be an object with at least one field")
    unknown = [name for name in given if name not in record]
    if unknown:
        raise EditRefused(f"no such field: {', '.join(unknown)}")
    return given


def _decimals(kind: str, given: Fields) -> Fields:
    rules = RULES[kind]
    return {
        name: Decimal(value)
        if isinstance(rules.get(name), Number) and isinstance(value, int)
        else value
        for name, value in given.items()
    }


def _create(state: DearState, kind: str, given: Any) -> Row:
    rules = RULES[kind]
    known = {**blank(rules), "Addresses": [], "Contacts": [], "Components": []}
    fields = _decimals(kind, _known(known, given))
    match kind:
        case "account":
            return new_account(state, fields)
        case "supplier":
            return new_party(state, SUPPLIERS, {"Status": "Active", **fields})
        case "customer":
            return new_party(state, CUSTOMERS, {"Status": "Active", **fields})
        case "product":
            return new_product(state, {"Status": "Active", **fields})
        case "tax":
            head = {"TaxPercent": Decimal(0), "Components": []}
            return state.add(kind, {**blank(rules), **head, **fields})
        case _:
            return state.add(kind, {**blank(rules), **fields})


def _find(state: DearState, kind: str, order: Mapping[str, Any]) -> Row:
    if row_id := order.get("id"):
        found = state[kind].get(str(row_id))
        rows = [found] if found else []
    else:
        wanted = {KEYS[key]: str(order[key]) for key in KEYS if order.get(key)}
        if len(wanted) != 1:
            raise EditRefused("name the record by one of: id, sku, name, code")
        (field, value), *_ = wanted.items()
        rows = state[kind].where(field, value)
    if len(rows) != 1:
        raise EditRefused(f"{len(rows)} records of kind {kind} answer to that")
    return rows[0]


def _delete(state: DearState, kind: str, row: Row) -> None:
    # DEAR's screens delete a product, supplier or customer only once it is deprecated.
    if kind in ("product", "supplier", "customer") and row.fields["Status"] != "Deprecated":
        raise EditRefused(f"this {kind} is not deprecated, so it cannot be deleted")
    if state.mentions(kind, row):
        raise EditRefused(f"other records name this {kind}, so it cannot be deleted")
    state.remove(kind, row)


def _dump(row: Row) -> Fields:
    return {"_id": row.id, "_modified": row.modified.isoformat(), **row.fields}


def routes(
    state: DearState,
    flip: Callable[[Mapping[str, object]], Mapping[str, object]],
    switches: Callable[[], DearSwitches],
) -> list[web.RouteDef]:
    """``POST /_sandbox/edit``, ``GET /_sandbox/state/<kind>``, ``GET`` and ``POST
    /_sandbox/switches``.

    ``flip`` sets switches and answers all of them; it raises ``ValueError`` on unknown ones.
    ``switches`` are those of now.
    """

    async def post_edit(request: web.Request) -> web.Response:
        try:
            return _json(edit(state, await _object(request), switches()))
        except (EditRefused, ActRefused, ValueError) as error:
            return _json({"error": str(error)}, status=400)

    async def post_switches(request: web.Request) -> web.Response:
        try:
            return _json(flip(await _object(request)))
        except (EditRefused, ValueError) as error:
            return _json({"error": str(error)}, status=400)

    async def get_switches(_: web.Request) -> web.Response:
        return _json(flip({}))

    async def get_state(request: web.Request) -> web.Response:
        asked = request.match_info["kind"]
        kind = KIND_NAMES.get(asked, asked)
        if kind == "me":
            return _json([state.me])
        if kind not in state.tables:
            return _json({"error": f"unknown kind {asked!r}"}, status=400)
        return _json(state.dump(kind))

    return [
        web.post(CONTROL + "edit", post_edit),
        web.get(CONTROL + "switches", get_switches),
        web.post(CONTROL + "switches", post_switches),
        web.get(CONTROL + "state/{kind}", get_state),
    ]


async def _object(request: web.Request) -> Mapping[str, Any]:
    try:
        value = decode(await request.read())
    except msgspec.DecodeError as error:
        raise EditRefused(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise EditRefused("the body must be an object")
    return value


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=encode(value), status=status, content_type="application/json")
