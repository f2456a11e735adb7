"""The command line, whatever is typed: a promised exit code, and never an internal error."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.cli.exits import Exit
from daemon.cli.root import COMMANDS
from tests.daemon.cli.conftest import call
from tests.fuzz.effort import effort
from tests.fuzz.spoiling import NUMBERS, TEXTS

KEPT_OUT = {"run", "sandbox", "demo", "service"}
"""They serve for ever, or change the machine."""
WORDS = st.one_of(
    st.sampled_from(sorted(COMMANDS.keys() - KEPT_OUT)),
    st.sampled_from(
        [
            *(
                "list",
                "show",
                "use",
                "check",
                "diff",
                "schema",
                "plan",
                "status",
                "verify",
                "export",
            ),
            *(
                "--json",
                "--all",
                "--limit",
                "--help",
                "-h",
                "--",
                "-",
                "--exit-code",
                "--expect-count",
            ),
            *("--filter", "--reason", "--kind", "--system", "--from", "--to", "--file", "--output"),
            *("item", "qbo", "dear", "1", "-1", "item-abc", "dear/bill/x", "2026-13-01", "@x", "~"),
        ]
    ),
    st.sampled_from(NUMBERS),
    st.sampled_from([text for text in TEXTS if "\x00" not in text]),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8),
)
PROMISED = {int(code) for code in Exit} - {int(Exit.INTERNAL)}


@effort(40)
@given(
    command=st.sampled_from(sorted(COMMANDS.keys() - KEPT_OUT)), words=st.lists(WORDS, max_size=5)
)
def test_any_words_have_a_promised_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TRUEUP_SOCKET", str(tmp_path / "nobody.sock"))
    monkeypatch.setenv("TRUEUP_CONFIG", str(tmp_path / "none.yaml"))
    said = call(command, *words)
    assert said.code in PROMISED, said
    assert "Traceback" not in said.err
    assert "\x1b[2J" not in said.out + said.err
    assert "\u202e" not in said.out + said.err


@effort(40)
@given(
    name=st.sampled_from(
        ["TRUEUP_SOCKET", "TRUEUP_CONFIG", "TRUEUP_STATE_DIR", "COLUMNS", "NO_COLOR"]
    ),
    value=st.sampled_from([text for text in TEXTS if "\x00" not in text])
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30),
    command=st.sampled_from([["status"], ["drift", "--json"], ["config", "check"], ["doctor"]]),
)
def test_any_environment_has_a_promised_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TRUEUP_CONFIG", str(tmp_path / "none.yaml"))
    monkeypatch.setenv(name, value)
    said = call(*command)
    assert said.code in PROMISED, said
