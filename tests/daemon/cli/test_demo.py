"""``make demo``: its story comes true, fits a narrow terminal, and ends where it is not so."""

from pathlib import Path

import click
import pytest

from daemon.cli.demo_documents import BILLS, show_totals
from daemon.cli.demo_stage import Demo, folded
from daemon.cli.demo_story import tell
from daemon.control.text import cells

SCALE = 100.0
NARROW = 80


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(NARROW))


def test_the_story_comes_true_and_a_false_one_ends(
    tmp_path: Path, narrow: None, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = Demo(tmp_path, 7, "small", SCALE)
    with demo.sandbox(), demo.daemon():
        demo.wait_for_first_cycle()
        papers = tell(demo)
        told = capsys.readouterr().out.splitlines()
        text = " ".join(" ".join(told).split())
        assert f"All of {papers.order} is billed, and QuickBooks has closed it by itself." in text
        assert "The price followed; the class and the link to the order stayed." in text
        assert "[total would differ]" in text
        assert "both systems come to the same totals" in text
        assert "sound:" in text
        wide = [line for line in told if cells(line) > NARROW and "trueup " not in line]
        assert all(len(line.split()) == 1 for line in wide), "only ids are longer than a line"

        demo.edit("qbo", {"kind": "bill", "number": BILLS[0], "delete": True})
        with pytest.raises(click.ClickException, match="the story did not come true: bills come"):
            show_totals(demo, papers)


def test_what_a_simulator_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    demo = Demo(tmp_path, 7, "small", SCALE)
    with (
        demo.sandbox(),
        pytest.raises(click.ClickException, match=r"the dear simulator refused: .*no purchase"),
    ):
        demo.edit("dear", {"kind": "purchase", "number": "PO-9", "do": "invoice"})


def test_a_long_line_is_folded_and_a_command_is_not(narrow: None) -> None:
    sentence = "  " + "word " * 30
    parts = folded(sentence)
    assert len(parts) > 1
    assert all(cells(part) <= NARROW for part in parts)
    assert " ".join(" ".join(parts).split()) == sentence.strip()
    command = "   trueup conflict resolve " + "x" * 80
    assert folded(command) == [command]
