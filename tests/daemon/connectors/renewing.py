"""A process that renews a login once and is killed where it is told to, for the test beside it.

``python -m tests.daemon.connectors.renewing FOLDER TOKEN_URL WHEN``, where WHEN is ``before``
(the answer is here, and not yet stored), ``during`` (half of it is on disk), ``after`` (stored, and
not yet used) or ``never``. Prints the access token that it would have used.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from daemon.clock import SystemClock
from daemon.connectors.oauth import OAuth
from daemon.connectors.vault import FileVault, Tokens


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly(FileVault):
    """Stores as ever, and ends the process before, during or after."""

    when = "never"

    def save(self, tokens: Tokens) -> None:
        if self.when == "before":
            die()
        if self.when == "during":
            os.fsync = lambda _handle: die()  # type: ignore[assignment]
        super().save(tokens)
        if self.when == "after":
            die()


async def main(folder: Path, token_url: str, client: str, first: str, when: str) -> None:
    vault = Deadly(folder, system="qbo", realm="934", key=b"k" * 32)
    vault.when = when
    client_id, _, client_secret = client.partition(":")
    login = OAuth(
        system="qbo",
        clock=SystemClock(),
        store=vault,
        credentials=lambda: (client_id, client_secret),
        bootstrap=lambda: first,
        token_url=token_url,
    )
    token = await login.access_token()
    await login.close()
    sys.stdout.write(token)


if __name__ == "__main__":
    # Secrets over stdin: this process stands in the list of processes like any other.
    client, first = sys.stdin.readline().split()
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], client, first, sys.argv[3]))
