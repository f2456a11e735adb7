"""A file that changes while the daemon runs."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from daemon.config.changes import changed_keys
from daemon.config.load import Loaded, load
from daemon.config.watch import ConfigWatch

PATIENCE_S = 60.0
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


Change = Callable[[Path, str], None]


def atomically(file: Path, text: str) -> None:
    """As configuration management does."""
    new = file.with_name("config.yaml.new")
    new.write_text(text)
    new.rename(file)


def by_vim(file: Path, text: str) -> None:
    """With ``backupcopy=no``: the old file is moved aside, and a new one written in its place."""
    file.rename(file.with_name("config.yaml~"))
    with file.open("x") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    file.with_name("config.yaml~").unlink()


def by_a_link_of_its_own(file: Path, text: str) -> None:
    """The file is a link, and is made to lead somewhere else."""
    _link(file, _release(file, text) / "config.yaml")


def by_a_folder_behind_a_link(file: Path, text: str) -> None:
    """``config.yaml`` leads through ``current``, which leads to another folder with each change."""
    current = file.with_name("current")
    _link(current, _release(file, text))
    if not file.is_symlink():
        _link(file, current / "config.yaml")


def by_a_folder_elsewhere(file: Path, text: str) -> None:
    """The same, where the link that is turned lies in a folder that nobody watches."""
    elsewhere = file.parent.parent / f"{file.parent.name}-elsewhere"
    elsewhere.mkdir(exist_ok=True)
    _link(elsewhere / "current", _release(file, text))
    if not file.is_symlink():
        _link(file, elsewhere / "current" / "config.yaml")


def _release(file: Path, text: str) -> Path:
    releases = file.parent / "releases"
    releases.mkdir(exist_ok=True)
    folder = releases / f"{len(list(releases.iterdir()))}"
    folder.mkdir()
    (folder / "config.yaml").write_text(text)
    return folder


def _link(name: Path, target: Path) -> None:
    new = name.with_name(f"{name.name}.link")
    new.symlink_to(target)
    new.rename(name)


@pytest.mark.parametrize(
    "change",
    [atomically, by_vim, by_a_link_of_its_own, by_a_folder_behind_a_link, by_a_folder_elsewhere],
)
async def test_43_however_the_file_is_replaced_it_is_noticed_twice(
    file: Path, change: Change
) -> None:
    change(file, SMALLEST)
    told = Told()
    eye = watch(file, told)
    running = asyncio.ensure_future(eye.run())
    try:
        # The watch begins at some moment after the task does. A second change finds out whether it
        # still watches what stands there after the first.
        for number in (7, 8):
            told.said.clear()
            change(file, f"{SMALLEST}limits: {{oscillation_repeats: {number}}}\n")
            await asyncio.wait_for(told.said.wait(), PATIENCE_S)
            assert told.good[-1].config.limits.oscillation_repeats == number
        assert told.bad == []
    finally:
        eye.stop()
        await running
