"""One soak: a daemon that is killed again and again while people and another program work on both
sides, the wire fails, and somebody changes its configuration. Now and then the world comes to rest
and is held against what the simulators remember.

The seed draws what happens and in which order. When exactly it happens is up to the machine, so a
soak is told as a log and cannot be repeated to the letter.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from daemon.clock import SystemClock
from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.server import serve
from ledger.model.entries import Confirmed, Entry
from tests.simulation import actors
from tests.simulation.actors import edit_qbo_active
from tests.simulation.casts import PAPERS
from tests.simulation.life import Life as Judge
from tests.simulation.life import Story
from tests.simulation.troubles import trouble
from tests.soak import person
from tests.soak.company import RULES, SoakClock, SoakTown
from tests.soak.process import Daemon, Life
from tests.soak.traffic import Traffic

LATEST_S: Final = 0.08
"""A kill that waits for a request falls up to so long after it came in: before it is carried out,
between that and the answer, and between the appends that follow."""
REEXPORTS: Final = 0.1
"""How much of what is done at trueup's controls is for a re-export."""
MOST_TOLD: Final = 400
"""Characters of a line of the story."""
_WHAT: Final = {"edit": 40, "trouble": 5, "storm": 1, "rules": 2}
_ACTS: Final = (*PAPERS.acts, *actors.ACTS, *actors.ACTS)
_STORMS: Final[dict[str, tuple[str, ...]]] = {
    "qbo": ("", "gateway", "403", "html"),
    "dear": ("", "429_bare", "503_bare", "400_model"),
}


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    seed: int
    kills: int
    minutes: float
    scale: float
    rest_every: int
    """Kills between two looks at the world at rest."""
    calm: float = 0.0
    """Real minutes of each life that nobody kills; 0 = a share of the whole."""

    @property
    def life_s(self) -> float:
        """Real seconds of a life, on average."""
        return max(1.0, self.minutes * 60 * 0.75 / max(1, self.kills))

    @property
    def pause_s(self) -> float:
        """Real seconds between two things that happen, on average."""
        return max(0.5, self.life_s / 5)

    @property
    def calm_s(self) -> float:
        """Real seconds of each life that nobody kills."""
        return self.calm * 60 or max(2.0, self.minutes * 60 * 0.15 / self.rests)

    @property
    def rests(self) -> int:
        return max(1, -(-self.kills // self.rest_every))


@dataclass
class Outcome:
    """What was done, and what is wrong."""

    problems: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    calm: list[Life] = field(default_factory=list)
    events: int = 0
    entries: Counter[str] = field(default_factory=Counter)
    """Of the journal at the end, by what they say."""


class Soak:
    """The whole run."""

    def __init__(self, plan: Plan, one: SoakTown, say: Callable[[str], None]) -> None:
        self.plan = plan
        self.one = one
        self.outcome = Outcome()
        self.daemon = Daemon(one)
        self.traffic = Traffic(one.faults, one.log)
        self._real = SystemClock()
        self._say = say
        self._judge: Judge
        self._acts = random.Random(f"soak acts {plan.seed}")
        self._deaths = random.Random(f"soak deaths {plan.seed}")

    def tell(self, text: str) -> None:
        self._say(f"{self.daemon.now_s:8.1f}s {self.one.clock.now():%d %H:%M:%S}  {text}")

    async def run(self) -> Outcome:
        """All of it. What cannot go on at all is a problem like any other."""
        try:
            await self._all()
        except AssertionError as error:
            self._wrong(str(error))
        self.outcome.events = len(self._judge.witness.events)
        return self.outcome

    async def _all(self) -> None:
        await self._open()
        await self._agree()
        left = self.plan.kills
        while left:
            part = min(left, self.plan.rest_every)
            left -= part
            async with self._bustle():
                for _ in range(part):
                    await self._life_and_death()
                await self._calm_life()
            await self._rest()

    async def _open(self) -> None:
        """The witness begins to watch, over a ledger that nobody has written to."""
        self.one.write_config(RULES[0])
        await self.one.start_daemon()
        self._judge = Judge(self.one, Story(), PAPERS)
        await self.one.stop_daemon()

    async def _agree(self) -> None:
        """The first look at both sides, the first plan, and the first yes."""
        async with self._watched() as life:
            await self.daemon.ready(life)
            told = await person.begin(self.one.socket)
            code = await self.daemon.stop(life)
        self.tell(f"FIRST {told}, asked to stop ({code}) {_told(life)}")

    # -- lives -----------------------------------------------------------------------------------

    async def _life_and_death(self) -> None:
        """One process, until a moment that nobody chose."""
        rng = self._deaths
        how = rng.choices(("start", "moment", "request", "write"), (1, 3, 2, 4))[0]
        left = rng.randint(1, 40 if how == "request" else 6)
        after_s = rng.uniform(0, LATEST_S)
        share = rng.uniform(0, 2)
        due = asyncio.Event()

        def came(writes: bool) -> None:
            nonlocal left
            left -= how == "request" or (how == "write" and writes)
            if left == 0:
                asyncio.get_running_loop().call_later(after_s, due.set)

        async with self._watched() as life:
            self.traffic.on_request = came
            if how == "start":
                await self._until(life, share * self._start_s / 2, due)
            else:
                await self.daemon.ready(life)
                await self._until(life, share * self._awake_s, due)
            self.traffic.on_request = None
            if life.process.returncode is not None:
                code = life.process.returncode
                self._wrong(f"the daemon ended by itself ({code}): {self.daemon.tail()}")
            life.kill()
        point = how if due.is_set() or how == "start" else "moment"
        self.outcome.kills[point] += 1
        self.tell(f"KILL {sum(self.outcome.kills.values())} ({point}) {_told(life)}")

    async def _until(self, life: Life, seconds: float, due: asyncio.Event) -> None:
        """So long, or until the request came that it was to die of, or it ended by itself."""
        waits = {asyncio.ensure_future(life.process.wait()), asyncio.ensure_future(due.wait())}
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)

    @property
    def _start_s(self) -> float:
        """Real seconds that a start takes here, going by those of before."""
        known = sorted(life.ready_s for life in self.daemon.lives if life.ready_s is not None)
        return known[len(known) // 2] if known else 1.0

    @property
    def _awake_s(self) -> float:
        """Real seconds of a life behind its start, so that all of them fit into the time; on a
        machine that is slow to start them they are not made too short to do anything."""
        return max(self.plan.life_s / 2, self.plan.life_s - self._start_s)

    async def _calm_life(self) -> None:
        """Nobody kills this one: what it holds is looked at until it is asked to end."""
        async with self._watched() as life:
            await self.daemon.ready(life)
            await self._real.sleep(self.plan.calm_s)
            code = await self.daemon.stop(life)
            if code != 0:
                self._wrong(f"the daemon was asked to stop and ended with {code}")
        self.outcome.calm.append(life)
        self.tell(f"STOP, asked to ({code}) {_told(life)}")

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[Life]:
        before = self.traffic.requests
        async with self.daemon.life() as life:
            yield life
        self.traffic.died()
        life.requests = self.traffic.requests - before

    async def _rest(self) -> None:
        """Nobody disturbs; the files are opened here, and everything is checked."""
        one = self.one
        await one.start_daemon()
        try:
            self._judge.policies[-1] = one.scheduler.company.policy
            problems = await self._judge.judged()
            self.outcome.entries = Counter(map(_said, await one.entries()))
        finally:
            await one.stop_daemon()
        for problem in problems:
            self._wrong(problem)
        self.tell(f"REST after {one.log.last} requests: {len(problems)} problems")

    def _wrong(self, problem: str) -> None:
        if problem not in self.outcome.problems:
            self.outcome.problems.append(problem)
            self.tell(f"WRONG {problem}")

    # -- what happens meanwhile ------------------------------------------------------------------

    @asynccontextmanager
    async def _bustle(self) -> AsyncIterator[None]:
        """People, programs and the network, whether the daemon lives or not."""
        going = [asyncio.ensure_future(self._work()), asyncio.ensure_future(self._operate())]
        try:
            yield
        finally:
            for one in going:
                one.cancel()
            for ended in await asyncio.gather(*going, return_exceptions=True):
                if isinstance(ended, Exception):
                    raise ended

    async def _work(self) -> None:
        """What happens on both sides, and on the wire."""
        rng = self._acts
        while True:
            await self._real.sleep(rng.uniform(0, 2 * self.plan.pause_s))
            what = rng.choices(list(_WHAT), list(_WHAT.values()))[0]
            told = await self._take(what, random.Random(rng.randrange(1_000_000_000)))
            self.outcome.done[what] += 1
            self.tell(f"{what}: {told[:MOST_TOLD]}")

    async def _take(self, what: str, rng: random.Random) -> str:
        match what:
            case "edit":
                return "; ".join([await self._edit(rng) for _ in range(rng.choice((1, 1, 2, 3)))])
            case "trouble":
                rule = trouble(rng)
                self.one.fail(rule)
                return str(rule)
            case "storm":
                system = rng.choice(("qbo", "dear"))
                rule = {"system": system, "kind": "throttle", "times": rng.randint(3, 12)}
                rule["flavour"] = rng.choice(_STORMS[system])
                self.one.fail({name: value for name, value in rule.items() if value})
                return str(rule)
            case "rules":
                return self._change_rules(rng)
            case _:
                raise AssertionError(what)

    async def _edit(self, rng: random.Random) -> str:
        while not self.traffic.may_edit_dear:
            await self._real.sleep(0.02)
        return rng.choice(_ACTS)(self.one, self._judge.witness, rng)

    async def _operate(self) -> None:
        """The person at trueup's controls, whenever somebody answers there."""
        rng = random.Random(f"soak person {self.plan.seed}")
        while True:
            await self._real.sleep(rng.uniform(0, 4 * self.plan.pause_s))
            life = self.daemon.current
            if life is None or life.ready_s is None:
                continue
            what = "re-export" if rng.random() < REEXPORTS else "person"
            if what == "person":
                try:
                    told = await person.act(self.one.socket, rng)
                except AssertionError as error:
                    self._wrong(told := str(error))
            else:
                told = edit_qbo_active(self.one, self._judge.witness, rng) + "; "
                told += await person.reexport(self.one.socket, rng)
            self.outcome.done[what] += 1
            self.tell(f"{what}: {told[:MOST_TOLD]}")

    def _change_rules(self, rng: random.Random) -> str:
        """Somebody saves another configuration; the daemon watches the file, or reads it when it
        starts."""
        rules = rng.choice(RULES)
        self.one.write_config(rules)
        self._judge.policies.append(self.one.policy_of_config())
        return str(rules or "as at first")


def _said(entry: Entry) -> str:
    how = f" ({entry.how})" if isinstance(entry, Confirmed) else ""
    return f"{type(entry).__name__}{how}"


def _told(life: Life) -> str:
    ready = f"ready after {life.ready_s:.1f} s" if life.ready_s is not None else "never ready"
    held = ""
    if life.vitals:
        last = life.vitals[-1]
        held = f", {last.rss / 2**20:.0f} MiB, {last.descriptors} fds, {last.threads} threads"
    return f"life {life.number}: {ready}, {life.requests} requests{held}"


async def soak(plan: Plan, folder: Path, say: Callable[[str], None]) -> tuple[Soak, Outcome]:
    """Serve both simulators, and run it."""
    clock = SoakClock(plan.scale)
    one = SoakTown(folder, PAPERS.company(plan.seed), clock)
    one.log = RequestLog(clock, folder / "requests.jsonl")
    opening = PAPERS.opening(random.Random(f"switches soak {plan.seed}"))
    one.qbo_settings, one.dear_settings = dict(opening.qbo_settings), dict(opening.dear_settings)
    shared: dict[str, Any] = {"faults": one.faults, "log": one.log}
    # A login that is renewed in the moment of a death: see "a login can be lost" in weaknesses.
    logins: dict[str, Any] = {"refresh_rotation": "always", "previous_refresh_token": "grace"}
    one.qbo = QboTwin(one.world, clock=clock, switches=replace(opening.qbo, **logins), **shared)
    one.dear = DearTwin(one.world, clock=clock, switches=opening.dear, **shared)
    run = Soak(plan, one, say)
    async with AsyncExitStack() as stack:
        one.urls["qbo"] = await stack.enter_async_context(serve(one.qbo.app))
        one.urls["dear"] = await stack.enter_async_context(serve(one.dear.app))
        stack.callback(one.log.close)
        return run, await run.run()
