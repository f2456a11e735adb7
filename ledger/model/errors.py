"""One tree of errors, sorted by what happens next. Connectors raise only the first six."""

from collections.abc import Sequence


class TrueupError(Exception):
    """Something went wrong that has a name and a next step."""

    def __init__(self, message: str = "", *, cure: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())
        self.cure = cure


class Transient(TrueupError):
    """The network or the other side failed before the request could act; it will be retried."""


class Throttled(TrueupError):
    """The system asked us to slow down."""

    def __init__(self, message: str = "", *, retry_after: float = 60.0, cure: str = "") -> None:
        super().__init__(message, cure=cure)
        self.retry_after = retry_after
        """Seconds to leave the system alone."""


class Stopping(Throttled):
    """trueup is being stopped: no further call begins."""


class Stale(TrueupError):
    """The record moved under us; it is read again and planned anew."""


class Refused(TrueupError):
    """The system says that this request is wrong; the record is held, the rest goes on."""

    def __init__(
        self, message: str = "", *, code: str = "", field: str = "", cure: str = ""
    ) -> None:
        super().__init__(message, cure=cure)
        self.code = code
        self.field = field


class OutcomeIsUnknown(TrueupError):
    """The request left and no definite answer came back."""


class Unauthorised(TrueupError):
    """The login expired or was revoked, or the wrong company is connected."""

    def __init__(self, message: str = "", *, state: str = "unauthorised", cure: str = "") -> None:
        super().__init__(message, cure=cure)
        self.state = state
        """``reauth_needed`` | ``wrong_company`` | ``access_revoked`` | ``bad_credentials``"""


class Unsafe(TrueupError):
    """A side came back emptied or changed beyond reason; a person looks before any write."""


class ConfigProblem(TrueupError):
    """The configuration has problems; the old one, if any, stays in force."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class LedgerDamaged(TrueupError):
    """The journal does not verify; the ledger is opened read-only."""


class Broken(TrueupError):
    """An invariant of the program failed: this is a bug, please report it."""
