"""When the calendar lets writes go: hours of writing, and days on which the books are left alone.

Pure: it is told the instant. Times of day and days are the company's own, so that a change of the
clocks moves nothing; reading and planning know no calendar.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from daemon.reconcile.gate import FROZEN, WINDOW, Shut

WEEK = 7
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class WriteWindow(msgspec.Struct, frozen=True, kw_only=True):
    """Hours in which writes may go. Where ``until`` is not later than ``since`` they go on past
    midnight, and the day is the one on which they begin."""

    days: frozenset[int]
    """Monday is 0."""
    since: time
    until: time

    def is_open(self, local: datetime) -> bool:
        day, now = local.weekday(), local.time()
        if self.since < self.until:
            return day in self.days and self.since <= now < self.until
        yesterday = (day - 1) % WEEK
        return (day in self.days and now >= self.since) or (
            yesterday in self.days and now < self.until
        )

    def text(self) -> str:
        named = ", ".join(DAYS[day] for day in sorted(self.days))
        return f"{named} {self.since:%H:%M}-{self.until:%H:%M}"


class FreezeDays(msgspec.Struct, frozen=True, kw_only=True):
    """Days, both ends included, on which nothing is written."""

    first: date
    last: date
    reason: str


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """Without windows every hour is open; a freeze shuts them all."""

    windows: tuple[WriteWindow, ...] = ()
    freezes: tuple[FreezeDays, ...] = ()
    zone: str = "UTC"

    def shut(self, now: datetime) -> Shut | None:
        """Why nothing may be written at this instant; None = it may. A freeze comes first."""
        local = now.astimezone(ZoneInfo(self.zone))
        for freeze in self.freezes:
            if freeze.first <= local.date() <= freeze.last:
                text = f"Frozen by the configuration until {freeze.last}: {freeze.reason}"
                return Shut(reason=FROZEN, text=text)
        if not self.windows or any(window.is_open(local) for window in self.windows):
            return None
        hours = "; ".join(window.text() for window in self.windows)
        return Shut(reason=WINDOW, text=f"Outside the hours of writing ({hours}, {self.zone}).")

    def opens_at(self, now: datetime) -> datetime | None:
        """The next instant, in UTC, at which writes may go again; None while they may, and where
        no window ever opens."""
        if self.shut(now) is None:
            return None
        later = (at for at in self._turns(now) if at > now and self.shut(at) is None)
        return min(later, default=None)

    def _turns(self, now: datetime) -> Iterator[datetime]:
        """Instants at which something may open: ends of freezes, and windows of the week after
        each of them and after now."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        ends = [f.last + timedelta(days=1) for f in self.freezes if f.last >= today]
        for first in (today, *ends):
            yield self._instant(first, time(0))
            for ahead in range(WEEK + 1):
                day = first + timedelta(days=ahead)
                for window in self.windows:
                    if day.weekday() in window.days:
                        yield self._instant(day, window.since)

    def _instant(self, day: date, at: time) -> datetime:
        # An hour that the clocks leave out becomes the one after it, as a wall clock shows it.
        return datetime.combine(day, at, ZoneInfo(self.zone)).astimezone(UTC)
