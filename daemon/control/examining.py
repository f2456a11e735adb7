"""A close look at the connected systems, for ``trueup doctor``: only reads, counted.

With a daemon it is the daemon that looks, because two processes must not renew one login. Must not
decide about records, and must not write to a system.
"""

from collections.abc import Sequence

from daemon.connectors.base import Connector, Watched
from daemon.connectors.examining import Examination, Examines, Verdict, Wanted, judged
from daemon.control.connecting import Connecting
from daemon.control.protocol_doctor import (
    ExamineAnswer,
    ExamineRequest,
    NameAsked,
    SystemExamined,
    VerdictShown,
)
from daemon.cycle.company import Company
from daemon.reconcile.policy import Policy
from ledger.model.errors import Refused, Throttled, Transient, Unauthorised
from ledger.model.ids import SystemName


async def examine(company: Company, request: ExamineRequest) -> ExamineAnswer:
    """Every system in turn; one that cannot be heard does not keep the others back."""
    found = [
        await _examined(company, connector, [n for n in request.names if n.system == name])
        for name, connector in company.connectors.items()
    ]
    return ExamineAnswer(as_of=company.clock.now(), systems=tuple(found))


async def _examined(
    company: Company, connector: Connector, names: Sequence[NameAsked]
) -> SystemExamined:
    before = _calls(connector)
    answer = await Connecting(company).look(connector.name)
    connection = answer.systems[0]
    verdicts: list[Verdict] = []
    closed_until, ahead = "", None
    if isinstance(connector, Examines):
        if connection.connected:
            closed_until = (await connector.check()).closed_until
            examination = connector.examination()
            verdicts = [
                *await _probed(connector.name, examination),
                *await _names(company.policy, connector.name, examination, names),
            ]
        ahead = connector.clock_ahead_s
    return SystemExamined(
        connection=connection,
        verdicts=tuple(
            VerdictShown(name=v.name, state=v.state, found=v.found, cure=v.cure) for v in verdicts
        ),
        closed_until=closed_until,
        clock_ahead_s=ahead,
        calls=_calls(connector) - before,
    )


async def _probed(system: SystemName, examination: Examination) -> Sequence[Verdict]:
    try:
        return await examination.probe()
    except (Transient, Throttled, Refused, Unauthorised) as error:
        return [Verdict(name=f"{system} lists", state="bad", found=str(error), cure=error.cure)]


async def _names(
    policy: Policy, system: SystemName, examination: Examination, names: Sequence[NameAsked]
) -> list[Verdict]:
    verdicts = []
    for asked in names:
        wanted = Wanted(
            key=asked.key, book=asked.book, name=asked.name, types=asked.types, exact=asked.exact
        )
        try:
            entries = await examination.entries(asked.book)
        except (Transient, Throttled, Refused, Unauthorised) as error:
            verdicts.append(Verdict(name=asked.key, state="skipped", found=str(error)))
            continue
        if entries is None:
            text = f"{policy.title(system)} has no list of {asked.book} to look in"
            verdicts.append(Verdict(name=asked.key, state="skipped", found=text))
        else:
            verdicts.append(judged(wanted, entries, policy.title(system)))
    return verdicts


def _calls(connector: Connector) -> int:
    return connector.tally.calls if isinstance(connector, Watched) else 0
