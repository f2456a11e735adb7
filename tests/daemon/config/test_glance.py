"""What is seen at a glance is what the parser reads, or it is not seen at all."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.glance import glance
from daemon.config.places import locate
from daemon.config.tree import read_tree

EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"
LEAVES = (
    ("state_dir",),
    ("instance",),
    ("ledger", "path"),
    ("ledger", "backup", "folder"),
    ("control", "socket"),
)


def told(value: Any) -> list[str | None]:
    """Each wanted text; None where none stands."""
    found: list[str | None] = []
    for leaf in LEAVES:
        at = value
        for key in leaf:
            at = at.get(key) if isinstance(at, dict) else None
        found.append(at if isinstance(at, str) and at else None)
    return found


def test_the_example_needs_no_parser() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    seen = glance(text)
    assert seen is not None
    assert told(seen) == told(read_tree(text).value)


def test_all_wanted_keys_are_seen() -> None:
    text = """
# where things are
state_dir: ./state   # beside this file
instance: "acme"
qbo:
  notes: |
    state_dir: elsewhere
  list: [a,
    b]
control:
    socket: /run/trueup/acme.sock
ledger:
  path: ledger.db
  backup:
    every: 24h
    folder: ~/copies
"""
    assert told(glance(text)) == [
        "./state",
        "acme",
        "ledger.db",
        "~/copies",
        "/run/trueup/acme.sock",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "control: {socket: x}\nstate_dir: y\n",
        "state_dir: x\nstate_dir: y\n",
        "state_dir: x\n  y\n",
        "state_dir: 5\n",
        "state_dir: ~\n",
        "state_dir: true\n",
        "state_dir: &here x\n",
        "state_dir: !text x\n",
        "company: {name: a,\nstate_dir: b}\nstate_dir: x\n",
        "a: 'x\n  state_dir: y'\nstate_dir: q",
        "---\nstate_dir: q",
        "kinds:\n- a\nstate_dir: z\n",
        "<<: {state_dir: x}\n",
    ],
)
def test_what_is_written_otherwise_is_left_to_the_parser(text: str) -> None:
    assert glance(text) is None


VALUES = st.sampled_from(
    (
        *("", " x", " /a/b", ' "a b"', " 'c'", " 5", " yes", " ~", " {a: 1}", " {a:", " [b", " |"),
        *(" >-", " # note", " x # note", " x#y", " a: b", " *x", " &x y", ' "open', " 1.5"),
        *(" .inf", " null", " .", " ..", " ../x"),
    )
)
KEYS = st.sampled_from(["state_dir", "instance", "ledger", "control", "backup", "path", "folder"])
LINES = st.builds(
    lambda indent, key, value: f"{' ' * indent}{key}:{value}",
    st.sampled_from([0, 0, 2, 2, 4]),
    st.one_of(KEYS, st.sampled_from(["socket", "other", "- item"])),
    VALUES,
) | st.sampled_from(["  more text", "}", "]", '"', "- a", "# note", "", "...", "---"])


@given(st.lists(LINES, min_size=1, max_size=8).map("\n".join))
def test_it_never_sees_anything_else_than_the_parser(text: str) -> None:
    seen = glance(text)
    tree = read_tree(text)
    if seen is not None and not tree.findings:
        assert told(seen) == told(tree.value)


def test_a_file_for_the_parser_tells_the_same_places(tmp_path: Path) -> None:
    plain, flow = tmp_path / "plain.yaml", tmp_path / "flow.yaml"
    plain.write_text("state_dir: s\ncontrol:\n  socket: c.sock\n", encoding="utf-8")
    flow.write_text("{state_dir: s, control: {socket: c.sock}}\n", encoding="utf-8")
    assert locate(plain) == locate(flow)
    assert locate(plain).socket == tmp_path / "c.sock"
