"""Answers of the login service, and what lies in the vault: a login, or a refusal without it."""

from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from daemon.connectors.secrets import SecretRef
from daemon.connectors.vault import FileVault, Tokens, key_from
from ledger.model.errors import ConfigProblem, TrueupError, Unauthorised
from tests.fuzz import spoiling
from tests.fuzz.conftest import Running
from tests.fuzz.effort import effort
from tests.fuzz.wires import Answer, Wires

REFRESH, ACCESS = "RT1-do-not-show-this", "eyJ-do-not-show-that"
TOKENS = Tokens(refresh_token=REFRESH, access_token=ACCESS)
KEY = bytes(range(32))


@effort(60)
@given(damages=spoiling.DAMAGES, changes=spoiling.CHANGES, is_damaged=st.booleans())
def test_a_vault_opens_or_says_why_not(
    tmp_path: Path,
    damages: list[spoiling.Damage],
    changes: list[spoiling.Change],
    is_damaged: bool,
) -> None:
    vault = FileVault(tmp_path, system="qbo", realm="1", key=KEY)
    vault.save(TOKENS)
    (file,) = tmp_path.glob("*.tokens")
    sealed = file.read_bytes()
    if is_damaged:
        file.write_bytes(spoiling.broken(sealed, damages))
    else:
        file.write_bytes(spoiling.written(spoiling.changed(sealed, changes)))
    try:
        assert vault.load() == TOKENS
    except Unauthorised as error:
        refusal = error
    else:
        return
    assert refusal.cure
    assert REFRESH not in str(refusal)
    assert ACCESS not in str(refusal)


@effort(60)
@given(st.text(max_size=90) | st.sampled_from([*spoiling.TEXTS, "ab" * 32, "=" * 64, "é" * 64]))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        key = key_from(text, "credential vault-key")
    except ConfigProblem as error:
        assert not text.strip() or len(text) < 6 or text not in str(error)  # noqa: PT017
        return
    assert len(key) == 32


@effort(80)
@given(data=st.binary(max_size=200))
def test_any_file_is_a_secret_or_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    file.write_bytes(data)
    try:
        secret = SecretRef(file=file).resolve()
    except ConfigProblem:
        return
    assert secret == data.decode().rstrip("\r\n")


async def logged_in(wires: Wires, body: bytes, status: int) -> TrueupError | None:
    """How a first call ends when the login service answers so."""

    def change(answer: Answer) -> Answer | None:
        if "/oauth2/" not in answer.path:
            return None
        return msgspec.structs.replace(answer, body=body, status=status)

    for stale in wires.folder.glob("*.tokens"):
        stale.unlink()
    connector = wires.open_qbo()
    wires.change = change
    try:
        await connector.check()
    except TrueupError as error:
        return error
    finally:
        wires.change = None
        await connector.close()
        for stale in wires.folder.glob("*.tokens"):
            stale.unlink()
    return None


GRANT = (
    b'{"token_type":"bearer","expires_in":3600,"x_refresh_token_expires_in":8726400,'
    b'"x_refresh_token_hard_expires_in":157680000,'
    b'"refresh_token":"RT1-do-not-show-this","access_token":"eyJ-do-not-show-that"}'
)


@effort(50)
@given(
    changes=spoiling.CHANGES,
    damages=spoiling.DAMAGES,
    is_damaged=st.sampled_from([False, False, True]),
    status=st.sampled_from([200, 200, 200, 400, 401, 429, 500]),
)
def test_any_answer_of_the_login_service_ends_by_name(
    running: Running,
    changes: list[spoiling.Change],
    damages: list[spoiling.Damage],
    is_damaged: bool,
    status: int,
) -> None:
    body = (
        spoiling.broken(GRANT, damages)
        if is_damaged
        else spoiling.written(spoiling.changed(GRANT, changes))
    )
    error = running.run(logged_in(running.wires, body, status))
    assert error is None or REFRESH not in str(error)
    assert error is None or ACCESS not in str(error)
