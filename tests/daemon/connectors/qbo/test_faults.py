"""Faults in every shape, sorted by what happens next."""

import json

import pytest

from daemon.connectors.http import Reply
from daemon.connectors.qbo.faults import Next, error_of, fault_of
from ledger.model.errors import OutcomeIsUnknown, Refused, Throttled, Transient, Unauthorised


def business(
    code: str, message: str = "", detail: str = "", element: str = "", sort: str = "ValidationFault"
) -> bytes:
    error = {"Message": message, "Detail": detail, "code": code, "element": element}
    return json.dumps({"Fault": {"Error": [error], "type": sort}, "time": "x"}).encode()


def gateway(code: str, message: str, detail: str = "", sort: str = "AUTHENTICATION") -> bytes:
    error = {"message": message, "detail": detail, "code": code, "element": None}
    return json.dumps(
        {
            "warnings": None,
            "fault": {"error": [error], "type": sort},
            "queryResponse": None,
            "batchItemResponse": [],
            "time": 1716912345678,
        }
    ).encode()


def reply(status: int, body: bytes, **headers: str) -> Reply:
    return Reply(status, headers, body)


THROTTLE = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
EXPIRED = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
FORBIDDEN = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, business("5010", "Stale Object Error"), Next.STALE),
        (400, business("6240", "Duplicate Name Exists Error"), Next.DUPLICATE),
        (400, business("6140", "Duplicate Document Number Error"), Next.DUPLICATE),
        (400, business("610", "Object Not Found"), Next.GONE),
        (400, business("2500", "Invalid Reference Id"), Next.INVALID),
        (400, business("2050", "String length"), Next.INVALID),
        (
            400,
            business("500", "Unsupported Operation", "Operation x is not supported."),
            Next.INVALID,
        ),
        (500, business("500", "Unsupported Operation", "x is not supported."), Next.INVALID),
        (400, business("600", "Duplicate Request ID"), Next.UNSURE),
        (400, business("6190", "Subscription period has ended"), Next.INVALID),
        (400, business("6200", "Account Period Closed"), Next.INVALID),
        (400, business("120", "Authorization Failure"), Next.NO_ACCESS),
        (400, business("5020", "Permission Denied", sort="AuthorizationFault"), Next.INVALID),
        (500, business("10000", "An application error", sort="SystemFault"), Next.UNSURE),
        (
            404,
            business("10000", "An application error", "Could not find resource for relative : x"),
            Next.INVALID,
        ),
        (500, business("150", "Maintenance"), Next.RETRY),
        (500, business("6000", "A business validation error"), Next.UNSURE),
        (200, business("2020", "Required param missing"), Next.INVALID),
        (200, business("10000", "An application error"), Next.UNSURE),
        (401, gateway("3200", EXPIRED), Next.LOGIN),
        (401, business("3200", EXPIRED, sort="AuthenticationFault"), Next.LOGIN),
        (401, gateway("003200", EXPIRED), Next.LOGIN),
        (401, gateway("", EXPIRED), Next.LOGIN),
        (403, gateway("3100", FORBIDDEN, sort="AUTHORIZATION"), Next.NO_ACCESS),
        (429, business("3001", THROTTLE, sort="SERVICE"), Next.SLOW_DOWN),
        (403, gateway("3001", THROTTLE, sort="SERVICE"), Next.SLOW_DOWN),
        (429, b"", Next.SLOW_DOWN),
        (429, b"<html>slow down</html>", Next.SLOW_DOWN),
        (401, b"", Next.LOGIN),
        (403, b"", Next.NO_ACCESS),
        (502, b"<html>Bad gateway</html>", Next.UNSURE),
        (503, b"", Next.UNSURE),
        (302, b"", Next.UNSURE),
        (408, b"", Next.UNSURE),
        (413, b"", Next.INVALID),
        (400, b'{"Fault": {"Error": [], "type": "ValidationFault"}}', Next.INVALID),
        (200, b'{"fault": {"error": [{"message": "m", "code": "5010"}]}}', Next.STALE),
        (
            400,
            b'<?xml version="1.0"?><IntuitResponse><Fault type="ValidationFault"><Error code="5010"'
            b' element=""><Message>Stale</Message><Detail>a &amp; b</Detail></Error></Fault>'
            b"</IntuitResponse>",
            Next.STALE,
        ),
    ],
)
def test_what_happens_next(status: int, body: bytes, expected: Next) -> None:
    fault = fault_of(reply(status, body))
    assert fault is not None
    assert fault.next is expected


@pytest.mark.parametrize(
    "body",
    [b'{"Item": {"Id": "1", "Name": "Fault"}}', b'{"Fault": null}', b"", b"<html></html>", b"[]"],
)
def test_a_yes_is_no_fault(body: bytes) -> None:
    assert fault_of(reply(200, body)) is None


def test_xml_is_read_whole() -> None:
    body = (
        b'<Fault type="ValidationFault"><Error code="6240" element="Name"><Message>Dup</Message>'
        b"<Detail>Another &lt;vendor&gt; is\nusing it</Detail></Error></Fault>"
    )
    fault = fault_of(reply(400, body))
    assert fault is not None
    assert (fault.sort, fault.first.code, fault.first.element) == (
        "ValidationFault",
        "6240",
        "Name",
    )
    assert fault.first.detail == "Another <vendor> is\nusing it"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, business("3001", THROTTLE), Throttled),
        (401, gateway("3200", EXPIRED), Unauthorised),
        (403, gateway("3100", FORBIDDEN), Unauthorised),
        (500, business("150", "Maintenance"), Transient),
        (502, b"", OutcomeIsUnknown),
        (400, business("6190", "ended"), Refused),
    ],
)
def test_errors(status: int, body: bytes, error: type[Exception]) -> None:
    fault = fault_of(reply(status, body))
    assert fault is not None
    assert type(error_of(fault)) is error


def test_the_trace_id_and_the_words_of_quickbooks_are_kept() -> None:
    body = business("6200", "Account Period Closed", "The account period has closed")
    fault = fault_of(reply(400, body, intuit_tid="1-abc"))
    assert fault is not None
    assert fault.text == "The account period has closed (intuit_tid 1-abc)"
    assert "books are closed" in fault.cure


@pytest.mark.parametrize("code", ["2170", "4001", "6000", "6430", "9999", ""])
def test_every_refusal_has_a_cure(code: str) -> None:
    fault = fault_of(reply(400, business(code, "no", "because")))
    assert fault is not None
    assert fault.cure


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", 60.0), ("5", 5.0), ("99999", 900.0), ("0", 1.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0)],
)
def test_retry_after_is_taken_with_caution(header: str, seconds: float) -> None:
    fault = fault_of(Reply(429, {"Retry-After": header}, b""))
    assert fault is not None
    error = error_of(fault)
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds


def test_several_errors_are_all_told() -> None:
    errors = [
        {"Message": "m", "Detail": "first", "code": "2020", "element": "Name"},
        {"Message": "second", "code": "2050", "element": "Sku"},
    ]
    fault = fault_of(reply(400, json.dumps({"Fault": {"Error": errors}}).encode()))
    assert fault is not None
    assert fault.text == "first; second"
    assert fault.first.element == "Name"
