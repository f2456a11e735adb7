"""Giving access to a system and ending it: with a daemon through its socket, without one directly.

Takes a company that is open. Must not show a token, a code, or more of a company's id than its end.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from daemon.connectors.base import Connector, Health, LoginLife, Watched
from daemon.connectors.consent import Authorises, NoConsent, Why, ends_in
from daemon.connectors.oauth import NEEDS_PERSON
from daemon.control.health import shown_life
from daemon.control.protocol import Code, Declined, DoneAnswer, ProblemShown
from daemon.control.protocol_connect import (
    ConnectAnswer,
    ConnectCheckRequest,
    ConnectFinishRequest,
    ConnectionsAnswer,
    ConnectionShown,
    ConnectRequest,
    DisconnectRequest,
)
from daemon.control.protocol_live import TokenShown
from daemon.cycle.company import Company
from daemon.cycle.pinning import is_pinned, pin
from ledger.model.entries import Connected, Disconnected
from ledger.model.errors import (
    ConfigProblem,
    Refused,
    Throttled,
    Transient,
    Unauthorised,
)
from ledger.model.ids import SystemName

CODES: Mapping[Why, Code] = {
    Why.MALFORMED: Code.BAD_REQUEST,
    Why.STALE: Code.STALE,
    Why.DENIED: Code.GUARDED,
    Why.COMPANY: Code.GUARDED,
    Why.REDIRECT: Code.NOT_READY,
}


class Connecting:
    """The acts of one company. ``nudge`` brings the next cycle forward, where there are cycles."""

    def __init__(self, company: Company, nudge: Callable[[str], None] = lambda _: None) -> None:
        self._company = company
        self._nudge = nudge

    async def begin(self, request: ConnectRequest) -> ConnectAnswer:
        """The page to open. Nothing has changed yet."""
        system, connector = self._authorising(request.system)
        await self._belongs(system, connector)
        if not request.reconnect and _is_logged_in(connector):
            raise Declined(
                Code.GUARDED,
                f"{system} is connected: company {ends_in(connector.company_id)}",
                cure="authorise it again with: trueup connect --reconnect; look at it with: "
                "trueup connect --check",
            )
        with _plainly():
            asked = await connector.ask_consent(port=request.port)
        return ConnectAnswer(
            as_of=self._company.clock.now(),
            system=system,
            url=asked.url,
            redirect_uri=asked.redirect_uri,
            state=asked.state,
            expires_at=asked.expires_at.isoformat(timespec="seconds"),
        )

    async def finish(self, actor: str, request: ConnectFinishRequest) -> ConnectionsAnswer:
        """Take the answer; the new login is in force at once, and the company looked at."""
        system, connector = self._authorising(request.system)
        await self._belongs(system, connector)
        with _plainly():
            await connector.take_answer(request.answer)
        draft = self._company.ledger.draft(actor=actor)
        draft.add(Connected(system=system, by=actor))
        await self._company.ledger.append(draft)
        found = await self.look(system)
        self._nudge("connected")
        return found

    async def look(self, system: SystemName | None = None) -> ConnectionsAnswer:
        """How the systems stand (or one of them), asked of them now."""
        found = [
            await self._look_at(name, connector)
            for name, connector in self._company.connectors.items()
            if system is None or name == system
        ]
        return ConnectionsAnswer(as_of=self._company.clock.now(), systems=tuple(found))

    async def disconnect(self, actor: str, request: DisconnectRequest) -> DoneAnswer:
        """End the login. The ledger stays, and so does every decision in it."""
        system, connector = self._authorising(request.system)
        what = f"{system}: the login of company {ends_in(connector.company_id)}"
        if request.dry_run:
            text = f"{what} would be revoked there and forgotten here; the ledger stays"
            return self._done(text, seq=0, dry_run=True)
        with _plainly():
            was_known = await connector.end_login(even_unheard=request.force)
        draft = self._company.ledger.draft(actor=actor)
        draft.add(Disconnected(system=system, reason=request.reason, by=actor))
        (seq,) = await self._company.ledger.append(draft)
        self._nudge("disconnected")
        how = (
            "revoked there and forgotten here"
            if was_known
            else ("forgotten here; the other side knew it no more, or could not be told")
        )
        text = f"{what} was {how}. Nothing is read or written there until: trueup connect"
        return self._done(text, seq=seq)

    def _done(self, text: str, *, seq: int, dry_run: bool = False) -> DoneAnswer:
        return DoneAnswer(
            as_of=self._company.clock.now(),
            text=text,
            seq=seq,
            next="trueup status",
            back="trueup connect",
            dry_run=dry_run,
        )

    def _authorising(self, name: str) -> tuple[SystemName, Authorises]:
        connector = self._company.connectors.get(SystemName(name))
        if connector is None:
            known = ", ".join(self._company.connectors)
            raise Declined(
                Code.NOT_FOUND, f"no system is called {name!r}", cure=f"there are: {known}"
            )
        if not isinstance(connector, Authorises):
            raise Declined(
                Code.BAD_REQUEST,
                f"{name} has no login in a browser: it goes by an account id and an application "
                f"key, which the configuration names ({name}.account_id, {name}.application_key)",
                cure="put the key where the configuration points, then: trueup connect --check",
            )
        return connector.name, connector

    async def _belongs(self, system: SystemName, connector: Authorises) -> None:
        """Whether this ledger may be connected to the configured company at all."""
        try:
            await is_pinned(
                self._company.ledger, system, connector.company_id, connector.environment
            )
        except Unauthorised:
            raise Declined(
                Code.GUARDED,
                f"this ledger belongs to another company of {system} than {system}.realm_id and "
                f"environment say ({ends_in(connector.company_id)}, {connector.environment})",
                cure="correct the configuration, or give the other company a configuration and a "
                "state_dir of its own",
            ) from None

    async def _look_at(self, system: SystemName, connector: Connector) -> ConnectionShown:
        company_id = ""
        if isinstance(connector, Authorises):
            company_id = ends_in(connector.company_id)
        try:
            health = await connector.check(anew=True)
            await pin(self._company.ledger, system, health.company_id, health.environment)
        except (Transient, Throttled, Unauthorised, Refused, ConfigProblem) as error:
            return ConnectionShown(
                system=system,
                connected=False,
                company_id=company_id,
                login=_login(connector),
                problem=str(error),
                cure=error.cure,
            )
        problem, cure = self._currency_problem(system, health)
        return ConnectionShown(
            system=system,
            connected=True,
            company_name=health.company_name,
            company_id=ends_in(health.company_id),
            environment=health.environment,
            home_currency=health.home_currency,
            plan=health.plan,
            login=_login(connector),
            warnings=tuple(
                ProblemShown(code=w.code, message=w.message, field=w.field, cure=w.cure)
                for w in health.warnings
            ),
            problem=problem,
            cure=cure,
        )

    def _currency_problem(self, system: SystemName, health: Health) -> tuple[str, str]:
        wanted = self._company.home_currency
        if not wanted or not health.home_currency or health.home_currency == wanted:
            return "", ""
        return (
            f"{system} keeps its books in {health.home_currency}, and company.home_currency says "
            f"{wanted}: nothing will be written",
            f"correct company.home_currency, or connect a company that keeps its books in {wanted}",
        )


Act = Callable[[Connecting, str, Any], Awaitable[msgspec.Struct]]
ACTS: Mapping[str, tuple[type[msgspec.Struct], Act]] = {
    "/v1/connect": (ConnectRequest, lambda one, _, request: one.begin(request)),
    "/v1/connect/finish": (ConnectFinishRequest, lambda one, who, asked: one.finish(who, asked)),
    "/v1/connect/check": (ConnectCheckRequest, lambda one, _, __: one.look()),
    "/v1/disconnect": (DisconnectRequest, lambda one, who, asked: one.disconnect(who, asked)),
}
"""Addresses; each goes on when its asker stops waiting, for a code works once."""


class Here:
    """The same words as the control client's, where there is no daemon: this process does it."""

    def __init__(self, company: Company, actor: str) -> None:
        self._connecting = Connecting(company)
        self._actor = actor

    async def connect(self, request: ConnectRequest) -> ConnectAnswer:
        return await self._connecting.begin(request)

    async def connect_finish(self, request: ConnectFinishRequest) -> ConnectionsAnswer:
        return await self._connecting.finish(self._actor, request)

    async def connect_check(self) -> ConnectionsAnswer:
        return await self._connecting.look()

    async def disconnect(self, request: DisconnectRequest) -> DoneAnswer:
        return await self._connecting.disconnect(self._actor, request)


def _is_logged_in(connector: Authorises) -> bool:
    try:
        return connector.login_phase() not in NEEDS_PERSON
    except Unauthorised:  # what is stored cannot be opened
        return False


def _login(connector: Connector) -> TokenShown | None:
    life: LoginLife | None = connector.login_life if isinstance(connector, Watched) else None
    return None if life is None else shown_life(connector.name, life)


@contextmanager
def _plainly() -> Iterator[None]:
    """The same refusals with a daemon and without one."""
    try:
        yield
    except NoConsent as refused:
        raise Declined(CODES[refused.why], str(refused), cure=refused.cure) from None
    except Unauthorised as refused:
        raise Declined(Code.GUARDED, str(refused), cure=refused.cure) from None
