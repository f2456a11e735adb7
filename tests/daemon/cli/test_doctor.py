"""``trueup doctor`` as an operator uses it: real simulators, with a daemon and without one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.demo_stage import Demo
from tests.daemon.cli.conftest import Said, process
from tests.daemon.cli.test_config import BAD


class House(Demo):
    """Two simulators and the demo's configuration, which every test makes worse."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 11, "small", 1.0)

    def configure(self, old: str, new: str) -> None:
        text = self.config.read_text(encoding="utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new, 1), encoding="utf-8")

    async def doctor(self, *args: str) -> tuple[int, dict[str, dict[str, Any]]]:
        said = await process("doctor", "--json", "--exit-code", *args, "--config", str(self.config))
        shown = json.loads(said.out)
        assert shown["schema"] == "trueup.doctor/1"
        self.nothing_secret_in(said)
        return said.code, {check["name"]: check for check in shown["checks"]}

    def nothing_secret_in(self, said: Said) -> None:
        secrets = [p.read_text(encoding="utf-8") for p in (self.folder / "secrets").iterdir()]
        assert secrets
        for secret in (*secrets, self.twins["qbo"]["realm_id"]):
            assert secret not in said.out + said.err

    def writes(self) -> list[str]:
        """Requests that changed something in a system."""
        lines = (self.folder / "requests.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        sent = [row for row in rows if row["method"] in {"POST", "PUT", "DELETE"}]
        return [
            row["path"] for row in sent if not re.search(r"/tokens/|/query|/_sandbox", row["path"])
        ]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    with one.sandbox():
        yield one


async def test_every_wrong_name_is_told_with_the_nearest(house: House) -> None:
    house.configure('"Sales of Product Income"', '"sales of product income"')
    house.configure('expense_account: "Cost of Goods Sold"', 'expense_account: "Cost of Good Sold"')
    house.configure('price_tier: "Retail"', 'price_tier: "Retial"')
    house._control("qbo", "switches", {"offering": "QuickBooks Online Essentials"})
    code, checks = await house.doctor("--online")
    assert code == 1
    case = checks["qbo.new_items.income_account"]
    assert (case["state"], case["cure"]) == (
        "warn",
        'set qbo.new_items.income_account to "Sales of Product Income"',
    )
    missing = checks["qbo.new_items.expense_account"]
    assert missing["state"] == "bad"
    assert 'the nearest is "Cost of Goods Sold"' in missing["found"]
    assert '"Retail"' in checks["dear.defaults.customer.price_tier"]["found"]
    assert "purchase orders" in checks["qbo feature missing"]["found"]
    assert checks["dear.defaults.supplier.account_payable"]["state"] == "ok"
    tracked = checks["qbo items that count stock"]
    assert '"Rock Fountain"' in tracked["found"]
    assert tracked["cure"].endswith("trueup catalogue plan --as-type NonInventory")
    assert house.writes() == []


async def test_beside_a_daemon_the_daemon_asks(house: House) -> None:
    house.configure("native_link: none", "native_link: connected")
    with house.daemon():
        code, checks = await house.doctor("--online")
        holder = checks["one daemon"]
        assert (holder["state"], "demo holds the ledger" in holder["found"]) == ("ok", True)
        assert checks["qbo items that count stock"]["state"] == "bad"  # both post its cost
        assert checks["dear.native_link"]["state"] == "warn"
        assert checks["clock, by qbo"]["state"] == "ok"
        assert checks["qbo login"]["state"] == "ok"
        assert re.fullmatch(r"qbo \d+, dear \d+", checks["calls that this took"]["found"])
    assert code == 1


async def test_a_key_that_dear_refuses_does_not_hide_the_rest(house: House) -> None:
    (house.folder / "secrets" / "dear-application-key").write_text("not-the-key-at-all")
    _, checks = await house.doctor("--online")
    assert checks["dear company"]["state"] == "bad"
    assert checks["dear names and accounts"]["state"] == "skipped"
    assert checks["qbo company"]["state"] == "ok"


async def test_without_online_nobody_is_asked(house: House) -> None:
    before = (house.folder / "requests.jsonl").stat().st_size
    code, checks = await house.doctor()
    assert (code, checks["configuration"]["state"]) == (0, "ok")
    assert not any(name.startswith(("qbo", "dear")) for name in checks)
    assert (house.folder / "requests.jsonl").stat().st_size == before
    assert not (house.folder / "state").exists()


async def test_each_problem_of_the_configuration_has_its_line() -> None:
    said = await process("doctor", "--config", str(BAD), "--exit-code")
    assert said.code == 1
    expected = BAD.with_suffix(".expected").read_text().splitlines()
    assert sum(
        line.startswith(f"BAD   configuration: {BAD}:") for line in said.out.splitlines()
    ) == (len(expected))


async def test_a_ledger_in_doubt_is_not_opened_to_ask_the_systems(house: House) -> None:
    state = house.folder / "state"
    state.mkdir(mode=0o700)
    (state / "ledger.db").write_bytes(b"of another program" * 500)
    (state / "ledger.db").chmod(0o600)
    before = {path: path.read_bytes() for path in state.iterdir()}
    code, checks = await house.doctor("--online")
    assert (code, checks["ledger"]["state"]) == (1, "bad")
    assert checks["systems"]["state"] == "skipped"
    assert {path: path.read_bytes() for path in state.iterdir()} == before


async def test_a_secret_that_others_may_read_is_bad(house: House) -> None:
    (house.folder / "secrets" / "qbo-client-id").chmod(0o644)
    code, checks = await house.doctor()
    assert code == 1
    assert "chmod 600" in checks["secret qbo.client_id"]["found"]
