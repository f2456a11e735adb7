"""The consent of one QuickBooks company: the question, the answer, and whether it is that company.

Must not store a login for another company than the configured one, nor name one whole.
"""

from yarl import URL

from daemon.clock import Clock
from daemon.connectors.addresses import LOOPBACK
from daemon.connectors.consent import Asked, NoConsent, Questions, Why, ends_in
from daemon.connectors.loginserver import Denial
from daemon.connectors.oauth import OAuth
from daemon.connectors.qbo.config import SCOPE, QboConfig

COMPANY = "realmId"


class QboConsent:
    """Asks for consent and takes the answer, for one connection."""

    def __init__(self, config: QboConfig, oauth: OAuth, clock: Clock) -> None:
        self._config = config
        self._oauth = oauth
        self._questions = Questions(clock)

    async def ask(self, *, port: int | None) -> Asked:
        """The page to open. ``NoConsent`` when it could not come back."""
        redirect_uri = self._redirect_uri(port)
        state, expires_at = self._questions.new(redirect_uri)
        url = await self._oauth.server.consent_url(
            redirect_uri=redirect_uri, scope=SCOPE, state=state
        )
        return Asked(url=url, redirect_uri=redirect_uri, state=state, expires_at=expires_at)

    async def take(self, text: str) -> None:
        """Check the answer, redeem its code, and go by the new login at once."""
        given = self._questions.answered(text, company_key=COMPANY)
        wanted = self._config.realm_id
        if given.company_id != wanted:
            raise NoConsent(
                Why.COMPANY,
                f"access was given to the company {ends_in(given.company_id)}, and qbo.realm_id "
                f"of the configuration is {ends_in(wanted)}: nothing was stored",
                cure="choose the other company on Intuit's page, or correct qbo.realm_id; a ledger "
                "stays with its company, so another one needs a state_dir of its own",
            )
        grant = await self._oauth.server.redeem(given.code, given.redirect_uri)
        if isinstance(grant, Denial):
            raise NoConsent(
                Why.STALE,
                "Intuit took the code back: it was used before, it is older than a few minutes, "
                "or qbo.redirect_uri is not the address that it was made for; nothing was stored",
            )
        await self._oauth.adopt(grant)

    def _redirect_uri(self, port: int | None) -> str:
        found = self._config.answer_url
        if not found:
            raise NoConsent(
                Why.REDIRECT,
                "qbo.redirect_uri is not set, and Intuit sends production answers only to an "
                "https address that is registered with the app",
                cure="register one on the keys page of your app, set qbo.redirect_uri to it, then: "
                "trueup connect --paste",
            )
        if port is None:
            return found
        url = URL(found)
        if url.host not in LOOPBACK:
            raise NoConsent(
                Why.REDIRECT,
                "a port of this machine was named, and qbo.redirect_uri is not on this machine",
                cure="leave --port out and paste the address: trueup connect --paste",
            )
        return str(url.with_port(port))
