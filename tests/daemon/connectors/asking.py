"""A process that asks each address once and tells what came of it, a line for each.

A process of its own, because what it trusts and which proxy it goes by is read when it starts.
"""

import asyncio
import sys

from daemon.clock import SystemClock
from daemon.connectors.governor import Governor
from daemon.connectors.http import Http
from ledger.model.errors import TrueupError


async def main(addresses: list[str]) -> None:
    clock = SystemClock()
    for address in addresses:
        governor = Governor(clock, per_second=100, per_minute=1000, in_flight=1)
        http = Http(address, clock=clock, governor=governor, timeout_s=20.0, private=True)
        try:
            reply = await http.send("GET", "/private-path")
            sys.stdout.write(f"{reply.status} {reply.body.decode()}\n")
        except TrueupError as error:
            sys.stdout.write(f"{type(error).__name__}: {error}\n")
        finally:
            await http.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
