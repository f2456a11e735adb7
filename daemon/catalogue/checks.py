"""What a catalogue job refuses before it begins: options that make no sense, half a catalogue."""

from collections.abc import Sequence

from daemon.catalogue.clashes import ASK, WAYS
from daemon.catalogue.job import Job
from daemon.catalogue.words import UNDER_WAY, JobRefused, Options, State, Summary
from daemon.cycle.company import Company
from daemon.cycle.report import CycleReport
from ledger.model.ids import Kind, SystemName
from ledger.model.keys import fold
from ledger.store.views import Views


def check_options(options: Options, company: Company) -> None:
    """``JobRefused`` for options that exclude each other, or that this company cannot follow."""
    if options.clashes not in {ASK, *WAYS}:
        raise JobRefused(
            f"{options.clashes!r} is no answer to clashes",
            cure=f"{ASK}, {', '.join(WAYS)}",
            sort="bad_request",
        )
    if not options.as_type:
        return
    if options.as_type != "NonInventory":
        raise JobRefused(
            f"--as-type {options.as_type} is not supported",
            cure="NonInventory is the type that QuickBooks does not track",
            sort="bad_request",
        )
    if options.missing_only or options.reactivate or options.clashes == "reactivate":
        raise JobRefused(
            "retiring items and keeping them exclude each other",
            cure="give --as-type without --missing-only and reactivation",
            sort="bad_request",
        )
    policy = company.rules()
    rule = policy.rule(policy.books, Kind.ITEM)
    words = rule.fields["type"].words if rule is not None and "type" in rule.fields else {}
    if (words or {}).get("stock") != "non_inventory":
        raise JobRefused(
            "new items would be created with another type",
            cure="set qbo.new_items.type to NonInventory in the configuration",
        )


def check_read(report: CycleReport, company: Company) -> None:
    """``JobRefused`` unless one cycle read the items of every system to the end, with proof."""
    unproved = sorted(
        name
        for name in company.policy.systems
        if name not in report.seen or Kind.ITEM not in report.seen[name].swept
    )
    if report.complete and not unproved:
        return
    said = "; ".join(problem.message for problem in report.problems)
    cures = dict.fromkeys(problem.cure.rstrip(".") for problem in report.problems if problem.cure)
    cure = "; ".join(cures) or "wait until the connection works again"
    raise JobRefused(
        f"the catalogue of {' and '.join(unproved) or 'both systems'} was not read to the end"
        + (f": {said}" if said else ""),
        cure=f"{cure}. Items stay frozen; then: trueup catalogue plan",
        sort="not_ready",
    )


def check_only(views: Views, options: Options, systems: Sequence[SystemName]) -> None:
    """``JobRefused`` for a SKU that no product shows: an empty plan would look like a good one."""
    unknown = [
        sku
        for sku in options.only
        if not any(views.find(one, Kind.ITEM, "sku", fold(sku.strip())) for one in systems)
    ]
    if unknown:
        raise JobRefused(
            f"no product has the SKU {' or '.join(map(repr, unknown))}",
            cure="--only takes SKUs as the products show them; nothing was planned",
            sort="not_found",
        )


def check_approval(job: Job, *, typed: str, company: str, plan: str) -> Summary:
    """The plan that a yes is about; ``JobRefused`` where it cannot be about one."""
    summary = job.memo.plan
    if summary is None or job.state not in {State.PLANNED, State.APPROVED, *UNDER_WAY}:
        cure = "trueup catalogue plan"
        if job.state is State.SORTED:
            cure = f"answer its questions (trueup catalogue status), then {cure}"
        raise JobRefused(
            f"{job.id} is {job.state.value}: there is no plan to approve", cure=cure, sort="stale"
        )
    if typed.strip() != company.strip():
        raise JobRefused(
            f"{typed!r} is not the name of this company",
            cure="type it as trueup status shows it",
            sort="bad_request",
        )
    if plan and plan != summary.id:
        raise JobRefused(
            f"the plan is {summary.id} now, not {plan}; nothing was approved",
            cure="look at it: trueup catalogue status",
            sort="stale",
        )
    return summary
