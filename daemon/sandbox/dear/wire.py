"""JSON to and from the wire with exact decimals, and answers as HTTP."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from aiohttp import web

from daemon.sandbox.dear.errors import DearRefusal, not_parsed
from daemon.sandbox.dear.switches import DearSwitches

PAGE_NOT_FOUND: Final = (
    "<!DOCTYPE html>\n<html><head><title>Page not found</title></head>"
    "<body><h1>Page not found</h1></body></html>\n"
)

BLANKABLE: Final = frozenset(
    {
        "Barcode",
        "Comments",
        "Description",
        "InternalNote",
        "ShortDescription",
        "StockLocator",
        "Tags",
        "TaxNumber",
        *(f"AdditionalAttribute{n}" for n in range(1, 11)),
    }
)
"""Texts that answers show as ``""`` or as ``null`` when nobody entered one."""

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: Any, switches: DearSwitches | None = None) -> bytes:
    """JSON text; decimals are numbers, written as the switches say."""
    return _encoder.encode(_shown(value, switches or DearSwitches()))


def decode(data: bytes) -> Any:
    """The JSON value with Decimal for every fraction. Raises ``msgspec.DecodeError``."""
    return _decoder.decode(data)


def body_object(data: bytes) -> Mapping[str, Any]:
    """The object that a write carries."""
    try:
        body = decode(data)
    except msgspec.DecodeError as error:
        raise not_parsed(str(error)) from error
    if not isinstance(body, dict):
        raise not_parsed("an object expected")
    return body


def _shown(value: Any, switches: DearSwitches) -> Any:
    match value:
        case dict():
            blank = BLANKABLE if switches.empty_text == "blank" else frozenset[str]()
            return {
                # Nearly all that an answer holds is text, which is shown as it is.
                key: item
                if type(item) is str and item
                else ("" if item is None and key in blank else _shown(item, switches))
                for key, item in value.items()
            }
        case list() | tuple():
            return [_shown(item, switches) for item in value]
        case Decimal():
            return _number(value, switches)
        case "" if switches.empty_text == "null":
            return None
        case _:
            return value


def _number(value: Decimal, switches: DearSwitches) -> Decimal:
    if switches.numbers == "places":
        return value.quantize(Decimal("0.0001"))
    return Decimal(int(value)) if value == int(value) else value.normalize()


def answer(value: Any, switches: DearSwitches, status: int = 200) -> web.Response:
    body = encode(value, switches)
    return web.Response(body=body, status=status, content_type="application/json")


def refusal(error: DearRefusal, switches: DearSwitches) -> web.Response:
    """An error body: an array of at most so many problems, or the first one alone."""
    flaws = error.flaws[: switches.error_limit]
    rows = [
        {
            "ErrorCode": flaw.code if switches.error_code == "observed" else error.status,
            "Exception": flaw.text,
        }
        for flaw in flaws
    ]
    status = switches.refusal_status if error.status == 400 else error.status
    return answer(rows if switches.error_shape == "array" else rows[0], switches, status)


def html() -> web.Response:
    """What an unknown path shows: success, and a page for people."""
    return web.Response(text=PAGE_NOT_FOUND, content_type="text/html")
