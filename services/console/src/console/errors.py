"""What goes wrong between the console, the other services and a browser, by what is to be shown.

ConsoleError
    ApiUnavailable     a service does not answer: the rest of the page is shown, and a line says which one is away
        ScopeMissing   the console's key of that service may not do this: the line says which scope it needs
    ApiRefused         a service answered that it does not do this: its reason is shown
    SignInRequired     nobody is signed in: the sign-in page is shown, and leads back
    Forbidden          this person may not do that
    StaleForm          the form was not of this browser's session: it is to be opened again
    SignInFailed       the identity provider, or what it said, cannot be used
"""

from enum import StrEnum


class ServiceName(StrEnum):
    """The services that the console asks."""

    INGEST = "ingest"
    SCORING = "scoring"
    ALERTS = "alerts"
    SCORING_WORKER = "scoring worker"


class ConsoleError(Exception):
    """The base of all of these."""


class ApiUnavailable(ConsoleError):
    def __init__(self, service: ServiceName, reason: str) -> None:
        super().__init__(f"{service}: {reason}")
        self.service = service
        self.reason = reason


class ScopeMissing(ApiUnavailable):
    """The key with which the console asks this service has not the scope of the route."""


class ApiRefused(ConsoleError):
    """`status` and `code` are the problem's (RFC 9457), `detail` its words for a person."""

    def __init__(self, service: ServiceName, status: int, code: str, detail: str) -> None:
        super().__init__(f"{service}: {status} {code}: {detail}")
        self.service = service
        self.status = status
        self.code = code
        self.detail = detail


class SignInRequired(ConsoleError):
    """Of a request without a session."""


class Forbidden(ConsoleError):
    """Of a person whose role does not allow it."""


class StaleForm(ConsoleError):
    """Of a form without the token of this session, or one that another site posted."""


class SignInFailed(ConsoleError):
    """The message says why; it is for the log and the administrator."""
