"""Any answer of QuickBooks: each object is understood or reported, each fault has a next step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.connectors.qbo.mapping.table import ENTITIES
from ledger.model.ids import Kind
from tests.fuzz import decoders
from tests.fuzz.answers import Recording
from tests.fuzz.effort import effort
from tests.fuzz.spoiling import damaged, spoiled, written

FAULT = (
    b'{"Fault":{"Error":[{"Message":"Invalid Number","Detail":"too long","code":"2050",'
    b'"element":"DocNumber"}],"type":"ValidationFault"},"time":"2026-05-05T05:00:00.000-07:00"}'
)
XML = (
    b'<IntuitResponse><Fault type="AUTHENTICATION"><Error code="3200"><Message>no</Message>'
    b"<Detail>none</Detail></Error></Fault></IntuitResponse>"
)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "intuit_tid"]),
    st.sampled_from(["", "60", "-5", "9" * 400, "1e999", "nan", "inf", "x"]) | st.text(max_size=8),
)


@pytest.mark.parametrize("kind", ENTITIES, ids=str)
@effort(40)
@given(data=st.data())
def test_each_object_is_understood_or_reported(
    recording: Recording, data: st.DataObject, kind: Kind
) -> None:
    row = data.draw(st.sampled_from(recording.qbo_rows(kind)))
    decoders.qbo_object(kind, written(data.draw(spoiled(row))))


@effort(40)
@given(data=st.data())
def test_any_bytes_are_an_object_or_reported(recording: Recording, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(ENTITIES)))
    row = data.draw(st.sampled_from(recording.qbo_rows(kind)))
    decoders.qbo_object(kind, data.draw(damaged(row) | st.binary(max_size=60)))


@effort(100)
@given(data=st.data(), headers=HEADERS)
def test_any_answer_is_a_fault_or_says_yes(data: st.DataObject, headers: dict[str, str]) -> None:
    status = data.draw(st.sampled_from([200, 302, 400, 401, 403, 404, 408, 429, 500, 503]))
    body = data.draw(
        spoiled(FAULT).map(written)
        | damaged(FAULT)
        | damaged(XML)
        | st.binary(max_size=60)
        | st.sampled_from([b"[" * 100_000, b'{"Fault":' + b"[" * 100_000, b""])
    )
    decoders.qbo_answer(status, headers, body)
