"""A company goes: its key is destroyed, and nothing of it is left on disk but the chain."""

import re
from pathlib import Path

from daemon.sandbox.world import make_world
from ledger.store.backup import backup_file
from ledger.store.destroy import destroy_key
from ledger.store.verify import verify_file
from tests.scenarios.test_log_content import contents
from tests.town import KEY, Town, town

AN_ID = re.compile(
    r"[0-9a-f]{16,64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|[a-z_]+-[0-9a-z]{12}|[a-z2-7]{10}|[a-z2-7]{16}|[a-z2-7]{32}"
)
"""Digests, DEAR's ids, our record ids: the chain is made of them."""
A_WORD = re.compile(r"[A-Za-z]+")
"""``Other``, ``Active``: words of the wire and of programs."""


async def test_of_a_whole_company_nothing_is_left_but_the_chain(tmp_path: Path) -> None:
    async with town(tmp_path, world=make_world(3, "small")) as one:
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/vendor"})
        await one.agree()
        await one.cycle()
        texts, numbers = contents(one)
        await one.stop_daemon()
        assert len(texts) > 300
        assert found(one, texts), "the tables are searched by name while the ledger is in use"
        key = tmp_path / "ledger.key"
        key.write_bytes(KEY)
        key.chmod(0o400)
        copy = tmp_path / "copy.backup"
        backup_file(tmp_path / "ledger.db", copy, now=one.clock.now(), key=KEY)

        done = destroy_key(
            tmp_path / "ledger.db", key, by="ann (uid 7)", reason="they left", now=one.clock.now
        )

        assert verify_file(tmp_path / "ledger.db", key=None).head == done.head
        names = {text for text in texts if not (AN_ID.fullmatch(text) or A_WORD.fullmatch(text))}
        assert len(names) > 150
        left = found(one, names)
        assert left == []
        assert found(one, {n for n in numbers if len(n) > 6}) == []


def found(one: Town, texts: set[str]) -> list[str]:
    """Those of the texts that some file of the ledger holds, in any case."""
    files = [path for path in one.folder.iterdir() if path.is_file()]
    assert len(files) >= 1
    held = b"\n".join(path.read_bytes() for path in files).lower()
    return sorted(text for text in texts if text.lower().encode() in held)
