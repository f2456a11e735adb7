"""What the fuzzing found, each with its smallest input. One bad value costs its record, no more."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.config.load import parse
from daemon.connectors.dear.client import listing
from daemon.connectors.dear.documents.observing import detail
from daemon.connectors.dear.mapping.family import FAMILIES
from daemon.connectors.dear.mapping.fields import instant as dear_instant
from daemon.connectors.dear.observing import observation_of
from daemon.connectors.dear.wire import NoApi, classify
from daemon.connectors.http import Reply
from daemon.connectors.jsontext import MOST_NESTED, decode
from daemon.connectors.qbo.cursors import Sweeping, step
from daemon.connectors.qbo.faults import MOST_WAIT_S, THROTTLE_S, fault_of
from daemon.connectors.qbo.mapping.table import is_instant, understand
from daemon.connectors.qbo.mapping.wire import Setting
from daemon.connectors.vault import FileVault, Tokens
from ledger.model.errors import ConfigProblem, Transient, Unauthorised
from ledger.model.facts import Observation, Unreadable
from ledger.model.ids import Kind
from ledger.model.money import exact
from ledger.store.payloads import pack
from tests.daemon.connectors.dear.rows import config
from tests.fuzz.conftest import Running
from tests.fuzz.wires import Answer, Wires

PRODUCTS = FAMILIES[Kind.ITEM]
SUPPLIERS = FAMILIES[Kind.VENDOR]


def item(**properties: str) -> bytes:
    """An item of QuickBooks with some properties as JSON text."""
    shown = {"Id": '"1"', "SyncToken": '"0"', "Name": '"Bolt"', "Type": '"Service"', **properties}
    return ("{" + ",".join(f'"{name}":{value}' for name, value in shown.items()) + "}").encode()


def page(*rows: bytes) -> bytes:
    """A page of products."""
    return b'{"Total":%d,"Products":[%s]}' % (len(rows), b",".join(rows))


GOOD = b'{"ID":"1","SKU":"B","Name":"Bolt"}'


def understood(*rows: bytes) -> list[Observation | Unreadable]:
    found = listing(PRODUCTS, page(*rows))
    return [observation_of(PRODUCTS, row, config()) for row in found.rows]


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "0e999999999"])
def test_a_number_that_would_fill_the_memory_is_refused_by_name(number: str) -> None:
    seen, _ = understand(Kind.ITEM, item(UnitPrice=number), Setting())
    assert isinstance(seen, Unreadable)
    assert seen.problem.field == "UnitPrice"
    bad, good = understood(
        GOOD.replace(b"}", b',"PriceTier1":%s}' % number.encode()), GOOD.replace(b'"1"', b'"2"')
    )
    assert isinstance(bad, Unreadable)
    assert bad.problem.field == "PriceTier1"
    assert isinstance(good, Observation)


def test_a_text_that_came_as_such_a_number_is_refused_too() -> None:
    row = b'{"ID":"1","Name":"Smith","TaxNumber":1e999999999}'
    (found,) = listing(SUPPLIERS, b'{"Total":1,"SupplierList":[%s]}' % row).rows
    seen = observation_of(SUPPLIERS, found, config())
    assert isinstance(seen, Unreadable)
    assert seen.problem.field == "TaxNumber"


@pytest.mark.parametrize(
    "bad",
    [
        b'{"ID":"2","SKU":"C","Name":"Nut","Weight":1e9999999999999999999}',
        b'{"ID":"2","SKU":"C","Name":"N\xffut"}',
        b'{"ID":"2","SKU":"C","Name":"Nut","Tags":' + b"[" * 150 + b"]" * 150 + b"}",
    ],
    ids=["a number beyond Decimal", "no UTF-8", "nested too deep"],
)
def test_a_row_that_cannot_be_read_hides_no_other(bad: bytes) -> None:
    first, second = understood(GOOD, bad)
    assert isinstance(first, Observation)
    assert isinstance(second, Unreadable)
    shown, _ = understand(Kind.ITEM, bad, Setting())
    assert isinstance(shown, Unreadable)


def test_an_answer_nested_without_end_is_no_api() -> None:
    assert classify(Reply(200, {}, b"[" * 100_000)) == NoApi(200)
    assert fault_of(Reply(200, {}, b'{"Fault":' + b"[" * 100_000)) is None


def test_what_can_be_read_can_be_stored_and_read_again() -> None:
    deep = decode(b"[" * MOST_NESTED + b"]" * MOST_NESTED)
    assert msgspec.json.encode(deep)
    with pytest.raises(msgspec.DecodeError, match="nested too deep"):
        decode(b"[" * (MOST_NESTED + 1) + b"]" * (MOST_NESTED + 1))
    seen, _ = understand(Kind.ITEM, item(ItemEx="[" * 90 + "]" * 90), Setting())
    assert isinstance(seen, Observation)
    assert pack(seen)


@pytest.mark.parametrize("stamp", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_at_the_edge_of_the_calendar_is_refused(stamp: str) -> None:
    assert not is_instant(stamp)
    with pytest.raises(ValueError, match="calendar"):
        dear_instant(stamp)
    data = item(MetaData=f'{{"LastUpdatedTime":"{stamp}"}}')
    seen, _ = understand(Kind.ITEM, data, Setting())
    assert isinstance(seen, Unreadable)


@pytest.mark.parametrize(("said", "waited"), [("nan", THROTTLE_S), ("inf", MOST_WAIT_S)])
def test_a_pause_is_always_a_number_of_seconds(said: str, waited: float) -> None:
    fault = fault_of(Reply(429, {"Retry-After": said}, b""))
    assert fault is not None
    assert fault.retry_after == waited


@pytest.mark.parametrize("errors", [b"5", b"true", b'"no"', b"{}", b"[[]]"])
def test_a_fault_in_another_shape_is_a_fault(errors: bytes) -> None:
    fault = fault_of(Reply(400, {}, b'{"Fault":{"Error":%s}}' % errors))
    assert fault is not None
    assert fault.text


def test_an_id_of_five_thousand_digits_is_an_id() -> None:
    sweep = Sweeping(id="s", started="2026-05-05T12:00:00Z", expected=2)
    assert step(sweep, ["9" * 5_000, "1"]).last_id == "1"


@pytest.mark.parametrize("text", ["1_000", "１２", "1e19", "1e-41", "9" * 5_000])
def test_what_only_python_takes_for_a_number_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|decimal") as caught:
        exact(text)
    assert len(str(caught.value)) < 150
    assert exact("12.40") == Decimal("12.40")


@pytest.mark.parametrize("form", ["{hunter2}", "{hunter2: 1}", "{hunter2: {a: 1, a: 2}}"])
def test_a_secret_that_was_written_as_a_key_is_not_repeated(form: str) -> None:
    folder = Path(__file__).parents[1] / "daemon/config/files/good"
    text = (folder / "smallest.yaml").read_text()
    text = text.replace("{credential: client-secret}", form)
    with pytest.raises(ConfigProblem) as caught:
        parse(text.encode(), name="c.yaml", folder=folder)
    assert "hunter2" not in str(caught.value)
    assert "qbo.client_secret: secrets are never written here" in str(caught.value)


@pytest.mark.parametrize("form", ["*hunter2", "&hunter2 {a: &hunter2 y}", "!hunter2!x y"])
def test_a_secret_that_yaml_stumbles_over_is_not_repeated(form: str) -> None:
    text = f"version: 1\nqbo:\n  client_secret: {form}\n"
    with pytest.raises(ConfigProblem) as caught:
        parse(text.encode(), name="c.yaml", folder=Path("/etc/trueup"))
    assert "hunter2" not in str(caught.value)


async def _checked(wires: Wires, body: bytes) -> Any:
    def change(answer: Answer) -> Answer | None:
        is_me = answer.path.endswith("/me")
        return msgspec.structs.replace(answer, body=body) if is_me else None

    connector = wires.open_dear()
    wires.change = change
    try:
        return await connector.check()
    finally:
        wires.change = None
        await connector.close()


@pytest.mark.parametrize("body", [b'{"Company":"\xff"}', b'{"Company":1e9999999999999999999}'])
def test_a_company_that_cannot_be_read_is_asked_again(running: Running, body: bytes) -> None:
    with pytest.raises(Transient, match="cannot be read"):
        running.run(_checked(running.wires, body))


@pytest.mark.parametrize("shown", [b"{}", b'{"ID":null}', b'{"ID":["none"]}'])
def test_a_purchase_without_an_id_is_about_no_document(shown: bytes) -> None:
    """Whatever was asked for, even if that is what nothing reads like."""
    for row_id in ("none", "['none']"):
        with pytest.raises(ValueError, match="another document"):
            detail(row_id, shown)


async def _logged_in(wires: Wires, body: bytes) -> Any:
    def change(answer: Answer) -> Answer | None:
        is_login = "/oauth2/" in answer.path
        return msgspec.structs.replace(answer, body=body, status=200) if is_login else None

    for tokens in wires.folder.glob("*.tokens"):
        tokens.unlink()
    connector = wires.open_qbo()
    wires.change = change
    try:
        await connector.check()
    finally:
        wires.change = None
        await connector.close()
        for tokens in wires.folder.glob("*.tokens"):
            tokens.unlink()


@pytest.mark.parametrize(
    "grant", [b'{"access_token":"\xff","refresh_token":"r","expires_in":9}', b"[" * 200_000]
)
def test_a_login_that_cannot_be_read_is_asked_for_again(running: Running, grant: bytes) -> None:
    with pytest.raises(Transient, match="something else than a token"):
        running.run(_logged_in(running.wires, grant))


def test_a_vault_whose_key_id_is_no_text_is_damaged(tmp_path: Path) -> None:
    vault = FileVault(tmp_path, system="qbo", realm="1", key=bytes(32))
    vault.save(Tokens(access_token="a", refresh_token="r"))
    (file,) = tmp_path.glob("*.tokens")
    file.write_bytes(file.read_bytes().replace(b'"key_id":"', b'"key_id":"\x80'))
    with pytest.raises(Unauthorised, match="is damaged"):
        vault.load()


@pytest.mark.parametrize("seconds", [b"99999999999999999999", b"-99999999999999999999"])
def test_a_login_for_ever_is_no_crash(running: Running, seconds: bytes) -> None:
    grant = b'{"access_token":"a","refresh_token":"r","expires_in":%s}' % seconds
    with pytest.raises(Unauthorised):  # the sandbox knows no such token
        running.run(_logged_in(running.wires, grant))
