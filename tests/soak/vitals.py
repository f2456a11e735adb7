"""What a process held over time, as a slope: does it grow?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.soak.process import Life, Vital

WARM_S: Final = 10.0
"""Real seconds after which a process has read everything once and holds what it needs."""
FEWEST: Final = 8
"""Samples that a slope is worth telling of."""


@dataclass(frozen=True)
class Growth:
    """One life that nobody killed, once it was warm."""

    life: int
    seconds: float
    requests: int
    first: Vital
    last: Vital
    peak_rss: int
    bytes_a_minute: float
    """Slope of the memory by least squares, in real minutes."""
    descriptors_a_minute: float
    threads_a_minute: float

    def __str__(self) -> str:
        return (
            f"life {self.life}, {self.seconds:.0f} s, {self.requests} requests: "
            f"{self.first.rss / 2**20:.1f} -> {self.last.rss / 2**20:.1f} MiB "
            f"({self.bytes_a_minute / 2**20:+.2f} MiB/min, peak {self.peak_rss / 2**20:.1f}), "
            f"{self.first.descriptors} -> {self.last.descriptors} descriptors "
            f"({self.descriptors_a_minute:+.2f}/min), "
            f"{self.first.threads} -> {self.last.threads} threads "
            f"({self.threads_a_minute:+.2f}/min)"
        )


def growth(life: Life) -> Growth | None:
    """How one life grew; ``None`` when it was too short to say."""
    warm = [vital for vital in life.vitals if vital.at_s >= WARM_S]
    if len(warm) < FEWEST:
        return None
    at = [vital.at_s for vital in warm]
    return Growth(
        life=life.number,
        seconds=at[-1] - at[0],
        requests=life.requests,
        first=warm[0],
        last=warm[-1],
        peak_rss=max(vital.rss for vital in warm),
        bytes_a_minute=slope(at, [vital.rss for vital in warm]) * 60,
        descriptors_a_minute=slope(at, [vital.descriptors for vital in warm]) * 60,
        threads_a_minute=slope(at, [vital.threads for vital in warm]) * 60,
    )


def slope(at: Sequence[float], values: Sequence[float]) -> float:
    """Of the straight line that lies nearest to the values; 0 when all are of one moment."""
    middle, mean = sum(at) / len(at), sum(values) / len(values)
    spread = sum((x - middle) ** 2 for x in at)
    if not spread:
        return 0.0
    return sum((x - middle) * (y - mean) for x, y in zip(at, values, strict=True)) / spread
