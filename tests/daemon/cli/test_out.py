"""Long sentences on a terminal: folded where a person reads, whole where somebody copies."""

import io

import pytest

from daemon.cli.out import folded

SENTENCE = (
    "      DEAR shows no expense account, " + "and so it goes on and on, " * 5 + "to its end."
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_a_sentence_is_folded_to_the_terminal_with_its_indent() -> None:
    lines = folded(SENTENCE, Terminal())
    assert len(lines) > 1
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith("        ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines) == SENTENCE.strip()


def test_a_command_stays_in_one_line_to_be_copied() -> None:
    command = "        trueup conflict resolve item-1 --field name --reason " + "x" * 60
    assert folded(command, Terminal()) == [command]


def test_a_program_that_reads_gets_the_line_as_it_is() -> None:
    assert folded(SENTENCE, io.StringIO()) == [SENTENCE]
    assert folded(SENTENCE, None) == [SENTENCE]
