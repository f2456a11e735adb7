"""The text form of metrics that Prometheus reads. Knows numbers and names, nothing of ours."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels: TypeAlias = Mapping[str, str]


class Sample(msgspec.Struct, frozen=True):
    """One number."""

    value: float
    labels: Labels = {}
    suffix: str = ""
    """``_bucket``, ``_sum``, ``_count`` of a histogram or summary."""


class Family(msgspec.Struct, frozen=True):
    """All samples under one name."""

    name: str
    kind: Literal["gauge", "counter", "histogram", "summary"]
    help: str
    samples: Sequence[Sample]


def rendered(families: Iterable[Family], common: Labels) -> bytes:
    """The page of a scrape; ``common`` labels stand on every sample."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {_help(family.help)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        for sample in family.samples:
            labels = ",".join(f'{k}="{_text(v)}"' for k, v in {**common, **sample.labels}.items())
            braces = f"{{{labels}}}" if labels else ""
            lines.append(f"{family.name}{sample.suffix}{braces} {number(sample.value)}")
    return ("\n".join(lines) + "\n").encode()


def number(value: float) -> str:
    """As Prometheus reads it: whole numbers without a point."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def histogram(
    within: Mapping[float, int], total: int, sum_of: float, labels: Labels
) -> list[Sample]:
    """The samples of one histogram; ``within``: how many were so much at most."""
    buckets = [
        Sample(count, {**labels, "le": number(most)}, "_bucket") for most, count in within.items()
    ]
    return [
        *buckets,
        Sample(total, {**labels, "le": "+Inf"}, "_bucket"),
        Sample(sum_of, labels, "_sum"),
        Sample(total, labels, "_count"),
    ]


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _help(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")
