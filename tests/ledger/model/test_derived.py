"""Ids and keys that are worked out by short ways are what the long ways give."""

import base64
import hashlib
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ledger.model.ids import ExternalRef, Kind, SystemName, derive, record_id
from ledger.model.keys import fold, normalise

TEXTS = st.text(max_size=20) | st.text(alphabet=st.characters(max_codepoint=127), max_size=20)


@given(parts=st.lists(st.text(max_size=30), max_size=4), length=st.integers(0, 60))
def test_a_derived_id_is_the_beginning_of_the_base32_of_a_sha256(
    parts: list[str], length: int
) -> None:
    told = b"".join(len(p.encode()).to_bytes(8, "big") + p.encode() for p in parts)
    whole = base64.b32encode(hashlib.sha256(told).digest()).decode().lower().rstrip("=")
    assert derive(*parts, length=length) == whole[:length]


@given(text=TEXTS)
def test_plain_letters_fold_as_all_others_do(text: str) -> None:
    assert fold(text) == unicodedata.normalize("NFC", text).casefold()
    shapes = str.maketrans(dict.fromkeys("’‘`´", "'") | dict.fromkeys(':"\\', "-"))
    loose = unicodedata.normalize("NFKC", text).translate(shapes)
    assert normalise(text) == " ".join(loose.split()).casefold()


@given(system=st.text(), kind=st.sampled_from(Kind), own=st.text() | st.text("x", min_size=127))
def test_the_record_of_a_reference_is_derived_from_its_parts(
    system: str, kind: Kind, own: str
) -> None:
    expected = derive(system, kind.value, own, length=12)
    assert record_id(ExternalRef(SystemName(system), kind, own)) == f"{kind.value}-{expected}"
