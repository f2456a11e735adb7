"""One simulated life of a company: a seed decides the world and every step of it.

A step carries its own random numbers, so that leaving out the others leaves it as it is; what it
does depends on what it finds.
"""

import random
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from daemon.reconcile.policy import Policy
from ledger.model.aside import is_operation
from ledger.store.engine import inline
from tests.scenarios.support import Axe, killed
from tests.simulation import decisions
from tests.simulation.answers import Answers
from tests.simulation.casts import DAY_S, LISTS, Cast
from tests.simulation.checkers import CHECKERS
from tests.simulation.evidence import gather
from tests.simulation.fresh import lay
from tests.simulation.reexport import end_job, reexport
from tests.simulation.troubles import trouble
from tests.simulation.valving import Valves
from tests.simulation.witness import Witness
from tests.town import Town, town

FEWEST, MOST = 8, 20
"""Steps of one life."""
ROUNDS: Final = 25
"""Cycles that a company gets to come to rest when nobody disturbs it."""
NIGH: Final = timedelta(minutes=15)
"""Longer than the last looks at a quiet world take."""
_MEMORY: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Files in memory: no life is told apart from another by how long a disk takes."""
WEIGHTS: Final = {
    "edit": 6,
    "cycle": 5,
    "troubled": 9,
    "trouble": 2,
    "disturbed": 5,
    "decide": 4,
    "kill": 7,
    "settle": 4,
    "restart": 1,
    "rules": 2,
    "full": 1,
    "month": 1,
}


VALVED: Final = {**WEIGHTS, "valve": 14, "reexport": 2, "disturbed": 3, "trouble": 1}
"""The same where somebody is at the valves as well."""
ANSWERING: Final = {**VALVED, "answer": 20, "valve": 6, "reexport": 1}
"""The same where somebody has values of their own as well."""
LOGIN_S: Final = 99 * DAY_S
"""After 100 days in which nobody looked QuickBooks wants a person to log in again."""
LINKING: Final = {**VALVED, "answer": 4, "valve": 4, "reexport": 1, "decide": 16}
"""The same where somebody parts and joins."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens. ``salt`` seeds the random numbers of the step."""

    what: str
    salt: int


@dataclass
class Story:
    """What happened, for people to read; what is wrong with it."""

    told: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def steps_of(seed: int, cast: Cast = LISTS) -> tuple[Step, ...]:
    """The steps that this seed stands for."""
    rng = random.Random(f"steps {cast.salt}{seed}")
    count = rng.randint(FEWEST, MOST)
    weights = VALVED if cast.valved else WEIGHTS
    weights = ANSWERING if cast.answering else weights
    weights = LINKING if cast.linking else weights
    drawn = rng.choices(list(weights), list(weights.values()), k=count)
    start = [Step("agree", 0)] if rng.random() < 0.85 else []
    return (*start, *(Step(what, rng.randrange(1_000_000)) for what in drawn))


Watch = Callable[[Town], Awaitable[None]]


async def live(
    seed: int,
    steps: Sequence[Step],
    cast: Cast = LISTS,
    *,
    in_memory: bool = True,
    at_rest: Watch | None = None,
) -> Story:
    """Live through the steps, let the world come to rest, and look at it."""
    story = Story()
    opening = cast.opening(random.Random(f"switches {cast.salt}{seed}"))
    with tempfile.TemporaryDirectory(prefix="trueup-sim-", dir=_MEMORY) as folder:
        lay(Path(folder) / "ledger.db")
        async with town(
            Path(folder),
            world=cast.company(seed),
            qbo=opening.qbo,
            dear=opening.dear,
            qbo_settings=opening.qbo_settings,
            dear_settings=opening.dear_settings,
            executor=inline,
            in_memory=in_memory,
            **opening.rules,
        ) as one:
            await Life(one, story, cast).run(steps)
            if at_rest is not None:
                await at_rest(one)
    return story


class Life:
    """One company on its way through its steps."""

    def __init__(self, one: Town, story: Story, cast: Cast = LISTS) -> None:
        self.one = one
        self.story = story
        self.cast = cast
        self.witness = Witness(one)
        self.policies: list[Policy] = [one.scheduler.company.policy]
        self._deciding = b""
        self._away_s = 0.0
        """How long nobody has looked."""
        self.valves = Valves(one)
        self.answers = Answers(
            one, self.witness, started=self._restore_rules, eras=lambda: len(self.policies)
        )

    async def run(self, steps: Sequence[Step]) -> None:
        for number, step in enumerate(steps):
            told = await self._take(step, random.Random(f"{step.what} {step.salt}"))
            self.story.told.append(f"{number:2} {step.what}: {told}")
        self.story.problems += await self.judged()

    async def judged(self) -> list[str]:
        """Let the world come to rest; what is wrong with it then."""
        if rested := await self._rest():
            return rested
        evidence = await gather(self.one, self.witness, self.policies, self.valves, self.answers)
        problems = []
        for checker in CHECKERS:
            name = checker.__module__.rsplit(".", 1)[1]
            problems += [f"{name}: {p}" for p in await checker(evidence)]
        return problems

    async def _take(self, step: Step, rng: random.Random) -> str:
        one = self.one
        match step.what:
            case "agree":
                await one.cycle("first")
                await decisions.approve(one)
                return self._told(await one.cycle("agreed"))
            case "edit":
                return self._edit(rng)
            case "cycle":
                return self._told(await one.cycle(after_s=rng.choice((1.0, 60.0, 200.0, 4000.0))))
            case "trouble":
                rule = trouble(rng)
                one.fail(rule)
                return str(rule)
            case "troubled":
                told = self._edit(rng)
                rules = [trouble(rng, late=3) for _ in range(rng.choice((1, 1, 2)))]
                one.fail(*rules)
                report = await one.cycle(after_s=rng.choice((1.0, 60.0, 200.0)))
                return f"{told}; {rules}; {self._told(report)}"
            case "disturbed":
                return await self._disturbed(rng)
            case "decide":
                return await decisions.decide(one, rng, self.cast.decisions)
            case "kill":
                return await self._kill(rng)
            case "settle":
                await one.cycle()
                await decisions.decide(one, rng, self.cast.decisions)
                return self._told(await one.cycle(after_s=200.0))
            case "valve":
                return await self.valves.turn(rng)
            case "answer":
                return await self.answers.turn(rng)
            case "reexport":
                return await reexport(one, self.witness, rng, started=self._restore_rules)
            case "restart":
                await self._reopen()
                return "restarted"
            case "rules":
                return self._change_rules(rng)
            case "full":
                one.clock.advance(60.0)
                return self._told(await one.scheduler.run_now("full", full=True))
            case "month":
                if self._away_s + self.cast.long_s > LOGIN_S:
                    return "somebody looks before the login ends"
                self._away_s += self.cast.long_s
                one.clock.advance(self.cast.long_s)
                return f"{self.cast.long_s / DAY_S:.0f} days pass"
            case _:
                raise AssertionError(step.what)

    def _edit(self, rng: random.Random) -> str:
        acts = rng.choices(self.cast.acts, k=rng.choice(self.cast.at_once))
        return "; ".join(act(self.one, self.witness, rng) for act in acts)

    def _told(self, report: Any) -> str:
        self._away_s = 0.0
        codes = ",".join(problem.code for problem in report.problems)
        return (
            f"complete={report.complete} planned={report.planned} sent={report.sent} "
            f"confirmed={report.confirmed} rejected={report.rejected} unknown={report.unknown} "
            f"waiting={report.waiting} open={report.open_intents} {codes}"
        )

    async def _disturbed(self, rng: random.Random) -> str:
        """Somebody acts while a cycle is under way."""
        one = self.one
        act, system = rng.choice(self.cast.acts), rng.choice(("qbo", "dear"))
        left = rng.randrange(16)
        first, told = self._edit(rng), "nobody came"

        def watch(at: str, method: str, path: str) -> None:
            nonlocal left, told
            # Between its look and its write DEAR offers no protection at all: a known weakness.
            if at != system or (system == "dear" and method != "GET"):
                return
            left -= 1
            if left < 0:
                one.faults.on_request = None
                told = f"at {method} {path}: {act(one, self.witness, rng)}"

        one.faults.on_request = watch
        try:
            report = await one.cycle()
        finally:
            one.faults.on_request = None
        return f"{first}; {told}; {self._told(report)}"

    async def _kill(self, rng: random.Random) -> str:
        """The daemon ends at some append or answer, and the next one starts over what is left."""
        told = self._edit(rng)
        how = rng.choice(("before_append", "after_append", "after_answer"))
        number = rng.randint(1, 16)

        def arm(axe: Axe) -> None:
            getattr(axe, how)(number)

        fell = await killed(self.one, self.one.cycle(), arm)
        if fell:
            self._restore_rules()
        return f"{told}; {how} {number}: {'killed' if fell else 'it lived'}"

    async def _reopen(self) -> None:
        await self.one.restart()
        self._restore_rules()

    def _restore_rules(self) -> None:
        self.one.scheduler.company.deciding = self._deciding
        self.valves.restore()

    def _change_rules(self, rng: random.Random) -> str:
        number = rng.randrange(len(self.cast.rules))
        one = self.one
        company = one.scheduler.company
        one.policy_changes = dict(self.cast.rules[number])
        policy = Policy(
            systems=company.policy.systems,
            capabilities=company.policy.capabilities,
            **one.policy_changes,
        )
        self.witness.trail.era = len(self.policies)
        self.policies.append(policy)
        self._deciding = str(number).encode()
        one.scheduler.swap(policy, self._deciding)
        return f"rules {one.policy_changes}"

    async def _rest(self) -> list[str]:
        """Nobody disturbs any more: faults end, everything that waits is approved."""
        one = self.one
        one.faults.clear()
        await self.valves.open_all()
        one.clock.advance(300.0)
        await end_job(one)
        whole = await one.scheduler.run_now("rest", full=True)
        if await self.valves.accept_absence(whole.problems):  # no first plan is approved before
            await one.scheduler.run_now("rest", full=True)
        moving: list[str] = []
        for _ in range(ROUNDS):
            approved = await decisions.approve(one)
            report = await one.cycle("rest", after_s=200.0)
            moving.append(f"approved {approved}: {self._told(report)}")
            if report.problems and await self.valves.accept_absence(report.problems):
                await one.scheduler.run_now("rest", full=True)
            standing = await one.ledger.read(lambda views: views.standing_skips())
            skipped = [skip for skip in standing if is_operation(skip.subject)]
            waiting = await one.operations("waiting")
            asked = sum(row.reason == "asked_about" for row in waiting)  # no yes answers that
            if (
                report.complete
                and report.learned_nothing
                and report.waiting <= len(skipped) + asked
                and not report.open_intents
                and approved <= asked
                and not await self._skip_ends_soon()
            ):
                return []
        return ["rest: the world never came to rest: " + " | ".join(moving[-4:])]

    async def _skip_ends_soon(self) -> bool:
        """Whether the end of a skip would have come while nothing should happen; it has come now,
        and what follows from it is part of coming to rest."""
        clock = self.one.clock
        now = clock.now()
        end = await self.one.ledger.read(lambda views: views.next_skip_end(now))
        if end is None or end > now + NIGH:
            return False
        clock.advance((end - now).total_seconds())
        return True
