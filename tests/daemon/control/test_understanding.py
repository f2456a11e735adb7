"""A request that makes no sense is refused with the field, what is wrong, and the cure."""

import json

import msgspec
import pytest

from daemon.control.protocol import ApproveRequest, Code, Declined, LinkRequest
from daemon.control.protocol_catalogue import CataloguePlanRequest
from daemon.control.protocol_doctor import ExamineRequest
from daemon.control.protocol_drift import DriftQuery, QueueQuery
from daemon.control.protocol_reload import ReloadRequest
from daemon.control.protocol_totals import TotalsRequest
from daemon.control.protocol_valves import PauseRequest, RetryPatternRequest
from daemon.control.understanding import understood

SECRET = "4111-secret"


def refused(said: object, model: type[msgspec.Struct]) -> Declined:
    data = said if isinstance(said, bytes) else json.dumps(said).encode()
    with pytest.raises(Declined) as told:
        understood(data, model)
    assert told.value.code is Code.BAD_REQUEST
    assert told.value.cure
    assert SECRET not in f"{told.value} {told.value.cure}"
    return told.value


@pytest.mark.parametrize(
    ("model", "said", "told"),
    [
        (PauseRequest, {}, "reason: is required"),
        (PauseRequest, {"reason": ""}, "reason: must not be empty"),
        (PauseRequest, {"reason": "  "}, "reason: must not be blank"),
        (PauseRequest, {"reason": SECRET * 100}, "reason: must have at most 1,000 characters"),
        (PauseRequest, {"reason": 3}, "reason: must be text, not a whole number"),
        (PauseRequest, {"reason": None}, "reason: must be text, not null"),
        (DriftQuery, {"lim": 1}, "lim: this daemon knows no such field"),
        (DriftQuery, {"limit": -1}, "limit: must be 0 or more"),
        (DriftQuery, {"limit": 5_001}, "limit: must be 5,000 or less"),
        (DriftQuery, {"limit": 1.5}, "limit: must be a whole number, not a number"),
        (DriftQuery, [SECRET], "must be an object, not a list"),
        (ApproveRequest, {"digests": [3]}, "digests[0]: must be text, not a whole number"),
        (ApproveRequest, {"digests": [""] * 50_001}, "digests: must have at most 50,000 entries"),
        (ApproveRequest, {"all": SECRET}, "all: must be true or false, not text"),
        (TotalsRequest, {"month": SECRET}, "month: must be a month: YYYY-MM"),
        (RetryPatternRequest, {"pattern": "x"}, "expect_count: is required"),
        (ReloadRequest, {"content": SECRET}, "content is only looked at: with dry_run"),
        (ExamineRequest, {"names": [{"system": "qbo"}]}, "names[0].key: is required"),
    ],
)
def test_the_field_and_what_is_wrong_are_named(
    model: type[msgspec.Struct], said: object, told: str
) -> None:
    assert str(refused(said, model)) == told


@pytest.mark.parametrize(
    ("model", "said", "field", "choices"),
    [
        (DriftQuery, {"sort": SECRET}, "sort", "oldest, newest, class, kind, label, amount"),
        (LinkRequest, {"record": "r", "ref": "x", "action": SECRET}, "action", "link, apart"),
        (QueueQuery, {"states": ["waiting", SECRET]}, "states[1]", "waiting, planned, approved"),
        (
            CataloguePlanRequest,
            {"options": {"clashes": SECRET}},
            "options.clashes",
            "ask, reactivate, rename, suffix, skip",
        ),
    ],
)
def test_the_choices_that_there_are_are_named(
    model: type[msgspec.Struct], said: object, field: str, choices: str
) -> None:
    error = refused(said, model)
    assert str(error).startswith(f"{field}: must be one of: {choices}")
    assert choices in error.cure


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"filter"',
        b'{"filter": "\\ud800"}',
        b'{"filter": "\xff"}',
        b"{} {}",
        b'\xef\xbb\xbf{"filter": ""}',
    ],
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    assert str(refused(data, DriftQuery)) == "the request is not JSON, or nested too deep"


def test_a_bottomless_request_is_refused() -> None:
    bottomless = b'{"names": [{"more": ' + b"[" * 100_000
    assert "nested too deep" in str(refused(bottomless, ExamineRequest))
