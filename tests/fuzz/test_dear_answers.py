"""Any answer of DEAR: every row is understood or reported, or the page is refused as a whole."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.connectors.dear.documents.lists import LISTS, DocumentList
from daemon.connectors.dear.mapping.family import FAMILIES, Family
from tests.fuzz import decoders
from tests.fuzz.answers import DEAR_LISTS, Recording
from tests.fuzz.effort import effort
from tests.fuzz.spoiling import damaged, spoiled, tree, written

HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After"]),
    st.sampled_from(["", "60 Seconds", "0", "-5", "9" * 400, "1e999", "nan", "x"]) | st.text(),
)


@pytest.mark.parametrize("listed", DEAR_LISTS, ids=lambda one: one.path.strip("/"))
@effort(40)
@given(data=st.data())
def test_each_row_of_a_page_is_understood_or_reported(
    recording: Recording, data: st.DataObject, listed: Family | DocumentList
) -> None:
    page: Any = data.draw(spoiled(recording.dear_pages[listed.path], below=1))
    said = decoders.dear_page(listed, written(page))
    rows = page.get(listed.list_key)
    if said is not None:
        assert said == len(rows)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda one: one.path.strip("/"))
def test_what_the_sandbox_says_is_understood(recording: Recording, family: Family) -> None:
    body = recording.dear_pages[family.path]
    assert decoders.dear_page(family, body) == len(tree(body)[family.list_key])


@pytest.mark.parametrize("listed", LISTS, ids=lambda one: one.label)
@effort(100)
@given(data=st.data())
def test_each_part_of_a_document_is_understood_or_reported(
    recording: Recording, data: st.DataObject, listed: DocumentList
) -> None:
    body = data.draw(st.sampled_from(recording.dear_details[listed.path]))
    row_id = str(tree(body)["ID"]).lower()
    whole: Any = data.draw(spoiled(body, below=data.draw(st.integers(0, 3))))
    said = decoders.dear_detail(listed, row_id, written(whole))
    parts = whole.get(listed.invoices.list_key)
    if said is not None and isinstance(parts, list) and parts:
        assert said


@effort(40)
@given(data=st.data())
def test_any_bytes_are_a_page_or_none(recording: Recording, data: st.DataObject) -> None:
    listed = data.draw(st.sampled_from(DEAR_LISTS))
    body = data.draw(st.binary(max_size=60) | damaged(recording.dear_pages[listed.path]))
    decoders.dear_page(listed, body)
    if isinstance(listed, DocumentList):
        one = data.draw(st.sampled_from(recording.dear_details[listed.path]))
        decoders.dear_detail(listed, str(tree(one)["ID"]).lower(), data.draw(damaged(one)))


@effort(40)
@given(data=st.data(), headers=HEADERS)
def test_any_answer_has_one_of_the_meanings(data: st.DataObject, headers: dict[str, str]) -> None:
    status = data.draw(st.sampled_from([200, 201, 302, 400, 401, 403, 404, 429, 500, 502, 503]))
    refusal = b'[{"ErrorCode":400,"Exception":"Name is required"},{"ErrorCode":403,"Exception":""}]'
    body = data.draw(
        spoiled(refusal).map(written)
        | damaged(refusal)
        | st.binary(max_size=60)
        | st.sampled_from([b"[" * 100_000, b'{"ErrorCode":' + b"[" * 100_000, b""])
    )
    decoders.dear_answer(status, headers, body)
