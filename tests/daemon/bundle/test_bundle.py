"""A support bundle of a company after a busy day: what it tells, and nothing of the company in it.

Simulators, daemon and commands are real processes; what must not be in the bundle is collected from
the simulators, from every body that the ledger keeps, and from the files with the secrets.
"""

import gzip
import io
import json
import re
import stat
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.demo_stage import Demo
from daemon.cli.demo_story import leave_open_ends, tell
from ledger.store.engine import reading
from ledger.store.key import load_or_create

SHORTEST = 5
"""Shorter texts are in any sentence."""
A_TIME = re.compile(r"\d{4}-\d\d-\d\d.*")
A_WORD = re.compile(r"[a-z_]+|[A-Z][a-z]+|[A-Z]+(?:_[A-Z]+)*")
"""Single words that may as well be ours: kinds, states, the words of the wire's enumerations."""
OURS = re.compile(r"(?:qbo|dear)\.[a-z_]+|NonInventory")
"""Traces of planned values, and a sort of item: keys and words of the configuration as well."""
MEASURED = re.compile(r'\d{4}-\d\d-\d\dT[\d:.]+Z?|"loop_lag_ms": [\d.]+')
DUMPS = {
    "qbo": ("vendor", "customer", "item", "account", "purchaseorder", "bill", "invoice"),
    "dear": ("supplier", "customer", "product", "account", "purchase", "sale"),
}
NAMED = frozenset({"name", "displayname", "docnumber", "sku", "ordernumber", "companyname"})
"""Fields that make a text a name, however short or plain it is."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, dict[str, str]]]:
    """A company after the whole story of the demo, and its bundle, by part."""
    folder = tmp_path_factory.mktemp("busy")
    show = Demo(folder, 7, "small", 200.0)
    with show.sandbox(), show.daemon():
        show.wait_for_first_cycle()
        tell(show)
        leave_open_ends(show)
        show.must("apply")
        yield show, unpacked(show, folder / "while-it-runs.tar.gz")


def unpacked(show: Demo, path: Path) -> dict[str, str]:
    show.must("support-bundle", "--yes", "-o", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tarfile.open(path) as archive:
        assert {(e.mtime, e.uid, e.uname) for e in archive.getmembers()} == {(0, 0, "")}
        return {
            entry.name.removeprefix("trueup-support/"): file.read().decode()
            for entry in archive.getmembers()
            if (file := archive.extractfile(entry)) is not None
        }


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, part in value.items():
                yield from leaves(part, str(name))
        case list():
            for part in value:
                yield from leaves(part, key)
        case str() | int() | float():
            yield key.lower(), str(value)
        case _:
            if value is not None:
                yield key.lower(), str(value)


def of_the_company(show: Demo) -> tuple[set[str], set[str]]:
    """Texts, and broken numbers, that either system or the ledger holds."""
    state = show.folder / "state"
    key = load_or_create(state / "ledger.key")
    with closing(reading(state / "ledger.db", key=key)()) as db:
        rows = db.execute("SELECT unsealed(digest, body) FROM payload")
        bodies = [json.loads(row[0], parse_float=str) for row in rows]
    shown = [show.dump(system, kind) for system, kinds in DUMPS.items() for kind in kinds]
    texts: set[str] = set()
    numbers: set[str] = set()
    for field, text in leaves([*bodies, *shown]):
        if re.fullmatch(r"-?\d+\.\d*[1-9]0*", text):
            numbers.add(text.lstrip("-").rstrip("0"))
        elif A_TIME.match(text) or OURS.fullmatch(text):
            continue
        elif len(text) >= SHORTEST and (field in NAMED or not A_WORD.fullmatch(text)):
            texts.add(text)
    return texts, numbers


def secrets(show: Demo) -> set[str]:
    found = {path.read_text() for path in (show.folder / "secrets").iterdir()}
    return found | {show.twins["company"], str(show.folder), show.folder.name}


def test_nothing_of_the_company_is_in_it(busy: tuple[Demo, dict[str, str]]) -> None:
    show, parts = busy
    texts, numbers = of_the_company(show)
    assert len(texts) > 300
    assert len(numbers) > 50
    told = "\n".join(parts.values())
    assert sorted(text for text in texts if text in told) == []
    folded = told.casefold()
    assert sorted(text for text in texts if " " in text and text.casefold() in folded) == []
    assert sorted(text for text in secrets(show) if text in told) == []
    assert "@" not in told
    assert "127.0.0.1" not in told
    figures = {figure.rstrip("0") for figure in re.findall(r"(?<![\d.:])\d+\.\d+", prose(parts))}
    assert sorted(numbers & figures) == []


def prose(parts: dict[str, str]) -> str:
    """Everything but what is measured, which may be any number, and versions."""
    kept = {n: t for n, t in parts.items() if n not in ("metrics.txt", "versions.json")}
    return "\n".join(MEASURED.sub("", text) for text in kept.values())


def test_it_tells_what_a_helper_asks_first(busy: tuple[Demo, dict[str, str]]) -> None:
    _, parts = busy
    assert json.loads(parts["versions.json"])["trueup"]
    keys = {row["key"]: row for row in json.loads(parts["config.json"])}
    assert keys["limits.mass_change_min"]["value"] == "25"
    assert (keys["qbo.client_secret"]["sort"], keys["qbo.client_secret"]["value"]) == (
        "secret",
        "file",
    )
    assert keys["qbo.realm_id"]["value"] == "hidden"
    assert keys["kinds.bill.since"]["given"]
    assert {"name": "ledger", "state": "ok"} in json.loads(parts["doctor.json"])
    ledger = json.loads(parts["ledger.json"])
    assert ledger["schema_version"] >= 5
    assert ledger["entries"]["Observed"] > 50
    status = json.loads(parts["status.json"])
    assert {one["link"] for one in status["systems"]} == {"connected"}
    assert status["drift"]
    errors = json.loads(parts["errors.json"])
    assert {one["code"] for one in errors} == set(status["holds"])
    assert sum(one["records"] for one in errors) >= len(errors) > 0
    assert "trueup_drift_records" in parts["metrics.txt"]
    events = [json.loads(line)["event"] for line in parts["log.jsonl"].splitlines()]
    assert "ready" in events
    assert "cycle ended" in events
    assert any(json.loads(line)["counts"]["sent"] for line in parts["cycles.jsonl"].splitlines())


def test_it_lists_its_content_and_asks_before_it_writes(
    busy: tuple[Demo, dict[str, str]], tmp_path: Path
) -> None:
    show, parts = busy
    listed = show.ask("support-bundle", "--list")
    assert [part["name"] for part in listed["parts"]] == list(parts)
    assert listed["file"] == ""
    path = tmp_path / "b.tar.gz"
    refused = show.run("support-bundle", "-o", str(path), quiet=True)
    assert refused.returncode == 64
    assert "--yes" in refused.stderr
    assert "what it tells" in refused.stdout
    assert not path.exists()
    path.touch()
    assert show.run("support-bundle", "--yes", "-o", str(path), quiet=True).returncode == 1
    assert path.read_bytes() == b"", "what is there is never written over"
    shown = show.run("support-bundle", "--show", "errors.json", quiet=True)
    assert shown.stdout == parts["errors.json"]


def test_without_a_daemon_there_is_less(tmp_path: Path) -> None:
    show = Demo(tmp_path, 3, "small", 200.0)
    with show.sandbox(), show.daemon():
        show.wait_for_first_cycle()
    parts = unpacked(show, tmp_path / "later.tar.gz")
    assert "status.json" not in parts
    assert json.loads(parts["ledger.json"])["entries"]["Observed"] > 50
    assert json.loads(parts["errors.json"])
    show.config.write_text("version: 1\nstate_dir: [\n")
    parts = unpacked(show, tmp_path / "broken.tar.gz")
    assert json.loads(parts["config.json"]) == "not valid: trueup config check"


def test_the_same_parts_are_the_same_bytes() -> None:
    from daemon.bundle.packing import Part, packed

    parts = [Part(name="a", about="", content=b"1\n"), Part(name="b", about="", content=b"2\n")]
    assert packed(parts) == packed(list(parts))
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed(parts)))) as archive:
        assert archive.getnames() == ["trueup-support/a", "trueup-support/b"]
