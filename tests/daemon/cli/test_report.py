"""``trueup report reconciliation`` as a person or a script calls it."""

import csv
import hashlib
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.daemon.cli.conftest import Office, Said, call
from tests.daemon.control.conftest import DEAR, QBO
from tests.daemon.control.papers import agreed_bill, bill

if TYPE_CHECKING:
    import asyncio

Ask = Callable[..., "asyncio.Future[Said]"]
MARCH = ("report", "reconciliation", "--period", "2026-03")


async def held_bill(office: Office) -> None:
    """A bill that a bookkeeper changed, so that it is held."""
    await agreed_bill(office)
    await office.show(QBO, "b1", bill("14.00", in_qbo=True))
    await office.plan()


async def test_a_table_shows_the_equation_and_its_records(office: Office, ask_daemon: Ask) -> None:
    await held_bill(office)
    said = await ask_daemon(*MARCH)
    assert said.code == 0
    rows = [line.split() for line in said.out.splitlines()]
    assert ["Total", "in", "DEAR", "1", "195.00"] in rows
    assert ["Held:", "foreign", "edit", "1", "-12.00"] in rows
    assert ["Unexplained", "0", "0.00"] in rows
    assert ["Total", "in", "QuickBooks", "1", "183.00"] in rows
    assert "INV-77, Sierra Bolts, 10 Mar 2026" in said.out
    assert "Unexplained: none." in said.out
    assert "\x1b" not in said.out, "the company's name carries an escape"


async def test_files_of_every_format(office: Office, ask_daemon: Ask, tmp_path: Path) -> None:
    await held_bill(office)
    for form in ("table", "csv", "json", "html"):
        out = tmp_path / f"march.{form}"
        said = await ask_daemon(*MARCH, "--format", form, "--out", str(out))
        assert (said.code, said.out) == (0, "")
        assert f"written: {out}" in said.err
        assert "Unexplained: none." in said.err
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        assert "INV-77" in out.read_text()
    with (tmp_path / "march.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["line"], row["detail"], row["difference"]) == ("held", "foreign_edit", "-12.00")
    manifest = json.loads((tmp_path / "march.csv.manifest.json").read_text())
    digest = hashlib.sha256((tmp_path / "march.csv").read_bytes()).hexdigest()
    assert (manifest["file"]["name"], manifest["file"]["sha256"]) == ("march.csv", digest)
    (item,) = json.loads((tmp_path / "march.json").read_text())["items"]
    assert item["source_total"] == "195.00"


async def test_a_file_is_not_overwritten_unless_asked(
    office: Office, ask_daemon: Ask, tmp_path: Path
) -> None:
    await agreed_bill(office)
    out = tmp_path / "march.html"
    out.write_text("signed")
    refused = await ask_daemon(*MARCH, "--format", "html", "--out", str(out))
    assert (refused.code, out.read_text()) == (64, "signed")
    assert "--force" in refused.err
    assert (await ask_daemon(*MARCH, "--format", "html", "--out", str(out), "--force")).code == 0
    assert out.read_text().startswith("<!DOCTYPE html>")


async def test_a_file_that_cannot_be_written_is_named(
    office: Office, ask_daemon: Ask, tmp_path: Path
) -> None:
    await agreed_bill(office)
    out = tmp_path / "not there" / "march.html"
    said = await ask_daemon(*MARCH, "--format", "html", "--out", str(out))
    assert said.code not in (0, 70)
    assert str(out) in said.err


async def test_stdout_takes_every_format(office: Office, ask_daemon: Ask) -> None:
    await agreed_bill(office)
    assert json.loads((await ask_daemon(*MARCH, "--format", "json")).out)["records"] == 1
    assert (await ask_daemon(*MARCH, "--format", "csv")).out.startswith("kind,currency,line")
    assert (await ask_daemon(*MARCH, "--format", "csv", "--bom")).out.startswith("\ufeffkind")
    assert (await ask_daemon(*MARCH, "--format", "html")).out.endswith("</html>\n")


async def test_what_nothing_explains_has_an_exit_code(office: Office, ask_daemon: Ask) -> None:
    record = await agreed_bill(office)
    await office.show(DEAR, "db1", bill("16.00", in_qbo=False))
    draft = office.ledger.draft()
    draft.decided([record], as_of=office.ledger.head)
    await office.ledger.append(draft)
    said = await ask_daemon(*MARCH, "--exit-code")
    assert said.code == 2
    assert "!! -12.00" in said.out
    assert "UNEXPLAINED: 1 document." in said.out
    assert (await ask_daemon(*MARCH)).code == 0


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--period", "2026-13"), "no month"),
        (("--period", "soon"), "is not a period"),
        ((), "--period"),
        (("--period", "2026", "--bom"), "--format csv"),
    ],
)
def test_usage_is_refused_with_a_cure(args: tuple[str, ...], told: str) -> None:
    said = call("report", "reconciliation", *args)
    assert said.code == 64
    assert told in said.err


async def test_an_unknown_kind_is_refused(office: Office, ask_daemon: Ask) -> None:
    said = await ask_daemon(*MARCH, "--kind", "socks")
    assert said.code != 0
    assert "is not a kind of record" in said.err
    assert said.out == ""


async def test_it_works_without_a_daemon(office: Office, ask_daemon: Ask, tmp_path: Path) -> None:
    await held_bill(office)
    live = json.loads((await ask_daemon(*MARCH, "--format", "json")).out)
    said = await ask_daemon(*MARCH, "--format", "json", "--socket", str(tmp_path / "nobody.sock"))
    assert said.code == 0, said.err
    offline = json.loads(said.out)
    assert "without a daemon" in offline["made_by"]
    assert offline["statements"] == live["statements"]
    assert offline["items"] == live["items"]
    assert offline["head_hash"] == live["head_hash"]
