"""What a catalogue job refuses before it begins: options that make no sense, half a catalogue."""

from daemon.catalogue.clashes import ASK, WAYS
from daemon.catalogue.words import JobRefused, Options
from daemon.cycle.company import Company
from daemon.cycle.report import CycleReport
from ledger.model.ids import Kind


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
    raise JobRefused(
        f"the catalogue of {' and '.join(unproved) or 'both systems'} was not read to the end"
        + (f": {said}" if said else ""),
        cure="items stay frozen; when the connection works again: trueup catalogue plan",
        sort="not_ready",
    )
