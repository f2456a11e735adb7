"""What the answers of the systems mean for a configuration."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.config.load import load, parse
from daemon.config.model import Config
from daemon.control.protocol_connect import ConnectionShown
from daemon.control.protocol_doctor import ExamineAnswer, SystemExamined, VerdictShown
from daemon.control.protocol_live import TokenShown
from daemon.control.protocol_state import ProblemShown
from daemon.doctor.check import Check, worst
from daemon.doctor.machine import check_packages, check_room
from daemon.doctor.naming import names
from daemon.doctor.systems import checks_of
from daemon.doctor.units import Installed, check_units
from tests.daemon.cli.test_config import GOOD

TODAY = date(2026, 5, 5)
EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"


@pytest.fixture
def config() -> Config:
    return load(GOOD).config


def told(config: Config, **values: Any) -> dict[str, Check]:
    shown = {"system": "qbo", "connected": True, "plan": "QuickBooks Online Plus"}
    connection = msgspec.convert(shown | values.pop("connection", {}), ConnectionShown)
    one = SystemExamined(connection=connection, **values)
    answer = ExamineAnswer(as_of=datetime(2026, 5, 5, tzinfo=UTC), systems=(one,))
    return {check.name: check for check in checks_of(answer, config, TODAY)}


@pytest.mark.parametrize(
    ("ahead", "state"),
    [(0, "ok"), (-29, "ok"), (30, "warn"), (-300, "bad"), (86_400, "bad"), (None, "skipped")],
)
def test_the_clock(config: Config, ahead: int | None, state: str) -> None:
    assert told(config, clock_ahead_s=ahead)["clock, by qbo"].state == state


@pytest.mark.parametrize(
    ("day", "state"), [("", "ok"), ("2026-05-04", "ok"), ("2026-05-05", "warn")]
)
def test_the_closing_date(config: Config, day: str, state: str) -> None:
    assert told(config, closed_until=day)["qbo closed period"].state == state


def test_a_login_that_ends_soon(config: Config) -> None:
    for end, state in (("2026-05-20T00:00:00Z", "warn"), ("2027-05-20T00:00:00Z", "ok")):
        login = msgspec.convert(
            {
                "system": "qbo",
                "access_until": "",
                "refresh_until": "2027-01-01T00:00:00Z",
                "refresh_hard_until": end,
            },
            TokenShown,
        )
        assert told(config, connection={"login": login})["qbo login"].state == state


def test_a_system_that_cannot_be_asked_is_bad_and_the_rest_is_not_guessed(config: Config) -> None:
    checks = told(config, connection={"connected": False, "problem": "no login", "cure": "do it"})
    assert (checks["qbo company"].state, checks["qbo company"].cure) == ("bad", "do it")
    assert checks["qbo names and accounts"].state == "skipped"


def test_a_feature_that_the_plan_lacks(config: Config) -> None:
    missing = ProblemShown(code="feature_missing", message="no orders", field="", cure="upgrade")
    checks = told(config, connection={"warnings": (missing,)})
    assert checks["qbo feature missing"].cure == "upgrade"
    assert "qbo plan" not in checks


def test_stock_counted_twice_is_bad_where_the_source_posts_its_cost(config: Config) -> None:
    """The seed's duplicated cost of goods sold."""
    name = "qbo items that count stock"
    verdict = VerdictShown(name=name, state="warn", found="4 items", cure="trueup catalogue plan")
    assert told(config, verdicts=(verdict,))[name].state == "warn"
    assert config.dear is not None
    dear = config.dear.model_copy(update={"native_link": "connected"})
    connected = config.model_copy(update={"dear": dear})
    assert told(connected, verdicts=(verdict,))[name].state == "bad"


def test_every_name_of_a_full_configuration_is_asked_for() -> None:
    """Examples that are commented out in the example stand in it all the same."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for word in ("income_account", "expense_account", "payable_account", "default_class"):
        assert f"#{word}: " in text
        text = text.replace(f"#{word}: ", f"{word}: ")
    for word in (
        "class_by_location",
        "supplier_attribute_set",
        "tax_rule",
        "price_tier",
        "invoice",
    ):
        text = text.replace(f"#{word}: ", f"{word}: ")
    asked = names(parse(text.encode(), name="example", folder=EXAMPLE.parent))
    keys = {one.key for one in asked}
    assert {
        "qbo.new_items.income_account",
        "qbo.new_items.expense_account",
        "qbo.documents.payable_account",
        "qbo.documents.default_class",
        'qbo.documents.class_by_location."Shop Floor"',
        "dear.supplier_attribute_set",
        "dear.defaults.supplier.tax_rule",
        "dear.defaults.customer.price_tier",
        'dear.documents.custom_fields.invoice."Sales rep"',
    } <= keys
    assert all(one.exact for one in asked if one.book == "attribute_set")
    assert {one.system for one in asked if one.book.startswith("custom_field")} == {"qbo"}


def test_both_halves_of_every_declared_pair_are_asked_for() -> None:
    text = GOOD.read_text(encoding="utf-8") + 'mapping: {accounts: {"200": Sales}}\n'
    asked = names(parse(text.encode(), name="pairs", folder=GOOD.parent))
    assert [(one.system, one.book, one.name) for one in asked] == [
        ("dear", "account", "200"),
        ("qbo", "account", "Sales"),
    ]
    assert asked[1].key == 'mapping.accounts."200"'


def test_units_are_compared_only_where_the_service_is_installed(tmp_path: Path) -> None:
    def states(*files: Installed) -> list[str]:
        return [check.state for check in check_units(files)]

    path = tmp_path / "trueup@.service"
    assert states(Installed(path, False, False, False)) == ["skipped"]
    assert states(Installed(path, True, True, False)) == ["ok"]
    assert states(Installed(path, True, False, True)) == ["warn"]
    assert states(Installed(path, True, False, False)) == ["warn"]
    assert states(Installed(path, True, True, False), Installed(path, False, False, False)) == [
        "warn"
    ]


def test_room_and_packages_of_this_machine(config: Config) -> None:
    assert check_packages().state == "ok"
    checks = {check.name: check for check in check_room(config.places)}
    assert "MiB free at " in checks["disk of the ledger"].found


def test_the_worst_counts() -> None:
    def of(*states: Any) -> list[Check]:
        return [Check(name="x", state=state, found="") for state in states]

    assert worst(of("ok", "bad", "warn")) == "bad"
    assert worst(of("ok", "warn", "skipped")) == "warn"
    assert worst(of("ok", "skipped")) == "ok"
