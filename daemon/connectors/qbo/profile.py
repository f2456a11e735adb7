"""The company's settings, asked for once in a while, and what reading and writing take from them.

Must not decide anything: several payable accounts are refused by name, never chosen between.
"""

from daemon.connectors.qbo import company
from daemon.connectors.qbo.client import QboClient, objects
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.mapping.wire import Setting, Unwritable, Wire
from ledger.model.keys import fold

PAYABLE = "Accounts Payable"
MOST_ACCOUNTS = 1000
KEY = "qbo.documents.payable_account"


class Profile:
    """What is known of one company; fetched on first need and whenever ``refresh`` is called."""

    def __init__(self, client: QboClient, config: QboConfig) -> None:
        self._client = client
        self._config = config
        self._features: Features | None = None
        self._home_currency = ""
        self._payable: list[Wire] | None = None

    async def refresh(self) -> tuple[Wire, Wire, Features]:
        """CompanyInfo and Preferences as they are now, and what follows from them."""
        info = await self._client.company_info()
        preferences = await self._client.preferences()
        chosen = self._config.documents.sales_tax
        self._features = company.features(info, preferences, sales_tax=chosen)
        self._home_currency = company.home_currency(preferences)
        self.forget_accounts()
        return info, preferences, self._features

    async def setting(self) -> Setting:
        """What the meaning of objects depends on; costs calls only while nothing is known."""
        found = self._features
        if found is None:
            _, _, found = await self.refresh()
        return found.setting

    @property
    def known_setting(self) -> Setting | None:
        """The same without a call; None while nothing is known."""
        return None if self._features is None else self._features.setting

    def known_account(self, currency: str) -> str | None:
        """``payable_account`` without a call; None while the accounts were not asked for."""
        return None if self._payable is None else self._chosen(self._payable, currency)

    def forget_accounts(self) -> None:
        """Payable accounts are looked up anew: one of them may have been made inactive."""
        self._payable = None

    async def payable_account(self, currency: str) -> str:
        """Id of the account that documents in this currency (``""``: the home currency) owe to.

        ``Unwritable`` when that is not certain; it names the configuration key that decides.
        """
        await self.setting()
        if self._payable is None:
            rows = await self._client.query(
                f"SELECT * FROM Account WHERE AccountType = '{PAYABLE}' MAXRESULTS {MOST_ACCOUNTS}",
                "Account",
            )
            self._payable = objects(rows)
        return self._chosen(self._payable, currency)

    def _chosen(self, accounts: list[Wire], currency: str) -> str:
        wanted = currency or self._home_currency
        found = [one for one in accounts if _currency(one) in ("", wanted)]
        chosen = self._config.documents.payable_account
        if chosen is not None:
            found = [one for one in found if _is(one, chosen)]
        if len(found) == 1:
            return str(found[0].get("Id"))
        raise _uncertain(found, chosen, wanted)


def _currency(account: Wire) -> str:
    found = account.get("CurrencyRef")
    return str(found.get("value") or "") if isinstance(found, dict) else ""


def _is(account: Wire, chosen: str) -> bool:
    names = (account.get(prop) for prop in ("Name", "FullyQualifiedName", "AcctNum"))
    return any(isinstance(name, str) and fold(name) == fold(chosen.strip()) for name in names)


def _uncertain(found: list[Wire], chosen: str | None, currency: str) -> Unwritable:
    money = f" in {currency}" if currency else ""
    if found:
        names = ", ".join(str(one.get("Name")) for one in found)
        return Unwritable(
            "payable_account",
            f"QuickBooks has several accounts payable{money}: {names}",
            f"name one of them (or its number) in {KEY}",
        )
    if chosen is not None:
        return Unwritable(
            "payable_account",
            f'QuickBooks has no active accounts payable account{money} called "{chosen}"',
            f"correct {KEY}",
        )
    return Unwritable(
        "payable_account",
        f"QuickBooks has no active account of the type {PAYABLE}{money}",
        "make one in QuickBooks (Chart of accounts, New)",
    )
