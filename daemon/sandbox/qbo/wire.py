"""JSON and XML on the wire: numbers stay exact decimals in both directions."""

import json
from decimal import Decimal
from typing import Any, Final, TypeAlias
from xml.sax.saxutils import escape, quoteattr

import msgspec

Wire: TypeAlias = dict[str, Any]
"""One JSON object; its shape is what the simulator checks, so the type cannot say more."""

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def decode(body: bytes) -> Any:
    """Parse a JSON body; decimals exact. Raises ``ValueError``, for half a surrogate pair too."""
    text = body.decode("utf-8")
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if "\\ud" in text or "\\uD" in text:
        encode(value)
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def encode(value: object) -> bytes:
    """JSON text of a value; decimals as plain numbers."""
    return _ENCODER.encode(value)


def number(value: Decimal) -> Decimal:
    """The decimal without trailing zeros and without an exponent, as QBO shows numbers."""
    short = value.normalize()
    exponent = short.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        short = short.quantize(Decimal(1))
    return short


def to_xml(value: Wire) -> bytes:
    """The same answer for a client that did not ask for JSON: enough to show its mistake."""
    time = str(value.get("time", ""))
    inner = "".join(_element(name, part) for name, part in value.items() if name != "time")
    namespace = "http://schema.intuit.com/finance/v3"
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse xmlns="{namespace}" time={quoteattr(time)}>{inner}</IntuitResponse>'
    ).encode()


def _element(name: str, value: Any) -> str:
    match value:
        case dict():
            inner = "".join(_element(key, part) for key, part in value.items())
        case list():
            return "".join(_element(name, part) for part in value)
        case bool():
            inner = "true" if value else "false"
        case None:
            inner = ""
        case _:
            inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"
