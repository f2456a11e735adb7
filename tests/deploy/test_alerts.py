"""Every shipped alert fires on its symptom and clears when it is over, by promtool itself."""

import asyncio
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from daemon.config.tree import read_tree
from tests.daemon.observe.support import families_of_nothing

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "trueup.rules.yaml"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian: apt-get install prometheus)"
)
OURS = {"company": "acme"}
DAY = 24 * 60
HARD_END = '{company="acme",kind="refresh_hard",system="qbo"}'
YEAR = 365 * 86_400


@dataclass(frozen=True)
class Case:
    """Series by the minute from minute 0 (in which time() is 0), and when the alert stands."""

    alert: str
    series: dict[str, str]
    fires: int
    clears: int
    labels: tuple[tuple[str, str], ...] = ()
    quiet: int = 1
    """A minute before the symptom in which the alert must not stand."""


STANDING = {
    'trueup_build_info{company="acme"}': "1x12000",
    'trueup_start_time_seconds{company="acme"}': "0x12000",
}
CASES = [
    Case(
        "TrueupAbsent",
        {'trueup_build_info{company="acme"}': "1x10 _x20 1x30"},
        fires=25,
        clears=40,
    ),
    Case(
        "TrueupDown",
        {'up{job="trueup"}': "1x10 0x20 1x30"},
        fires=25,
        clears=40,
        labels=(("job", "trueup"),),
    ),
    Case(
        "TrueupCycleStale",
        {
            'trueup_cycle_last_success_timestamp_seconds{company="acme"}': "60x60 3600+60x60",
            'trueup_cycle_interval_seconds{company="acme"}': "60x200",
        },
        fires=40,
        clears=70,
    ),
    Case(
        "TrueupHumanNeededTooLong",
        {
            'trueup_action_oldest_pending_timestamp_seconds{company="acme"}': f"60x{2 * DAY} 0x60",
            'trueup_conflict_oldest_timestamp_seconds{company="acme"}': f"0x{3 * DAY}",
        },
        fires=DAY + 30,
        clears=2 * DAY + 30,
    ),
    Case(
        "TrueupAuthBroken",
        {'trueup_system_login_ok{company="acme",system="qbo"}': "1x10 0x30 1x30"},
        fires=25,
        clears=60,
        labels=(("system", "qbo"),),
    ),
    Case(
        "TrueupTokenHardExpiry45d",
        {
            f"trueup_oauth_expiry_timestamp_seconds{HARD_END}": (
                f"0x60 {44 * 86_400}x120 {5 * YEAR}x120"
            )
        },
        fires=170,
        clears=240,
        labels=(("kind", "refresh_hard"), ("system", "qbo")),
    ),
    Case(
        "TrueupGuardHeld",
        {'trueup_guard_held_actions{company="acme"}': "0x10 40x30 0x30"},
        fires=30,
        clears=60,
    ),
    Case(
        "TrueupReloadRejected",
        {'trueup_config_last_reload_successful{company="acme"}': "1x10 0x30 1x30"},
        fires=30,
        clears=60,
    ),
    Case(
        "TrueupLedgerVerifyFailed",
        {'trueup_ledger_verify_ok{company="acme"}': "1x10 0x30 1x30"},
        fires=12,
        clears=60,
    ),
    Case(
        "TrueupBackupStale",
        {
            'trueup_backup_interval_seconds{company="acme"}': f"86400x{4 * DAY}",
            'trueup_backup_last_success_timestamp_seconds{company="acme"}': (
                f"60x{3 * DAY} {3 * 86_400}x{DAY}"
            ),
        },
        fires=2 * DAY + 60,
        clears=3 * DAY + 60,
    ),
    Case(
        "TrueupWebhookGap",
        {'trueup_webhook_missed_total{company="acme",system="qbo"}': "0x10 2x600"},
        fires=20,
        clears=8 * 60,
        labels=(("system", "qbo"),),
    ),
]
OTHERS = [
    Case(
        "TrueupCycleStale",
        {
            'trueup_cycle_last_success_timestamp_seconds{company="acme"}': "0x60 3600+60x60",
            'trueup_cycle_interval_seconds{company="acme"}': "60x200",
        },
        fires=30,
        clears=70,
    ),
    Case(
        "TrueupHumanNeededTooLong",
        {
            'trueup_action_oldest_pending_timestamp_seconds{company="acme"}': f"0x{3 * DAY}",
            'trueup_conflict_oldest_timestamp_seconds{company="acme"}': f"60x{2 * DAY} 0x60",
        },
        fires=DAY + 30,
        clears=2 * DAY + 30,
    ),
]


def rules() -> list[dict[str, Any]]:
    (group,) = read_tree(RULES.read_text()).value["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def severity(alert: str) -> str:
    return next(str(rule["labels"]["severity"]) for rule in rules() if rule["alert"] == alert)


def stands(case: Case, minute: int, *, firing: bool) -> dict[str, Any]:
    own = {} if case.alert in {"TrueupAbsent", "TrueupDown"} else OURS
    labels = {
        "alertname": case.alert,
        "alertstate": "firing",
        "severity": severity(case.alert),
        **own,
        **dict(case.labels),
    }
    told = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    samples = [{"labels": f"ALERTS{{{told}}}", "value": 1}] if firing else []
    query = f'ALERTS{{alertname="{case.alert}",alertstate="firing"}}'
    return {"expr": query, "eval_time": f"{minute}m", "exp_samples": samples}


def minutes_of(case: Case) -> dict[str, Any]:
    series = {**STANDING, **case.series}
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            stands(case, case.quiet, firing=False),
            stands(case, case.fires, firing=True),
            stands(case, case.clears, firing=False),
        ],
    }


async def promtool(*args: str, stdin: bytes = b"") -> tuple[int, str]:
    assert PROMTOOL is not None
    running = await asyncio.create_subprocess_exec(
        PROMTOOL,
        *args,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(running.communicate(stdin), 60)
    assert running.returncode is not None
    return running.returncode, out.decode()


@needs_promtool
async def test_the_rules_are_rules() -> None:
    code, said = await promtool("check", "rules", str(RULES))
    assert code == 0, said


@needs_promtool
@pytest.mark.parametrize("case", [*CASES, *OTHERS], ids=lambda case: case.alert)
async def test_an_alert_fires_and_clears(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(
        json.dumps(
            {
                "rule_files": [str(RULES)],
                "evaluation_interval": "1m",
                "tests": [minutes_of(case)],
            }
        )
    )
    code, said = await promtool("test", "rules", str(path))
    assert code == 0, said


def test_every_alert_has_its_case_and_its_first_response() -> None:
    assert [case.alert for case in CASES] == [rule["alert"] for rule in rules()]
    assert all("First: " in rule["annotations"]["description"] for rule in rules())


def test_alerts_ask_for_metrics_that_there_are() -> None:
    known = {family.name for family in families_of_nothing()}
    asked = set(re.findall(r"\btrueup_\w+", " ".join(str(rule["expr"]) for rule in rules())))
    assert asked <= known, asked - known


def test_alerts_and_metrics_are_in_the_manual() -> None:
    manual = (ROOT / "docs" / "administration.md").read_text()
    missing = [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in manual]
    missing += [one.name for one in families_of_nothing() if f"`{one.name}`" not in manual]
    assert missing == []
