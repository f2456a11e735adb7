"""Lives one seed and prints what came of it, to be compared with another run of the same:
``python -m tests.simulation.replay lists 7``. Journal and request log are told by their digests.
"""

import asyncio
import hashlib
import sys

from tests.simulation.casts import CASTS
from tests.simulation.life import Watch, live, steps_of
from tests.town import Town


async def digests(name: str, seed: int) -> str:
    """The journal, what the sandboxes were asked, and the story, each in one word."""
    cast = CASTS[name]
    parts: list[object] = []

    async def look(one: Town) -> None:
        rows = await one.ledger.read(lambda views: views.entries(0, 1_000_000))
        parts.extend((rows, list(one.log.rows)))

    watch: Watch = look
    story = await live(seed, steps_of(seed, cast), cast, at_rest=watch)
    parts.append(story)
    return " ".join(hashlib.sha256(repr(part).encode()).hexdigest()[:16] for part in parts)


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(digests(sys.argv[1], int(sys.argv[2]))) + "\n")
