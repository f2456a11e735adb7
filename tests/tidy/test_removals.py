"""What is promised of removals, re-exports and valves: every proof that is named is there."""

import re

import pytest

from tests.tidy.test_checklist import names_of_tests
from tests.tidy.test_house import ROOT

PAGE = ROOT / "docs" / "removals.md"
STATES = {"tested", "partly"}
PROMISES = 33
SCENARIOS = (
    *(3, 11, 12, 13, 15, 17, 18, 19, 20, 21, 22, 23, 25),
    *(26, 27, 28, 30, 31, 32, 33, 35, 36, 37, 68, 69, 70, 74),
)
_ROW = re.compile(r"^\| (F?\d+|-) \| (.+?) \| ([a-z ]+) \| (.+) \|$", re.MULTILINE)
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)


def rows() -> list[tuple[str, str, str]]:
    """Number, state and proof of each promise and scenario."""
    found = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    return [(number, state, proof) for number, _, state, proof in found]


def test_every_promise_and_every_scenario_has_its_row() -> None:
    numbers = [number for number, _, _ in rows()]
    promises = [str(number) for number in range(1, PROMISES + 1)]
    assert [number for number in numbers if number.isdigit()] == promises
    scenarios = [f"F{number:02d}" for number in SCENARIOS]
    assert [number for number in numbers if number.startswith("F")] == scenarios


@pytest.mark.parametrize(("number", "state", "proof"), rows())
def test_a_promise_names_tests_that_exist(number: str, state: str, proof: str) -> None:
    assert state in STATES, number
    named = set(re.findall(r"`(test_\w+)`", proof))
    assert named, f"{number}: name the test"
    assert not named - names_of_tests(), f"{number} names tests that are not there"
    if number.startswith("F"):
        assert any(number in name for name in named), f"{number}: its own test has its number"
    anchors = {
        heading.lower().replace(" ", "-")
        for heading in _HEADING.findall(PAGE.read_text(encoding="utf-8"))
    }
    links = set(re.findall(r"\]\(#([\w-]+)\)", proof))
    assert links <= anchors, f"{number} leads nowhere: {links - anchors}"
    assert bool(links) == (state == "partly"), f"{number}: say what is left out, and only then"
