"""What ``make bench`` lists can be run, and what can be run is described."""

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from bench.__main__ import FIGURES, LONG

ROOT = Path(__file__).resolve().parents[2]
ALL = FIGURES | LONG


class Understood(Exception):
    """Nothing is measured here."""


@pytest.mark.parametrize("name", ALL)
def test_every_figure_is_a_command_that_its_script_understands(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module, *words = ALL[name].command.format(folder=tmp_path).split()
    script = importlib.import_module(f"bench.{module}")
    parse = argparse.ArgumentParser.parse_args

    def parse_only(self: argparse.ArgumentParser, *given: Any) -> NoReturn:
        parse(self, *given)
        raise Understood

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    monkeypatch.setattr(sys, "argv", [module, *words])
    with pytest.raises(Understood):
        script.main()


def test_every_script_is_described() -> None:
    described = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    scripts = {p.stem for p in (ROOT / "bench").glob("*.py") if "def main" in p.read_text()}
    helpers = {"__main__", "catalogue_life"}
    mute = [name for name in sorted(scripts - helpers) if name not in described]
    assert not mute, f"add a line to bench/README.md: {mute}"
