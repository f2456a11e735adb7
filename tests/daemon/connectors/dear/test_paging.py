"""When a list counts as read whole, and when nothing may be inferred from it."""

import pytest

from daemon.connectors.dear.paging import Listing, Row, Slice, walk, whole
from ledger.model.errors import Transient

PAGE = 3


def row(name: str) -> Row:
    return Row(name, {"ID": name}, name.encode())


class Wire:
    """A list as it shows itself, call by call; ``moments`` may change it between two calls."""

    def __init__(self, names: str, *, total: bool = True) -> None:
        self.names = list(names)
        self.moments: dict[int, str] = {}
        self.asked: list[int] = []
        self._counts = total

    async def fetch(self, number: int) -> Listing:
        self.asked.append(number)
        self.names = list(self.moments.get(len(self.asked), self.names))
        part = self.names[(number - 1) * PAGE : number * PAGE]
        total = len(self.names) if self._counts else None
        return Listing(tuple(row(name) for name in part), total)

    async def walk(self, start: int = 1, before: int = 0) -> list[Slice]:
        return [s async for s in walk(self.fetch, what="list", start=start, rows_before=before)]

    async def whole(self) -> str:
        return "".join(r.id for r in await whole(self.fetch, what="list", limit=100))


async def test_every_page_once() -> None:
    wire = Wire("abcdefgh")
    pieces = await wire.walk()
    assert ["".join(r.id for r in piece.rows) for piece in pieces] == ["abc", "def", "gh"]
    assert wire.asked == [1, 2, 3]
    assert (pieces[1].next_page, pieces[1].rows_before) == (3, 6)


async def test_an_empty_list_is_whole() -> None:
    wire = Wire("")
    assert await wire.whole() == ""
    assert wire.asked == [1]


async def test_a_row_that_moved_makes_the_list_be_read_again() -> None:
    wire = Wire("abcdefgh")
    # "b" goes to the end after the first page was read: "d" slips onto it and is never shown.
    wire.moments = {2: "acdefghb"}
    assert sorted(await wire.whole()) == list("abcdefgh")
    assert wire.asked == [1, 2, 3, 4, 1, 2, 3]


async def test_a_new_row_meanwhile_makes_the_list_be_read_again() -> None:
    wire = Wire("bcdefgh")
    wire.moments = {2: "abcdefgh"}
    assert await wire.whole() == "abcdefgh"


async def test_a_removed_row_is_not_kept_from_an_earlier_look() -> None:
    wire = Wire("abcdefgh")
    wire.moments = {3: "bcdefgh"}
    assert await wire.whole() == "bcdefgh"


async def test_a_list_that_never_stands_still_proves_nothing() -> None:
    wire = Wire("abcdef")
    wire.moments = {n: "abcdef"[: 4 + n % 2] for n in range(1, 50)}
    with pytest.raises(Transient, match="would not stand still"):
        await wire.whole()
    assert len(wire.asked) < 20


async def test_a_page_that_repeats_is_named() -> None:
    wire = Wire("abcdefgh")
    wire.moments = {3: "abcdefdef"}
    with pytest.raises(Transient, match="page 3 repeated page 2"):
        await wire.whole()


async def test_f27_an_empty_page_in_the_middle_proves_nothing() -> None:
    calls = 0

    async def fetch(number: int) -> Listing:
        nonlocal calls
        calls += 1
        names = "" if number == 2 else "abcdefgh"[(number - 1) * PAGE : number * PAGE]
        return Listing(tuple(row(name) for name in names), 8)

    with pytest.raises(Transient, match="3 different rows seen where the list counts 8"):
        await whole(fetch, what="list", limit=100)
    assert calls == 6


async def test_without_a_total_the_list_must_look_the_same_twice() -> None:
    wire = Wire("abcd", total=False)
    assert await wire.whole() == "abcd"
    assert wire.asked == [1, 2, 3, 1, 2, 3]


async def test_going_on_in_the_middle_reads_the_first_pages_last() -> None:
    wire = Wire("abcdefgh")
    pieces = await wire.walk(start=3, before=6)
    assert wire.asked == [3, 1, 2]
    assert {r.id for piece in pieces for r in piece.rows} == set("abcdefgh")


async def test_going_on_does_not_believe_what_it_has_not_seen() -> None:
    wire = Wire("abcdefgh")
    # One of the pages read before the interruption has lost a row to a page read after it.
    wire.moments = {2: "acdefghb"}
    await wire.walk(start=3, before=6)
    assert wire.asked == [3, 1, 2, 1, 2, 3]


async def test_a_short_list_has_a_limit() -> None:
    with pytest.raises(Transient, match="more than 4 rows"):
        await whole(Wire("abcdefgh").fetch, what="list", limit=4)
