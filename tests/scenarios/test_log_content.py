"""A day of a company at the most talkative level: the log has none of its names or amounts."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from daemon.log import setup
from daemon.sandbox.world import make_world
from ledger.store.engine import reading
from tests.scenarios.papers import (
    billed,
    buys,
    line,
    office,
    rebills,
    reorders,
    settle,
    sold,
    voids,
)
from tests.town import KEY, Town, town

SHORTEST = 5
"""Shorter texts are in any sentence."""
A_TIME = re.compile(r"\d{4}-\d\d-\d\d.*")
A_WORD = re.compile(r"[a-z_]+")
"""Our own words (kinds, states), which the log is made of."""
OUR_INSTANTS = ("at", "cycle")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    setup("debug", "json", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def contents(one: Town) -> tuple[set[str], set[str]]:
    """Every text and every broken number that either system ever showed, from the bodies that the
    ledger keeps."""
    with closing(reading(one.folder / "ledger.db", key=KEY)()) as db:
        bodies = [row[0] for row in db.execute("SELECT unsealed(digest, body) FROM payload")]
    texts: set[str] = set()
    numbers: set[str] = set()
    for body in bodies:
        for value in leaves(json.loads(body, parse_float=str)):
            text = str(value)
            if re.fullmatch(r"-?\d+\.\d*[1-9]0*", text):
                numbers.add(text.lstrip("-").rstrip("0"))
            elif len(text) >= SHORTEST and not A_TIME.match(text) and not A_WORD.fullmatch(text):
                texts.add(text)
    return texts, numbers


def leaves(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for part in value.values():
                yield from leaves(part)
        case list():
            for part in value:
                yield from leaves(part)
        case str():
            yield value
        case _:
            return


def said(log: io.StringIO) -> str:
    """The log without the instants of its lines, in which any digits may occur."""
    rows = [json.loads(row) for row in log.getvalue().splitlines()]
    assert len(rows) > 50
    for row in rows:
        for name in OUR_INSTANTS:
            row.pop(name, None)
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def require_nothing_of_theirs(one: Town, log: io.StringIO) -> None:
    texts, numbers = contents(one)
    assert len(texts) > 50
    assert numbers
    told = said(log)
    tokens = set(re.findall(r"(?<![\d.])\d+\.\d+", told))
    assert sorted(text for text in texts if text in told) == []
    assert sorted(n for n in numbers if n in {token.rstrip("0") for token in tokens}) == []


async def test_lists_with_every_awkward_record_and_systems_that_fail(
    tmp_path: Path, log: io.StringIO
) -> None:
    async with town(tmp_path, world=make_world(3, "small")) as one:
        one.fail(
            {"system": "dear", "kind": "status", "status": 500, "path": "*/supplier"},
            {"system": "qbo", "kind": "throttle", "path": "*/query"},
        )
        await one.agree()
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/vendor"})
        await one.cycle()
        require_nothing_of_theirs(one, log)
        assert '"call"' in log.getvalue()


async def test_documents_that_are_posted_changed_refused_and_voided(
    tmp_path: Path, log: io.StringIO
) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 10, "4321.09"), line("BR-2", 4, "17.35"), Memo="by rail")
        billed(one, order, "V-10077")
        number = sold(one, line("BR-1", 1, "98.76"))
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/batch"})
        await settle(one)
        await one.cycle(after_s=600)
        await settle(one)
        reorders(one, order, line("BR-1", 10, "4321.19"), line("BR-2", 4, "17.35"))
        rebills(one, order, line("BR-1", 10, "4321.19"), line("BR-2", 4, "17.35"))
        await settle(one)
        voids(one, number)
        await settle(one)
        require_nothing_of_theirs(one, log)


def test_the_search_would_find_them(log: io.StringIO) -> None:
    """So that the two above can fail."""
    setup("debug", "json", stream=log)
    for _ in range(60):
        logging.getLogger("daemon.test").debug("vendor Amber Freight, 43210.90 of it")
    logging.getLogger("daemon.other").info("vendor Amber Freight, 43210.90 of it")
    told = log.getvalue()
    assert "Amber Freight" in told
    assert "43210.9" in {t.rstrip("0") for t in re.findall(r"(?<![\d.])\d+\.\d+", told)}
