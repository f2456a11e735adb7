"""Shapes of values that several sections share: durations, times of day, paths, field names."""

import re
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from ledger.model.ids import Kind
from ledger.model.records import comparable_fields

FlowMode: TypeAlias = Literal["auto", "manual", "off"]
ForeignEdit: TypeAlias = Literal["hold", "restore", "accept"]

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Section(BaseModel):
    """A part of the configuration: frozen, without unknown keys, described by its docstrings."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )


def parse_duration(value: object) -> object:
    """``"60s"``, ``"15m"``, ``"24h"``, ``"7d"``, ``"1h30m"`` as a timedelta."""
    if isinstance(value, timedelta):
        return value
    text = value.replace(" ", "") if isinstance(value, str) else ""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise PydanticCustomError(
            "duration", "not a duration: write a number with its unit, such as 60s, 15m, 24h, 7d"
        )
    try:
        return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in parts))
    except OverflowError:
        raise PydanticCustomError("duration", "longer than any calendar") from None


def duration_text(value: timedelta) -> str:
    """The shortest text that ``parse_duration`` reads back: ``90s`` is ``1m30s``."""
    rest = round(value.total_seconds() * 1000)
    text = ""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _longer_than_zero(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise PydanticCustomError("duration", "must be longer than nothing")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_longer_than_zero),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(ms|s|m|h|d))+$", "examples": ["60s"]}),
]
"""A length of time, written with its unit."""


def _parse_time(value: object) -> object:
    if isinstance(value, time):
        return value
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("time_of_day", 'not a time of day: write it as "02:30"')
    return time(int(found[1]), int(found[2]))


TimeOfDay = Annotated[
    time,
    BeforeValidator(_parse_time),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}),
]
"""Hour and minute in the company's time zone, 24-hour clock."""


def _parse_day(value: object) -> object:
    if isinstance(value, date):
        return value
    try:
        found = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        found = None
    if found is None:
        raise PydanticCustomError("calendar_day", "not a day: write it as 2026-01-31")
    return found


Day = Annotated[
    date,
    BeforeValidator(_parse_day),
    PlainSerializer(lambda value: value.isoformat(), return_type=str),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-01-31"]}),
]
"""A calendar day, ``YYYY-MM-DD``, without zone."""


Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[str, ...] = get_args(Weekday)
_SPAN = re.compile(r"([a-z]{3})(?:\s*-\s*([a-z]{3}))?")


def parse_days(value: object) -> object:
    """``"mon-fri"``, ``"sat"``, ``"fri-mon"``, ``"mon, wed, fri"`` or a list of such as numbers,
    Monday being 0."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple | set | frozenset) or not parts:
        parts = [""]
    found: set[int] = set()
    for part in parts:
        if isinstance(part, int) and 0 <= part < len(WEEK):
            found.add(part)
            continue
        span = _SPAN.fullmatch(part.strip().lower()) if isinstance(part, str) else None
        first, last = (span[1], span[2] or span[1]) if span else ("", "")
        if first not in WEEK or last not in WEEK:
            raise PydanticCustomError(
                "weekdays", "not days of the week: write them as mon-fri, or as sat, sun"
            )
        start, length = WEEK.index(first), (WEEK.index(last) - WEEK.index(first)) % len(WEEK)
        found |= {(start + ahead) % len(WEEK) for ahead in range(length + 1)}
    return tuple(sorted(found))


Weekdays = Annotated[
    tuple[int, ...],
    BeforeValidator(parse_days),
    PlainSerializer(lambda days: ", ".join(WEEK[day] for day in days), return_type=str),
    WithJsonSchema({"type": "string", "examples": ["mon-fri", "mon, wed, fri"]}),
]
"""Days of the week."""


def _beside_the_file(value: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    path = value.expanduser()
    return path if folder is None or path.is_absolute() else Path(folder) / path


FilePath = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path; a relative one starts at the folder of the configuration file."""


class FieldOf:
    """Marks text that must name a compared field of one kind."""

    def __init__(self, kind: Kind, *also: str) -> None:
        self.fields = (*comparable_fields(kind), *also)

    def _check(self, value: str) -> str:
        if value not in self.fields:
            raise PydanticCustomError(
                "field_name", "no such field", {"choices": list(self.fields), "word": value}
            )
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.fields)}
