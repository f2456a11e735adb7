"""The ``webhooks`` section as what the listener goes by, its secrets read."""

from daemon.config.model import Config
from daemon.connectors.secrets import SecretRef
from daemon.webhooks.doors import DearDoor, Door, QboDoor, Settings
from ledger.model.errors import ConfigProblem

SHORTEST = 16
"""Characters of a secret that DEAR sends: shorter ones can be guessed."""


def make_doors(config: Config) -> Settings | None:
    """None where nothing is to listen. ``ConfigProblem`` names every secret that cannot be had."""
    given = config.webhooks
    if given is None:
        return None
    problems: list[str] = []
    doors: list[Door] = []
    if given.qbo is not None:
        tokens = _read(given.qbo.verifier_tokens, "webhooks.qbo.verifier_tokens", problems)
        doors.append(
            QboDoor(
                path=given.qbo.path,
                secrets=tokens,
                realm=config.qbo.realm_id,
                expected=given.qbo.expected,
            )
        )
    if given.dear is not None:
        key = "webhooks.dear.secrets"
        secrets = _read(given.dear.secrets, key, problems)
        if any(len(secret) < SHORTEST for secret in secrets):
            problems.append(
                f"{key}: shorter than {SHORTEST} characters: make one with: openssl rand -hex 32"
            )
        doors.append(
            DearDoor(
                path=given.dear.path,
                secrets=secrets,
                proof=given.dear.header,
                expected=given.dear.expected,
            )
        )
    if problems:
        raise ConfigProblem(problems)
    host, port = given.address
    return Settings(
        host=host,
        port=port,
        doors=tuple(doors),
        max_body=given.max_body,
        missed_after=given.missed_after,
    )


def _read(references: tuple[SecretRef, ...], key: str, problems: list[str]) -> tuple[bytes, ...]:
    found: list[bytes] = []
    for reference in references:
        try:
            found.append(reference.resolve().encode())
        except ConfigProblem as problem:
            problems += [f"{key}: {text}" for text in problem.problems]
    return tuple(found)
