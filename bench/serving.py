"""Both simulators over a company of any size, as ``trueup sandbox`` serves those of fixed sizes.

python -m bench.serving --scale 6.5 --clock-scale 60
"""

import asyncio
import json
import signal
from contextlib import AsyncExitStack
from typing import Any

from bench.figures import arguments
from daemon.clock import SystemClock
from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.server import serve
from daemon.sandbox.world import SIZES, World, _world

MOST_PARTIES = 2
"""Times those of ``large``: then the words for names are used up."""


def large(scale: float) -> World:
    """So many times the products of the sample company ``large``."""
    products, vendors, customers = SIZES["large"]
    parties = min(scale, MOST_PARTIES)
    counts = (round(products * scale), round(vendors * parties), round(customers * parties))
    return _world(1, "large", counts)


async def serving(scale: float, clock_scale: float) -> None:
    """Until SIGTERM; one line of JSON tells where."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock = SystemClock(clock_scale)
    log = RequestLog(clock)
    world = large(scale)
    shared: dict[str, Any] = {"clock": clock, "log": log, "faults": FaultScript()}
    qbo, dear = QboTwin(world, **shared), DearTwin(world, **shared)
    async with AsyncExitStack() as stack:
        qbo_url = await stack.enter_async_context(serve(qbo.app))
        dear_url = await stack.enter_async_context(serve(dear.app))
        told = {
            "clock_scale": clock_scale,
            "qbo": {**qbo.addresses(qbo_url), **qbo.credentials},
            "dear": {"base_url": dear_url + dear.path.rstrip("/"), **dear.credentials},
        }
        print(json.dumps(told), flush=True)
        await stop.wait()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--scale", type=float, default=6.5, help="of the sample company large")
    parser.add_argument("--clock-scale", type=float, default=60.0)
    options = parser.parse_args()
    asyncio.run(serving(options.scale, options.clock_scale))


if __name__ == "__main__":
    main()
