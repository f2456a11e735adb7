"""A file that changes while the daemon runs."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from daemon.config.changes import changed_keys
from daemon.config.load import Loaded, load
from daemon.config.watch import ConfigWatch

SMALLEST = (Path(__file__).parent / "files" / "good" / "smallest.yaml").read_text()


class Told:
    """What the watch said, and an event for each way of saying it."""

    def __init__(self) -> None:
        self.good: list[Loaded] = []
        self.bad: list[Sequence[str]] = []
        self.said = asyncio.Event()

    async def on_good(self, loaded: Loaded) -> None:
        self.good.append(loaded)
        self.said.set()

    def on_bad(self, problems: Sequence[str]) -> None:
        self.bad.append(problems)
        self.said.set()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(SMALLEST)
    return path


def watch(file: Path, told: Told) -> ConfigWatch:
    return ConfigWatch(load(file), on_good=told.on_good, on_bad=told.on_bad)


async def test_a_valid_change_is_handed_on(file: Path) -> None:
    told = Told()
    eye = watch(file, told)
    before = load(file)
    file.write_text(SMALLEST + "names: hold\n")
    await eye.look()
    assert [loaded.config.names for loaded in told.good] == ["hold"]
    assert changed_keys(before.config, told.good[0].config) == ("names",)


async def test_an_invalid_change_is_told_once_and_keeps_the_old(file: Path) -> None:
    told = Told()
    eye = watch(file, told)
    file.write_text(SMALLEST + "names: hld\n")
    await eye.look()
    await eye.look()
    assert told.good == []
    assert len(told.bad) == 1
    assert "did you mean hold?" in told.bad[0][0]


async def test_a_touched_file_says_nothing(file: Path) -> None:
    told = Told()
    eye = watch(file, told)
    file.write_text(SMALLEST)
    await eye.look()
    assert (told.good, told.bad) == ([], [])


async def test_the_good_file_put_back_is_handed_on(file: Path) -> None:
    told = Told()
    eye = watch(file, told)
    file.write_text("nonsense")
    await eye.look()
    file.write_text(SMALLEST)
    await eye.look()
    assert (len(told.bad), len(told.good)) == (1, 1)


async def test_an_atomic_replacement_is_noticed(file: Path) -> None:
    told = Told()
    eye = watch(file, told)
    running = asyncio.create_task(eye.run())
    try:
        # The watch begins at some moment after the task does: replace until it has seen one.
        for number in range(2, 200):
            new = file.with_name("config.yaml.new")
            new.write_text(f"{SMALLEST}limits: {{oscillation_repeats: {number % 90 + 2}}}\n")
            new.rename(file)
            try:
                await asyncio.wait_for(told.said.wait(), 0.1)
                break
            except TimeoutError:
                continue
        assert told.good
    finally:
        eye.stop()
        await running
