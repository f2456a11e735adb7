"""Fault scripts and the request log."""

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.sandbox.faults import KINDS, FaultScript
from daemon.sandbox.requestlog import Exchange, RequestLog
from tests.jumpclock import JumpClock


def kinds(script: FaultScript, *paths: str, method: str = "GET") -> list[str]:
    found = [script.take("qbo", method, path) for path in paths]
    return [fault.kind if fault else "" for fault in found]


def test_rules_are_skipped_played_and_used_up() -> None:
    script = FaultScript(
        [{"system": "qbo", "kind": "stale", "path": "/v3/*/item", "after": 1, "times": 2}]
    )
    item = "/v3/company/item"
    assert kinds(script, item, "/other", item, item, item) == ["", "", "stale", "stale", ""]
    assert script.pending == 0


def test_first_due_rule_wins_and_the_next_one_waits_its_turn() -> None:
    script = FaultScript(
        [{"system": "qbo", "kind": "lost_request"}, {"system": "qbo", "kind": "lost_reply"}]
    )
    assert kinds(script, "/a", "/a", "/a") == ["lost_request", "lost_reply", ""]


def test_endless_rules_and_methods_and_systems() -> None:
    script = FaultScript([{"system": "qbo", "kind": "html_200", "method": "post", "times": 0}])
    assert kinds(script, "/a", "/a", method="POST") == ["html_200", "html_200"]
    assert kinds(script, "/a") == [""]
    assert script.take("dear", "POST", "/a") is None


def test_query_is_matched_without_case() -> None:
    script = FaultScript([{"system": "qbo", "kind": "drop_page", "query": "*from item*"}])
    assert script.take("qbo", "GET", "/q", query="query=select * from Vendor") is None
    assert script.take("qbo", "GET", "/q", query="query=SELECT * FROM Item") is not None


def test_parameters_reach_the_fault() -> None:
    rule = {
        "system": "dear",
        "kind": "status",
        "status": 503,
        "body": {"ErrorCode": 1},
        "headers": {"Retry-After": "3"},
        "seconds": 1.5,
        "flavour": "x",
    }
    fault = FaultScript([rule]).take("dear", "GET", "/")
    assert fault is not None
    assert (fault.status, fault.body, fault.seconds) == (503, '{"ErrorCode": 1}', 1.5)
    assert (fault.headers, fault.flavour) == ({"Retry-After": "3"}, "x")


def test_every_problem_is_named_at_once() -> None:
    rules: list[Any] = [
        {"system": "qbo", "kind": "stale"},
        {"system": "xero", "kind": "stole", "tims": 3},
        {"kind": "status", "status": 42, "times": -1, "headers": {"a": 1}, "method": 5},
        "nonsense",
    ]
    script = FaultScript()
    with pytest.raises(ValueError, match="fault script") as refused:
        script.extend(rules)
    for part in (
        "rule 1: unknown key 'tims'",
        "rule 1: unknown system 'xero' (one of: qbo, dear)",
        "rule 1: unknown kind 'stole'",
        "rule 2: system is missing",
        "rule 2: status must be",
        "rule 2: times must be",
        "rule 2: headers must",
        "rule 2: method must be text",
        "rule 3: is not a mapping",
    ):
        assert part in str(refused.value)
    assert script.take("qbo", "GET", "/") is None


def test_every_kind_is_explained_and_accepted() -> None:
    script = FaultScript([{"system": "qbo", "kind": kind} for kind in KINDS])
    assert script.pending == len(KINDS)
    script.clear()
    assert script.pending == 0


def test_scripts_come_from_files(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"system": "qbo", "kind": "stale"}]), encoding="utf-8")
    assert FaultScript.load(path).pending == 1
    for text, reason in (("{", "not JSON"), ("{}", "list of rules"), ('[{"x": 1}]', "rule 0")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=reason):
            FaultScript.load(path)


def test_log_keeps_rows_in_memory_and_in_a_file(tmp_path: Path) -> None:
    clock, path = JumpClock(), tmp_path / "requests.jsonl"
    log = RequestLog(clock, path)
    log.add(Exchange(system="qbo", method="POST", path="/v3/item", status=200, created=["item/5"]))
    clock.advance(60)
    log.add(Exchange(system="dear", method="GET", path="/product", status=0, fault="lost_reply"))
    log.close()
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == log.rows
    assert [row["n"] for row in lines] == [1, 2]
    assert lines[1]["time"] == "2026-03-02T15:01:00+00:00"
    assert [row["path"] for row in log.since(0, system="dear")] == ["/product"]
    assert log.since(1, limit=0) == []
    assert log.last == 2
