"""The configuration in the words of the reconcile core. The only translation between the two."""

from daemon.config.documents import BillConfig, DocumentConfig
from daemon.config.kinds import KindConfig
from daemon.config.model import SOURCES, Config
from daemon.cycle.calendar import Calendar, FreezeDays, WriteWindow
from daemon.reconcile.policy import (
    CreatePolicy,
    DocumentPolicy,
    Flow,
    ForeignEdit,
    Limits,
    OnRemoved,
    Policy,
)
from ledger.model.ids import Kind, SystemName

BOOKS = SystemName("qbo")
SYSTEMS = (BOOKS, *(SystemName(source) for source in SOURCES))
DECIDING = ("company", "qbo", "dear", "kinds", "mapping", "names", "limits")
"""Sections on which decisions depend: a change of one makes every record be looked at again."""


def systems(config: Config) -> tuple[SystemName, ...]:
    """The connected systems, the books first."""
    return tuple(name for name in SYSTEMS if getattr(config, name) is not None)


def make_policy(config: Config) -> Policy:
    """The policy; what the systems can do is added by the cycle, which asks them."""
    connected = systems(config)
    authority: dict[Kind, dict[str, str]] = {}
    flows: dict[Kind, Flow] = {}
    create: dict[Kind, dict[SystemName, CreatePolicy]] = {}
    foreign: dict[Kind, dict[str, ForeignEdit]] = {}
    removed: dict[Kind, dict[SystemName, OnRemoved]] = {}
    for kind, section in kind_sections(config).items():
        flows[kind] = section.flow
        create[kind] = {name: getattr(section.create, name) for name in connected}
        authority[kind] = dict(section.authority)
        foreign[kind] = dict(section.on_foreign_edit)
        removed[kind] = {name: getattr(section.on_removed, name) for name in connected}
    documents: dict[Kind, DocumentPolicy] = {}
    for kind, document in document_sections(config).items():
        flows[kind] = document.flow
        foreign[kind] = dict(document.on_foreign_edit)
        documents[kind] = _document_policy(document)
    limits = Limits(
        min_count=config.limits.mass_change_min,
        fraction=config.limits.mass_change_fraction,
        documents=config.limits.mass_change_documents,
        most_creates=config.limits.absolute.creates,
        most_updates=config.limits.absolute.updates,
        most_removals=config.limits.absolute.removals,
        money=config.limits.money,
        oscillation_repeats=config.limits.oscillation_repeats,
        oscillation_window_s=round(config.limits.oscillation_window.total_seconds()),
    )
    return Policy(
        systems=connected,
        capabilities={},
        books=BOOKS,
        authority=authority,
        flows=flows,
        create=create,
        names=config.names,
        mapping=config.mapping.by_kind,
        on_foreign_edit=foreign,
        on_removed=removed,
        limits=limits,
        documents=documents,
        home_currency=config.company.home_currency,
    )


def _document_policy(section: DocumentConfig) -> DocumentPolicy:
    return DocumentPolicy(
        since=section.since.isoformat() if section.since else "",
        number_prefix=section.number_prefix,
        removals=section.removals,
        before_order=section.before_order if isinstance(section, BillConfig) else "hold",
        tax_tolerance=section.tax_tolerance,
    )


def kind_sections(config: Config) -> dict[Kind, KindConfig]:
    """The section of every kind of reference and master data."""
    found = _sections(config).items()
    return {kind: section for kind, section in found if isinstance(section, KindConfig)}


def document_sections(config: Config) -> dict[Kind, DocumentConfig]:
    """The section of every kind of document."""
    found = _sections(config).items()
    return {kind: section for kind, section in found if isinstance(section, DocumentConfig)}


def _sections(config: Config) -> dict[Kind, object]:
    fields = type(config.kinds).model_fields.items()
    return {Kind(field.alias or name): getattr(config.kinds, name) for name, field in fields}


def make_calendar(config: Config) -> Calendar:
    """When writes may go."""
    return Calendar(
        windows=tuple(
            WriteWindow(days=frozenset(one.days), since=one.since, until=one.until)
            for one in config.schedule.write_windows
        ),
        freezes=tuple(
            FreezeDays(first=one.first, last=one.last, reason=one.reason)
            for one in config.schedule.freeze
        ),
        zone=config.company.timezone,
    )


def deciding_bytes(config: Config) -> bytes:
    """Canonical bytes of what decides, for the digest in the ledger; secrets are references."""
    return config.model_dump_json(include=set(DECIDING), by_alias=True).encode()
