"""The head is noted everywhere it shall be, and a place that fails is told and holds up nobody."""

import json
import logging
from pathlib import Path

import pytest

from daemon.control.anchoring import Anchorage, ByCommand, InFile, InJournal
from ledger.store.anchor import compare_file, noted_in
from tests.daemon.control.conftest import Office


def anchorage(office: Office, *places: InFile | InJournal | ByCommand) -> Anchorage:
    return Anchorage(office.ledger, office.clock, "acme", places)


async def test_a_head_is_noted_once_in_every_place(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await office.two_prices()
    path, posted = tmp_path / "anchors", tmp_path / "posted"
    command = ByCommand(("/bin/sh", "-c", f"cat >> {posted}"))
    noting = anchorage(office, InFile(path), InJournal(), command)
    for _ in range(3):
        await noting.note()
    (anchor,) = noted_in(path, instance="acme")
    assert anchor.seq == office.ledger.head
    assert json.loads(posted.read_text())["hash"] == anchor.hash
    (told,) = [r for r in caplog.records if r.message == "ledger head"]
    assert vars(told)["fields"] == {"seq": anchor.seq, "hash": anchor.hash}
    assert compare_file(office.ledger.path, [anchor]).problems == ()
    await noting.note(again=True)
    assert len(noted_in(path)) == 2


@pytest.mark.parametrize("words", [("/bin/false",), ("/nowhere/at/all",)])
async def test_a_place_that_fails_is_told_and_tried_again(
    office: Office, tmp_path: Path, words: tuple[str, ...]
) -> None:
    await office.two_prices()
    good, late = tmp_path / "good", tmp_path / "late" / "anchors"
    noting = anchorage(office, ByCommand(words), InFile(late), InFile(good))
    await noting.note()
    assert len(noted_in(good)) == 1, "the others are noted all the same"
    assert list(noting.failed) == ["anchor exec 1", "anchor file 2"]
    late.parent.mkdir()
    await noting.note()
    assert list(noting.failed) == ["anchor exec 1"]
    assert len(noted_in(late)) == len(noted_in(good)) == 1


async def test_a_backup_is_followed_by_an_anchor(office: Office, tmp_path: Path) -> None:
    await office.two_prices()
    keeper = office.desk.keeper
    keeper.anchorage = anchorage(office, InFile(tmp_path / "anchors"))
    made = await keeper.backup()
    assert compare_file(Path(made.path), noted_in(tmp_path / "anchors")).agreed == made.entries
