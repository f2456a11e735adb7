"""What can be known to go wrong before anything is sent: currency, periods, stock dates, sums.

Each check says what a bookkeeper would see and what releases it. Must not write, and must not
look for candidates.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from ledger.model.capabilities import KindRule, LineTax
from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.ids import Kind, RecordId
from ledger.model.keys import fold
from ledger.model.records import Item
from ledger.model.values import Lines, RecordRef

from ..explain import money, noun, thing
from ..totals import Predicted, difference, is_variance, predict
from ..world import World
from .parties import DocumentParty, chosen_class
from .wanted import Wanted, rate_of


def checks(
    view: RecordView,
    source: DocumentParty,
    books: DocumentParty | None,
    wanted: Wanted,
    rule: KindRule,
    world: World,
) -> list[Hold]:
    """All that stands against posting ``wanted``; empty when nothing does."""
    whole_sale = _in_home_money(view, source, world)
    if whole_sale:
        return whole_sale  # sums of another currency or of inclusive prices say nothing here
    return [
        *_period(view, source, books, world),
        *_stock_dates(view, source, wanted.lines, world),
        *_too_long(view, rule, wanted.lines, world),
        *_unknown_class(view, source, rule, world),
        *_sums(view, source, wanted, rule, world),
    ]


def hold(
    view: RecordView,
    code: HoldCode,
    text: str,
    cure: str,
    world: World,
    *,
    field: str = "",
    waits_for: Iterable[RecordId] = (),
) -> Hold:
    """A hold on the document's part in the books."""
    return Hold(
        record=view.record,
        code=code,
        text=text,
        cure=cure,
        field=field,
        system=world.policy.books,
        waits_for=tuple(sorted(set(waits_for))),
    )


def also_waiting_for(holds: Iterable[Hold], records: Iterable[RecordId]) -> tuple[Hold, ...]:
    """The same holds, woken by these records as well: what else stands against a document may be
    another thing by the time that its first reason is gone."""
    more = frozenset(records)
    return tuple(
        msgspec.structs.replace(one, waits_for=tuple(sorted(more.union(one.waits_for))))
        for one in holds
    )


def _in_home_money(view: RecordView, source: DocumentParty, world: World) -> list[Hold]:
    policy = world.policy
    here, there = policy.title(policy.books), policy.title(source.system)
    what = thing(view.kind, view.label)
    currency = source.text("currency")
    found = []
    if currency and policy.home_currency and currency != policy.home_currency:
        rate = source.values.get("exchange_rate")
        at = f" at {rate:f}" if isinstance(rate, Decimal) else ""
        found.append(
            hold(
                view,
                HoldCode.FOREIGN_CURRENCY,
                f"{what} is in {currency}{at} and the books are kept in {policy.home_currency}; "
                "documents in foreign currencies are compared and not posted yet.",
                f"Enter it in {here} by hand; it is recognised by its number and total.",
                world,
                field="currency",
            )
        )
    tax = source.values.get("tax_total")
    if source.text("tax_calculation") == "inclusive" and isinstance(tax, Decimal) and tax:
        found.append(
            hold(
                view,
                HoldCode.TAX_INCLUSIVE,
                f"the prices of {what} include {tax:f} of tax; documents with tax-inclusive prices "
                "are compared and not posted yet.",
                f"Enter it in {here} by hand, or use prices without tax in {there}.",
                world,
                field="tax_calculation",
            )
        )
    return found


def period_hold(view: RecordView, dates: Iterable[str], doing: str, world: World) -> Hold | None:
    """A hold when one of the days lies in a period that the books have closed."""
    closed = world.policy.closed_until.get(world.policy.books, "")
    day = min((d for d in dates if d), default="")
    if not closed or not day or day > closed:
        return None
    here = world.policy.title(world.policy.books)
    return hold(
        view,
        HoldCode.CLOSED_PERIOD,
        f"{thing(view.kind, view.label)} is dated {day}, and the books are closed up to {closed}: "
        f"{here} would refuse to {doing} it.",
        f"Give it a date after {closed} in the source, or have an accountant open the period in "
        f"{here} for it and run trueup apply, or enter it in {here} by hand and link the two.",
        world,
        field="date",
    )


def _period(
    view: RecordView, source: DocumentParty, books: DocumentParty | None, world: World
) -> list[Hold]:
    dates = [source.text("date"), books.text("date") if books is not None else ""]
    found = period_hold(view, dates, "post" if books is None else "change", world)
    return [found] if found is not None else []


def _stock_dates(view: RecordView, source: DocumentParty, lines: Lines, world: World) -> list[Hold]:
    day = source.text("date")
    here = world.policy.title(world.policy.books)
    found: dict[RecordId, Hold] = {}
    for index, line in enumerate(lines.lines):
        if not isinstance(line.item, RecordRef) or line.item.record in found:
            continue
        pointed = world.view(line.item.record)
        side = pointed.sides.get(world.policy.books) if pointed is not None else None
        item = side.record if side is not None else None
        if not isinstance(item, Item) or not isinstance(item.inventory_start, str) or not day:
            continue
        if day < item.inventory_start and pointed is not None and side is not None:
            held = hold(
                view,
                HoldCode.BEFORE_START,
                f"{thing(view.kind, view.label)} is dated {day}, and {here} tracks the quantity of "
                f"{thing(pointed.kind, pointed.label)} only from {item.inventory_start} on.",
                f"Set an earlier start date of the item in {here}, or give the {noun(view.kind)} a "
                f"date from {item.inventory_start} on.",
                world,
                field=f"lines[{index + 1}].item",
                waits_for=(line.item.record,),
            )
            # The start is no field that is compared: an item with another one has only moved.
            key = (world.policy.books, pointed.kind.value, "moved", side.ref.id)
            found[line.item.record] = msgspec.structs.replace(held, waits_for_keys=(key,))
    return list(found.values())


def _too_long(view: RecordView, rule: KindRule, lines: Lines, world: World) -> list[Hold]:
    if rule.lines is None or len(lines.lines) <= rule.lines.most:
        return []
    here = world.policy.title(world.policy.books)
    return [
        hold(
            view,
            HoldCode.NOT_REPRESENTABLE,
            f"{thing(view.kind, view.label)} has {len(lines.lines)} lines, and {here} takes "
            f"{rule.lines.most}.",
            "Split it into several documents in the source.",
            world,
            field="lines",
        )
    ]


def _unknown_class(
    view: RecordView, source: DocumentParty, rule: KindRule, world: World
) -> list[Hold]:
    """A class that the configuration names and the books lack: nothing is posted without it."""
    chosen = chosen_class(source, rule)
    books = world.policy.books
    if chosen is None or world.resolve(books, chosen[0]) is not None:
        return []
    here = world.policy.title(books)
    held = hold(
        view,
        HoldCode.MISSING_REFERENCE,
        f'the setting {chosen[1]} names the class "{chosen[0]}", and {here} shows none, or '
        "several, of that name.",
        f"Correct {chosen[1]} in the configuration, or create the class in {here}.",
        world,
        field="reporting_class",
    )
    key = (books, Kind.CLASS.value, "name", fold(chosen[0].key.strip()))
    return [held.also_waiting_for((key,))]


def foreseen(
    source: DocumentParty, wanted: Wanted, rule: KindRule, world: World
) -> Predicted | None:
    """What the books would make of it, worked out beforehand; None when that cannot be known."""
    if rule.lines is None:
        return None
    tax = source.values.get("tax_total")
    return predict(
        wanted.lines,
        rule.lines,
        rate=lambda code: rate_of(code, world),
        tax_sent=tax if isinstance(tax, Decimal) else Decimal(),
        untaxed=wanted.untaxed,
    )


def _sums(
    view: RecordView, source: DocumentParty, wanted: Wanted, rule: KindRule, world: World
) -> list[Hold]:
    """The books' own arithmetic, done beforehand: a document that would differ is not posted."""
    total, tax = source.values.get("total"), source.values.get("tax_total")
    if rule.lines is None or not isinstance(total, Decimal):
        return []
    tax = tax if isinstance(tax, Decimal) else Decimal()
    codes = {line.tax_code for line in wanted.lines.lines if line.tax_code is not None}
    taxed = codes - {wanted.untaxed}
    waits_for = [code.record for code in codes if isinstance(code, RecordRef)]
    here, there = world.policy.title(world.policy.books), world.policy.title(source.system)
    what = thing(view.kind, view.label)
    if rule.lines.tax is LineTax.ONE and len(taxed) > 1:
        return [
            hold(
                view,
                HoldCode.NOT_REPRESENTABLE,
                f"{what} has lines under {len(taxed)} different tax codes, and {here} keeps one "
                "for a whole document.",
                f"Use one tax rule for its taxed lines in {there}, or split it.",
                world,
                field="lines",
                waits_for=waits_for,
            )
        ]
    predicted = foreseen(source, wanted, rule, world)
    if predicted is None:
        return []  # a tax code that nobody knows the rate of is held by its pointer
    found = difference(predicted, total=total, tax_total=tax)
    if not found.total and not found.tax:
        return []
    if is_variance(found, world.policy.document(view.kind).tax_tolerance):
        return []
    currency = f" {source.text('currency')}" if source.text("currency") else ""
    taxes = ""
    if tax or predicted.tax:
        taxes = f" (tax {money(tax)} there, {money(predicted.tax)} here)"
    text = (
        f"{there} says {money(total)}{currency} for {what}, and {here} would make "
        f"{money(predicted.total)}{currency} of it{taxes}: {found.total:+f}."
    )
    cure = f"Correct price, quantity or tax in {there} so that the lines add up to whole cents."
    if tax and rule.lines.tax is LineTax.NONE:
        cure = (
            f"{here} keeps no tax on {noun(view.kind)}s: enter the tax in {there} as a line of its "
            "own, with the account that it belongs to."
        )
    return [
        hold(
            view,
            HoldCode.TOTALS_DIFFER,
            text,
            cure,
            world,
            field="total",
            waits_for=waits_for,
        )
    ]
