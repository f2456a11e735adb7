"""The ``webhooks`` section: what may stand there, and what a listener is made of."""

from datetime import timedelta
from pathlib import Path

import pytest

from daemon.config.doors import make_doors
from daemon.config.load import parse, secret_references
from daemon.config.model import Config
from daemon.webhooks.doors import DearDoor, QboDoor
from ledger.model.errors import ConfigProblem

SMALLEST = """
version: 1
instance: acme
company: {display_name: Acme, timezone: UTC, home_currency: USD}
state_dir: state
qbo: {environment: sandbox, realm_id: "93", client_id: {env: A}, client_secret: {env: B}}
dear: {account_id: "1", application_key: {env: C}, native_link: none}
"""
QBO = "qbo: {verifier_tokens: [{env: HOOK_NEW}, {env: HOOK_OLD}]}"


def read(section: str) -> Config:
    text = f"{SMALLEST}webhooks: {{{section}}}\n"
    return parse(text.encode(), name="c", folder=Path("/"))


def test_without_the_section_nothing_listens() -> None:
    assert make_doors(parse(SMALLEST.encode(), name="c", folder=Path("/"))) is None


def test_what_is_left_out_is_careful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_NEW", "new")
    monkeypatch.setenv("HOOK_OLD", "old")
    monkeypatch.setenv("HOOK_DEAR", "a-long-random-text")
    settings = make_doors(read(f"{QBO}, dear: {{secrets: [{{env: HOOK_DEAR}}]}}"))
    assert settings is not None
    assert (settings.host, settings.port, settings.max_body) == ("127.0.0.1", 8088, 1024 * 1024)
    assert settings.missed_after == timedelta(minutes=15)
    qbo, dear = settings.doors
    assert qbo == QboDoor(path="/qbo", secrets=(b"new", b"old"), realm="93")
    assert dear == DearDoor(
        path="/dear", secrets=(b"a-long-random-text",), proof="X-Trueup-Secret", expected=False
    )
    assert "new" not in repr(settings)
    assert "a-long-random-text" not in repr(settings)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("", "nobody may ring"),
        ("qbo: {verifier_tokens: []}", "webhooks.qbo.verifier_tokens"),
        ("qbo: {verifier_tokens: [{env: A}, {env: B}, {env: C}]}", "webhooks.qbo.verifier_tokens"),
        ("qbo: {verifier_tokens: [secret]}", "secrets are never written here"),
        ("qbo: {verifier_tokens: [{env: A}], path: qbo}", "webhooks.qbo.path"),
        ("qbo: {verifier_tokens: [{env: A}], expcted: true}", "did you mean expected"),
        (f'{QBO}, listen: "8088"', "not an address and port"),
        (f'{QBO}, listen: "localhost:8088"', "not an address and port"),
        (f'{QBO}, listen: "127.0.0.1:70000"', "not an address and port"),
        (f'{QBO}, listen: "::1:8088"', "not an address and port"),
        (f'{QBO}, listen: "0.0.0.0:8088"', "set `behind_proxy: true`"),
        (f'{QBO}, listen: "192.0.2.7:8088"', "set `behind_proxy: true`"),
        (f'{QBO}, listen: "[::]:8088"', "set `behind_proxy: true`"),
        (f"{QBO}, max_body: 10", "not a size"),
        (f"{QBO}, max_body: 17MiB", "not a size"),
        (f"{QBO}, max_body: 1MB", "not a size"),
        (f"{QBO}, missed_after: 0s", "longer than nothing"),
        (f"{QBO}, dear: {{secrets: [{{env: A}}], path: /qbo}}", "are the same"),
        ("dear: {secrets: [{env: A}], header: 'X Y'}", "webhooks.dear.header"),
    ],
)
def test_what_makes_no_sense_is_named(section: str, told: str) -> None:
    with pytest.raises(ConfigProblem, match="c:8:") as problem:
        read(section)
    assert told in "\n".join(problem.value.problems)


@pytest.mark.parametrize("listen", ["127.0.0.2:1", "[::1]:8088"])
def test_this_machines_own_addresses_need_no_word(listen: str) -> None:
    found = read(f'{QBO}, listen: "{listen}"').webhooks
    assert found is not None
    host, port = found.address
    assert f"{host}:{port}" == listen.replace("[", "").replace("]", "")


def test_any_other_address_needs_it() -> None:
    found = read(f'{QBO}, listen: "0.0.0.0:8088", behind_proxy: true').webhooks
    assert found is not None
    assert found.address == ("0.0.0.0", 8088)


def test_every_secret_that_cannot_be_had_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_DEAR", "short")
    monkeypatch.delenv("HOOK_NEW", raising=False)
    config = read("qbo: {verifier_tokens: [{env: HOOK_NEW}]}, dear: {secrets: [{env: HOOK_DEAR}]}")
    with pytest.raises(ConfigProblem) as problem:
        make_doors(config)
    first, second = problem.value.problems
    assert first.startswith("webhooks.qbo.verifier_tokens: environment variable HOOK_NEW")
    assert second.startswith("webhooks.dear.secrets: shorter than 16")
    assert "short" not in second.replace("shorter", "")


def test_the_references_of_a_list_are_known_by_their_place() -> None:
    names = [name for name, _ in secret_references(read(QBO))]
    assert any(name.startswith("webhooks.qbo.verifier_tokens") for name in names)
    assert sum(name.startswith("webhooks") for name in names) == 2


def test_dear_rings_only_where_there_is_a_dear() -> None:
    text = SMALLEST.replace("dear:", "#dear:") + "webhooks: {dear: {secrets: [{env: A}]}}\n"
    with pytest.raises(ConfigProblem, match=r"no operations system|needs a section"):
        parse(text.encode(), name="c", folder=Path("/"))
