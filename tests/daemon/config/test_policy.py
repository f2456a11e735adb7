"""The configuration in the words of the reconcile core."""

from pathlib import Path

from daemon.config.load import load, parse
from daemon.config.policy import deciding_bytes, make_policy
from ledger.model.ids import Kind, SystemName

GOOD = Path(__file__).parent / "files" / "good"
QBO, DEAR = SystemName("qbo"), SystemName("dear")


def test_what_was_configured_arrives() -> None:
    policy = make_policy(load(GOOD / "empty_sections.yaml").config)
    assert policy.systems == (QBO, DEAR)
    assert policy.authority[Kind.VENDOR] == {"email": "both", "terms": "qbo", "notes": "none"}
    assert policy.foreign_edit(Kind.VENDOR, "terms") == "restore"
    assert policy.foreign_edit(Kind.VENDOR, "email") == "hold"
    assert policy.limits.oscillation_window_s == 86_400


def test_every_kind_is_there_under_its_own_name() -> None:
    policy = make_policy(load(GOOD / "words_of_yaml_1_1.yaml").config)
    assert policy.flow(Kind.CLASS) == "off"
    assert policy.create_policy(Kind.ACCOUNT, QBO) == "never"
    assert policy.create_policy(Kind.ACCOUNT, DEAR) == "auto"
    assert policy.create_policy(Kind.VENDOR, QBO) == "auto"


def test_only_what_decides_changes_the_digest() -> None:
    text = (GOOD / "smallest.yaml").read_text()

    def bytes_of(more: str) -> bytes:
        return deciding_bytes(parse((text + more).encode(), name="c", folder=Path("/")))

    assert bytes_of("log: {level: debug}\n") == bytes_of("")
    assert bytes_of("names: hold\n") != bytes_of("")
    assert bytes_of("kinds: {vendor: {flow: manual}}\n") != bytes_of("")
