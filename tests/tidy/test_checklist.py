"""The list of what an operator checks: complete, and every proof that it names is there."""

import ast
import re

import pytest

from tests.tidy.test_house import ROOT, suite_files, tree_of

PAGE = ROOT / "docs" / "checklist.md"
STATES = {"tested", "partly", "by hand", "not built"}
POINTS = 60
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| ([a-z ]+) \| (.+) \|$", re.MULTILINE)
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)


def rows() -> list[tuple[int, str, str]]:
    """Number, state and proof of each point."""
    found = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    return [(int(number), state, proof) for number, _, state, proof in found]


def names_of_tests() -> set[str]:
    return {
        node.name
        for path in suite_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


def test_every_point_is_answered_once_and_in_order() -> None:
    assert [number for number, _, _ in rows()] == list(range(1, POINTS + 1))
    assert {state for _, state, _ in rows()} <= STATES


def test_every_test_that_is_named_exists() -> None:
    named = {name for _, _, proof in rows() for name in re.findall(r"`(test_\w+)`", proof)}
    assert len(named) > POINTS
    missing = sorted(named - names_of_tests())
    assert not missing, f"docs/checklist.md names tests that are not there: {missing}"


@pytest.mark.parametrize(("number", "state", "proof"), rows())
def test_a_point_has_the_proof_that_its_state_asks_for(number: int, state: str, proof: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    anchors = {heading.lower().replace(" ", "-") for heading in _HEADING.findall(text)}
    links = set(re.findall(r"\]\(#([\w-]+)\)", proof))
    assert links <= anchors, f"{number} leads nowhere: {links - anchors}"
    if state in {"tested", "partly"}:
        assert "`test_" in proof, f"{number}: name the test"
    if state != "tested":
        assert links, f"{number}: say what a person does, or why it is not there"
