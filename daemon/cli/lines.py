"""The lines of a document as a person reads them: one row for each that changes. Pure.

Works on what the control interface gives. Everything that comes from another system is made safe
to show by ``daemon.control.text``.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from daemon.control.text import clean, plural, value_text

Line: TypeAlias = Mapping[str, Any]
MOST = 30
"""Changed lines of one document that a list shows; its own page shows all."""
LONGEST = 60
_POINTERS = ("item", "account")
_ALSO = ("description", "tax_code", "order", "order_number", "reporting_class", "customer")


def is_lines(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") == "lines"


def line_rows(
    before: object, after: object, *, most: int | None = None, of_two_systems: bool = False
) -> Iterator[str]:
    """What happens to each line: ``~`` changed, ``+`` new, ``-`` gone; the others are counted.

    Lines with one id are one line. Lines ``of_two_systems`` have no ids in common: they are paired
    by what they say, then by their item or account, only to be read beside each other.
    """
    keys = (_by_content, _by_target) if of_two_systems else (_by_id,)
    pairs = list(_paired(_lines(before), _lines(after), keys))
    rows = [row for row in (_row(number, was, now) for number, was, now in pairs) if row]
    yield from rows[:most]
    if most is not None and len(rows) > most:
        yield f"... {plural(len(rows) - most, 'changed line')} more"
    same = len(pairs) - len(rows)
    if same:
        yield f"{plural(same, 'line')} unchanged"


def lines_text(value: object) -> str:
    """``3 lines of 540.00 in all``."""
    lines = _lines(value)
    amounts = [_number(line.get("amount")) for line in lines]
    total = sum((amount for amount in amounts if amount is not None), Decimal())
    return f"{plural(len(lines), 'line')} of {money(total)} in all"


def money(amount: object) -> str:
    """An amount with its thousands apart and at least two places; exact, never rounded."""
    number = amount if isinstance(amount, Decimal) else _number(amount)
    if number is None:
        return "?"
    exponent = number.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{number:,.{places}f}"


def _lines(value: object) -> list[Line]:
    lines = value.get("lines", []) if isinstance(value, dict) else []
    return [line for line in lines if isinstance(line, dict)]


def _paired(
    before: list[Line], after: list[Line], keys: tuple[Callable[[Line], object], ...]
) -> Iterator[tuple[int, Line | None, Line | None]]:
    """Each line that is to be, with what it was; then those that go. Numbers count from 1 in the
    list that the line stands in."""
    left = dict(enumerate(before, start=1))
    partner: dict[int, int] = {}
    for key in keys:
        for place, line in enumerate(after, start=1):
            if place in partner or key(line) is None:
                continue
            match = next((p for p, old in left.items() if key(old) == key(line)), None)
            if match is not None:
                partner[place] = match
                del left[match]
    for place, line in enumerate(after, start=1):
        yield place, before[partner[place] - 1] if place in partner else None, line
    for place, line in left.items():
        yield place, line, None


def _by_id(line: Line) -> object:
    return line.get("id") or None


def _by_content(line: Line) -> object:
    return (_target(line), _figures(line), *(value_text(line.get(name)) for name in _ALSO))


def _by_target(line: Line) -> object:
    return _target(line) or None


def _figures(line: Line) -> tuple[Decimal | None, ...]:
    return tuple(_number(line.get(name)) for name in ("quantity", "unit_price", "amount"))


def _row(number: int, was: Line | None, now: Line | None) -> str:
    if now is None:
        assert was is not None, "a pair has at least one line"
        return f"- line {number} {_told(was)}"
    if was is None:
        return f"+ line {number} {_told(now)}"
    changes = [*_figures_before(was, now), *_also_before(was, now)]
    return f"~ line {number} {_told(now)} (was {', '.join(changes)})" if changes else ""


def _told(line: Line) -> str:
    """``PUMP-40 x 12 @ 15.10 = 181.20``."""
    quantity, price = line.get("quantity"), line.get("unit_price")
    text = _target(line) or f'"{clean(str(line.get("description", "")))[:LONGEST]}"'
    text += f" x {_plain(quantity)}" if quantity is not None else ""
    text += f" @ {money(price)}" if price is not None else ""
    return text + (f" = {money(line['amount'])}" if line.get("amount") is not None else "")


def _target(line: Line) -> str:
    for name in _POINTERS:
        if line.get(name) is not None:
            what = value_text(line[name])
            return what if name == "item" else f"account {what}"
    return "" if line.get("sort") in (None, "item", "account", "text") else f"({line['sort']})"


def _figures_before(was: Line, now: Line) -> Iterator[str]:
    """What of quantity, price and amount was otherwise, in one phrase."""
    old, new = _figures(was), _figures(now)
    names: tuple[tuple[str, Callable[[object], str]], ...] = (
        ("x ", _plain),
        ("@ " if old[0] != new[0] else "", money),
        ("= ", money),
    )
    parts = [
        f"{sign}{show(then) if then is not None else 'none'}"
        for (sign, show), then, today in zip(names, old, new, strict=True)
        if then != today
    ]
    if parts:
        yield " ".join(parts)


def _also_before(was: Line, now: Line) -> Iterator[str]:
    if _target(was) != _target(now):
        yield _target(was) or "no item"
    for name in _ALSO:
        then = value_text(was.get(name))
        if then != value_text(now.get(name)):
            yield f"{name.replace('_', ' ')} {then[:LONGEST]}"


def _number(value: object) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def _plain(value: object) -> str:
    number = value if isinstance(value, Decimal) else _number(value)
    if number is None:
        return "?"
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
