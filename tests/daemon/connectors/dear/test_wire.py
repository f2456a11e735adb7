"""The meaning of an answer: status, headers and body in every combination that was ever seen."""

import pytest
from multidict import CIMultiDict

from daemon.connectors.dear.wire import (
    PAUSE_S,
    Busy,
    Denied,
    Down,
    Flaw,
    Good,
    Meaning,
    NoApi,
    Wrong,
    classify,
)
from daemon.connectors.http import Reply
from daemon.connectors.jsontext import decode

HTML = b"<!DOCTYPE html><html><title>Page not found</title></html>"
LIMIT = b'[{"ErrorCode":400,"Exception":"You have reached the limit of 60 calls per 60 seconds"}]'


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, CIMultiDict(named), body)


ANSWERS: list[tuple[str, Reply, Meaning]] = [
    ("a list", reply(200, b'{"Total":0,"Products":[]}'), Good(b'{"Total":0,"Products":[]}')),
    ("a bare array", reply(200, b"[]"), Good(b"[]")),
    ("429 in words", reply(429, b"", retry_after="60 Seconds"), Busy(60.0)),
    ("429 in digits", reply(429, b"", Retry_After="30"), Busy(30.0)),
    ("429 bare", reply(429), Busy(PAUSE_S)),
    ("503 bare", reply(503), Busy(PAUSE_S)),
    ("503 with a page", reply(503, HTML), Busy(PAUSE_S)),
    ("the limit inside a 400", reply(400, LIMIT), Busy(PAUSE_S)),
    ("the limit inside a 200", reply(200, LIMIT), Busy(PAUSE_S)),
    (
        "the limit as text",
        reply(500, b"60 calls per minute exceeded", retry_after="5 s"),
        Busy(5.0),
    ),
    ("an endless pause is cut", reply(429, b"", retry_after="99999999"), Busy(3600.0)),
    (
        "403",
        reply(403, b'[{"ErrorCode":403,"Exception":"Incorrect credentials!"}]'),
        Denied("Incorrect credentials!"),
    ),
    ("403 without a body", reply(403), Denied("")),
    (
        "403 inside a 200",
        reply(200, b'{"ErrorCode":403,"Exception":"Incorrect credentials!"}'),
        Denied("Incorrect credentials!"),
    ),
    ("a redirect", reply(302, b"", Location="https://elsewhere.example"), NoApi(302, True)),
    ("a page with 200", reply(200, HTML), NoApi(200)),
    ("nothing with 200", reply(200, b""), NoApi(200)),
    ("half a list", reply(200, b'{"Total":3,"Prod'), NoApi(200)),
    ("a page with 404", reply(404, HTML), NoApi(404)),
    (
        "an array of errors",
        reply(400, b'[{"ErrorCode":404,"Exception":"Category not found."}]'),
        Wrong((Flaw("404", "Category not found."),)),
    ),
    (
        "one error",
        reply(400, b'{"ErrorCode":400,"Exception":"No."}'),
        Wrong((Flaw("400", "No."),)),
    ),
    (
        "errors with 200",
        reply(200, b'[{"ErrorCode":400,"Exception":"A"},{"ErrorCode":400,"Exception":"B"}]'),
        Wrong((Flaw("400", "A"), Flaw("400", "B"))),
    ),
    (
        "done, but",
        reply(200, b'{"TaskID":"1","Errors":[{"ErrorCode":400,"Exception":"Later."}]}'),
        Wrong((Flaw("400", "Later."),)),
    ),
    (
        "an error that it failed on",
        reply(500, b'[{"ErrorCode":500,"Exception":"Oops"}]'),
        Wrong((Flaw("500", "Oops"),), failed=True),
    ),
    ("500 with a page", reply(500, HTML), Down(500)),
    ("502", reply(502, b"Bad Gateway"), Down(502)),
    (
        "405 without words",
        reply(405, b"{}"),
        Wrong((Flaw("405", "HTTP 405 without an explanation"),)),
    ),
]


@pytest.mark.parametrize(
    ("answer", "meaning"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_meaning(answer: Reply, meaning: Meaning) -> None:
    assert classify(answer) == meaning


def test_a_product_that_speaks_of_limits_and_errors_is_still_a_product() -> None:
    body = (
        b'{"Total":1,"Products":[{"SKU":"a","Description":"60 calls per minute",'
        b'"Tags":"\\"ErrorCode\\""}]}'
    )
    assert classify(reply(200, body)) == Good(body)


def test_numbers_keep_their_digits() -> None:
    assert str(decode(b'{"a": 12.3400}')["a"]) == "12.3400"


def test_the_told_text_is_short() -> None:
    flaws = tuple(Flaw("400", "x" * 200) for _ in range(9))
    assert len(Wrong(flaws).text) <= 300
