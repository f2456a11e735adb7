"""Two (or three) systems and a ledger as dictionaries, and what they can hold.

``Ledger`` answers the questions of ``Lookups`` over what the systems show; ``carry_out`` does to
them what a plan says, the way they would show it. Nothing here plans.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from daemon.reconcile.mapping import without_deleted_suffix
from daemon.reconcile.plan import plan
from daemon.reconcile.policy import Limits, Policy
from ledger.model.capabilities import Access, Capabilities, FieldRule, KindRule
from ledger.model.encoding import comparable_bytes, encode
from ledger.model.facts import (
    Baseline,
    ConfirmedChange,
    Problem,
    RecordView,
    Rejection,
    Resolution,
    Side,
)
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, SystemName, derive, record_id
from ledger.model.images import image_in
from ledger.model.keys import fold, keys
from ledger.model.plans import Action, Operation, Plan
from ledger.model.records import RECORD_TYPES, Record, comparable_values
from ledger.model.values import UNSET, RecordRef, Reference, Value
from tests.daemon.reconcile.alphabet import NET30, NET45, RENT, SALES

QBO = SystemName("qbo")
DEAR = SystemName("dear")
ION = SystemName("ion")

R = FieldRule
ACTIVE = R()
NAME_CHARS = ":\t\n"


def fields(*names: str, **rules: FieldRule) -> dict[str, FieldRule]:
    return {name: R() for name in names} | rules


def qbo_capabilities() -> Capabilities:
    party = fields(
        *("company_name", "contact_name", "email", "website", "billing_address", "terms"),
        *("tax_number", "notes", "active"),
        name=R(required=True, namespace="party", max_length=500, forbidden=NAME_CHARS),
        code=R(max_length=100),
        phone=R(max_length=30),
        currency=R(access=Access.CREATE),
    )
    item = fields(
        *("sku", "description", "purchase_description", "expense_account", "asset_account"),
        *("taxable", "active"),
        name=R(
            required=True,
            namespace="item",
            max_length=100,
            forbidden=NAME_CHARS,
            shorten_with="sku",
        ),
        type=R(access=Access.CREATE, words={"stock": "non_inventory"}),
        sales_price=R(places=7),
        purchase_cost=R(places=7),
        income_account=R(
            required=True,
            default=Reference(kind=Kind.ACCOUNT, key="Sales"),
            default_key="qbo.accounts.income",
        ),
        sales_tax_code=R(),
    )
    return Capabilities(
        system=QBO,
        max_batch=30,
        kinds={
            Kind.ACCOUNT: KindRule(
                fields=fields(
                    *("code", "description", "parent", "active"),
                    name=R(required=True, max_length=100, forbidden=':"'),
                    account_type=R(access=Access.CREATE, required=True),
                    currency=R(access=Access.CREATE),
                )
            ),
            Kind.TERM: KindRule(
                fields=fields("method", "due", "active", name=R(required=True, max_length=31))
            ),
            Kind.TAX_CODE: KindRule(
                fields=fields("name", "description", "rate", "active"),
                can_create=False,
                can_update=False,
            ),
            Kind.CLASS: KindRule(fields=fields("name", "parent", "active")),
            Kind.VENDOR: KindRule(fields=party | {"is_1099": R()}),
            Kind.CUSTOMER: KindRule(fields=party | {"shipping_address": R()}),
            Kind.ITEM: KindRule(fields=item),
        },
    )


def dear_capabilities(system: SystemName = DEAR) -> Capabilities:
    def default(key: str, value: Value, **more: Any) -> FieldRule:
        return R(required=True, default=value, default_key=f"{system}.defaults.{key}", **more)

    party = fields(
        *("contact_name", "email", "phone", "website", "billing_address", "active"),
        name=R(required=True, max_length=256),
        currency=default("party.currency", "USD"),
    )
    return Capabilities(
        system=system,
        kinds={
            Kind.ACCOUNT: KindRule(
                fields=fields(
                    *("description", "currency", "active"),
                    name=R(required=True, max_length=256),
                    code=R(required=True, max_length=50, code_from_id="Q{id}"),
                    account_type=R(access=Access.CREATE, required=True),
                )
            ),
            Kind.TERM: KindRule(
                fields=fields("method", "due", "active", name=R(required=True, max_length=50))
            ),
            Kind.TAX_CODE: KindRule(
                fields=fields("rate", "active", name=R(required=True, max_length=50))
            ),
            Kind.VENDOR: KindRule(
                fields=party
                | {
                    "terms": default(
                        "supplier.payment_term", Reference(kind=Kind.TERM, key="30 days")
                    )
                }
            ),
            Kind.CUSTOMER: KindRule(fields=party | {"terms": R(), "price_tier": R()}),
            Kind.ITEM: KindRule(
                fields=fields(
                    *("description", "barcode", "income_account", "expense_account"),
                    *("asset_account", "sales_tax_code", "active"),
                    name=R(required=True, max_length=256),
                    sku=R(required=True, max_length=50, namespace="sku"),
                    type=R(
                        access=Access.CREATE,
                        words={"non_inventory": "stock", "inventory": "stock"},
                    ),
                    category=default("product.category", "Other"),
                    unit=R(required=True, default_key=f"{system}.defaults.product.unit"),
                    sales_price=R(places=4),
                    purchase_cost=R(places=4, access=Access.READ),
                )
            ),
        },
    )


def with_unit(capabilities: Capabilities, unit: str = "pcs") -> Capabilities:
    """The same, with the default unit that a real configuration would have."""
    item = capabilities.kinds[Kind.ITEM]
    rule = msgspec.structs.replace(item.fields["unit"], default=unit)
    changed = msgspec.structs.replace(item, fields=item.fields | {"unit": rule})
    return msgspec.structs.replace(capabilities, kinds=capabilities.kinds | {Kind.ITEM: changed})


def policy(*, systems: tuple[SystemName, ...] = (QBO, DEAR), **changes: Any) -> Policy:
    made = {QBO: qbo_capabilities(), DEAR: with_unit(dear_capabilities())}
    made[ION] = with_unit(dear_capabilities(ION))
    changes.setdefault("capabilities", {system: made[system] for system in systems})
    changes.setdefault("limits", Limits())
    return Policy(systems=systems, **changes)


def change_rule(
    rules: Policy, system: SystemName, kind: Kind, field: str, **changes: Any
) -> Policy:
    """The policy with one field rule changed."""
    kind_rule = rules.capabilities[system].kinds[kind]
    rule = msgspec.structs.replace(kind_rule.fields.get(field, R()), **changes)
    return change_kind(rules, system, kind, fields=kind_rule.fields | {field: rule})


def change_kind(rules: Policy, system: SystemName, kind: Kind, **changes: Any) -> Policy:
    capabilities = rules.capabilities[system]
    kind_rule = msgspec.structs.replace(capabilities.kinds[kind], **changes)
    capabilities = msgspec.structs.replace(
        capabilities, kinds=capabilities.kinds | {kind: kind_rule}
    )
    return msgspec.structs.replace(rules, capabilities=rules.capabilities | {system: capabilities})


class Shown(msgspec.Struct, kw_only=True):
    """What one system shows under one id."""

    record: Record | None
    seq: int
    tombstone: str = ""
    problem: Problem | None = None
    out_of_scope: str = ""


class Ledger:
    """What a ledger would know of the systems, in dictionaries."""

    def __init__(self) -> None:
        self.shown: dict[ExternalRef, Shown] = {}
        self.records: dict[ExternalRef, RecordId] = {}
        self.baselines: dict[RecordId, dict[SystemName, Baseline]] = {}
        self.changes: dict[RecordId, list[ConfirmedChange]] = {}
        self.rejections: dict[RecordId, tuple[Rejection, ...]] = {}
        self.resolutions: dict[RecordId, tuple[Resolution, ...]] = {}
        self.answered: dict[RecordId, dict[str, int]] = {}
        self.intents: dict[RecordId, str] = {}
        self.incomplete: set[tuple[SystemName, Kind]] = set()
        self.remaps: dict[tuple[SystemName, RecordId], RecordId] = {}
        self.seq = 0

    def tick(self) -> int:
        self.seq += 1
        return self.seq

    def show(self, system: SystemName, id: str, record: Record, **more: Any) -> RecordId:  # noqa: A002
        """The system shows this under that id, for the first time or anew."""
        ref = ExternalRef(system, record.KIND, id)
        self.shown[ref] = Shown(record=record, seq=self.tick(), **more)
        return self.records.setdefault(ref, record_id(ref))

    def edit(self, system: SystemName, kind: Kind, id: str, **changes: Any) -> None:  # noqa: A002
        ref = ExternalRef(system, kind, id)
        record = self.shown[ref].record
        assert record is not None
        self.show(system, id, msgspec.structs.replace(record, **changes))

    def remove(self, system: SystemName, kind: Kind, id: str) -> None:  # noqa: A002
        ref = ExternalRef(system, kind, id)
        self.shown[ref] = msgspec.structs.replace(
            self.shown[ref], tombstone="cdc stub", seq=self.tick()
        )

    def link(self, record: RecordId, ref: ExternalRef) -> None:
        assert self.ref_of(record, ref.system) is None, "one link for a record and a system"
        self.records[ref] = record

    def pair(self, qbo: Record, dear: Record, id: str = "1") -> RecordId:  # noqa: A002
        """Both systems show the record, linked, agreed on everything that both show."""
        record = self.show(DEAR, id, dear)
        self.show(QBO, id, qbo)
        self.link(record, ExternalRef(QBO, qbo.KIND, id))
        self.agree(record)
        return record

    def agree(self, record: RecordId, *names: str) -> None:
        """Every side's present image is the baseline (of the named fields, or of all)."""
        view = self.view(record)
        assert view is not None
        for system, side in view.sides.items():
            assert side.record is not None
            image = {
                field: self.pointed(system, value)
                for field, value in comparable_values(side.record).items()
                if not names or field in names
            }
            name = image.get("name")
            if isinstance(name, str) and getattr(side.record, "active", True) is False:
                image["name"] = without_deleted_suffix(name)  # as planning sees, and agrees on, it
            self.remember(record, system, image)

    def remember(self, record: RecordId, system: SystemName, image: dict[str, Value]) -> None:
        images = self.baselines.setdefault(record, {})
        kind = self._kind(record)
        images[system] = Baseline(
            system=system,
            kind=kind,
            image=image_in(encode(image), kind),
            seq=self.tick(),
            mapping_version=1,
        )

    def _kind(self, record: RecordId) -> Kind:
        return next(ref.kind for ref, of in self.records.items() if of == record)

    def pointed(self, system: SystemName, value: Value) -> Value:
        if isinstance(value, Reference):
            record = self.resolve(system, value)
            return value if record is None else RecordRef(record)
        return value

    # -- Lookups ------------------------------------------------------------------------------

    def record_of(self, ref: ExternalRef) -> RecordId | None:
        return self.records.get(ref)

    def ref_of(self, record: RecordId, system: SystemName) -> ExternalRef | None:
        refs = [r for r, of in self.records.items() if of == record and r.system == system]
        return refs[0] if refs else None

    def resolve(self, system: SystemName, reference: Reference) -> RecordId | None:
        if reference.id:
            return self.records.get(ExternalRef(system, reference.kind, reference.id))
        if reference.shared:
            return None
        wanted = ("code", "name") if reference.kind is Kind.ACCOUNT else ("name",)
        for key in wanted:
            found = self.find(system, reference.kind, key, fold(reference.key))
            if len(found) == 1:
                return self.records[found[0]]
        return None

    def find(self, system: SystemName, kind: Kind, key: str, value: str) -> list[ExternalRef]:
        return [
            ref
            for ref, shown in self.shown.items()
            if (ref.system, ref.kind) == (system, kind)
            and shown.record is not None
            and not shown.tombstone
            and (key, value) in keys(shown.record)
        ]

    def view(self, record: RecordId) -> RecordView | None:
        refs = [ref for ref, of in self.records.items() if of == record]
        if not refs:
            return None
        return RecordView(
            record=record,
            kind=refs[0].kind,
            sides={ref.system: self._side(ref) for ref in refs},
            baselines=self.baselines.get(record, {}),
            open_intent=self.intents.get(record, ""),
            rejections=self.rejections.get(record, ()),
            resolutions=self.resolutions.get(record, ()),
            answered=self.answered.get(record, {}),
        )

    def _side(self, ref: ExternalRef) -> Side:
        shown = self.shown[ref]
        content = comparable_bytes(shown.record) if shown.record is not None else b""
        return Side(
            ref=ref,
            version=str(shown.seq),
            comparable=Digest(derive("content", content.decode(), length=32)),
            seq=shown.seq,
            record=shown.record if shown.problem is None else None,
            tombstone=shown.tombstone,
            problem=shown.problem,
            out_of_scope=shown.out_of_scope,
        )

    def catalogue_complete(self, system: SystemName, kind: Kind) -> bool:
        return (system, kind) not in self.incomplete

    def confirmed_changes(self, record: RecordId) -> Sequence[ConfirmedChange]:
        return self.changes.get(record, [])

    def remapped(self, system: SystemName) -> Mapping[RecordId, RecordId]:
        return {old: new for (here, old), new in self.remaps.items() if here == system}

    # -- one pass -----------------------------------------------------------------------------

    def views(self) -> list[RecordView]:
        views = [self.view(record) for record in sorted(set(self.records.values()))]
        return [view for view in views if view is not None]

    def plan(self, rules: Policy) -> Plan:
        return plan(self.views(), self, rules)

    def carry_out(self, made: Plan, rules: Policy) -> None:
        """Make the links, remember the agreements, and do the operations wave by wave."""
        for link in made.links:
            self.link(link.record, link.ref)
        for agreement in made.agreements:
            for system, image in agreement.images.items():
                self.remember(agreement.record, system, image)
        for operation in made.operations:
            self.do(operation, rules)

    def do(self, operation: Operation, rules: Policy) -> None:
        """The system does it and shows the result in its own way of pointing."""
        values = {
            change.field: self.wire(change.after, operation.system) for change in operation.changes
        }
        ref = self.ref_of(operation.record, operation.system)
        if operation.action is Action.CREATE:
            assert ref is None, "a create is only for a record that is not there"
            rule = rules.capabilities[operation.system].kinds[operation.kind]
            empty: dict[str, Any] = dict.fromkeys(rule.fields)
            record = RECORD_TYPES[operation.kind](**(empty | {"active": True} | values))
            new_id = derive(operation.record, operation.system, length=8)
            ref = ExternalRef(operation.system, operation.kind, new_id)
            self.records[ref] = operation.record
            self.show(operation.system, new_id, record)
        else:
            assert ref is not None, "only what is there can be changed"
            self.edit(operation.system, operation.kind, ref.id, **values)

    def wire(self, value: Value, system: SystemName) -> Value:
        if not isinstance(value, RecordRef):
            return value
        ref = self.ref_of(value.record, system)
        assert ref is not None, "pointed to before it is there"
        return Reference(kind=ref.kind, id=ref.id)


def until_quiet(ledger: Ledger, rules: Policy, passes: int = 12) -> Plan:
    """Plan and carry out until a plan changes nothing; fails when it never comes to rest."""
    for _ in range(passes):
        made = ledger.plan(rules)
        if not made.operations and not made.links and not made.agreements:
            return made
        ledger.carry_out(made, rules)
    raise AssertionError("the systems never came to rest")


def value(ledger: Ledger, record: RecordId, system: SystemName, field: str) -> Any:
    view = ledger.view(record)
    assert view is not None
    shown = view.sides[system].record
    assert shown is not None
    found = getattr(shown, field)
    return None if found is UNSET else found


def codes(made: Plan, record: RecordId | None = None) -> list[str]:
    return sorted(h.code.value for h in made.holds if record in (None, h.record))


def written(operations: Iterable[Operation]) -> dict[tuple[SystemName, str], Value]:
    return {(o.system, c.field): c.after for o in operations for c in o.changes}


def with_books() -> Ledger:
    """A ledger in which accounts and terms are linked and agreed."""
    ledger = Ledger()
    books: tuple[Record, ...] = (SALES, RENT, NET30, NET45)
    for number, record in enumerate(books):
        ledger.pair(record, record, id=f"b{number}")
    return ledger


def operations(made: Plan, record: RecordId | None = None) -> list[str]:
    """``system action field=value, …`` of each operation, in plan order."""
    return [
        f"{o.system} {o.action.value} " + ", ".join(f"{c.field}={c.after}" for c in o.changes)
        for o in made.operations
        if record in (None, o.record)
    ]


def is_quiet(made: Plan) -> bool:
    """Nothing to do and nothing to tell."""
    return not (made.operations or made.agreements or made.links or made.holds or made.conflicts)
