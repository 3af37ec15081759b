"""The errors that a caller of the API sees, and the one table that gives each its HTTP status and code.

ParleyError
├── InvalidParameterError    400 20001
├── UnauthorizedError        401 20003
├── ForbiddenError           403 20403
├── NotFoundError            404 20404
├── MethodNotAllowedError    405 20004
├── ConflictError            409 20409
├── PreconditionFailedError  412 20412
├── TooLargeError            413 20413
├── LimitReachedError        403 20429
├── UnavailableError         503 20503
└── LoopError                508 20508

Codes follow Twilio's family, so that its clients raise their own exceptions with them; the body is Twilio's
`{code, message, more_info, status}` (wire-truth 1.3). `more_info` leads to Twilio's page of the code where it has one,
else to the standard that says what the status means. docs/errors.md is made from this file.
"""

from __future__ import annotations

from typing import Any, ClassVar

_TWILIO = "https://www.twilio.com/docs/errors/{code}"
_HTTP = "https://www.rfc-editor.org/rfc/{section}"


class ParleyError(Exception):
    """Raised, as one of its kinds, when a request cannot be served for a reason that its sender can mend."""

    status: ClassVar[int]
    code: ClassVar[int]
    standard: ClassVar[str | None] = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidParameterError(ParleyError):
    """Raised when a parameter is missing, unknown or refused."""

    status = 400
    code = 20001

    def __init__(self, parameter: str, problem: str, allowed: str | None = None) -> None:
        """Say which parameter, what was wrong and what is allowed.

        Args:
            parameter: Its name as it travels in a form.
            problem: What was wrong, quoting the refused value unless it is a secret.
            allowed: What would have been accepted.
        """
        super().__init__(f"{parameter}: {problem}" + (f". Allowed: {allowed}" if allowed else ""))
        self.parameter = parameter


class UnauthorizedError(ParleyError):
    """Raised when a request carries no proof of who sends it, or its token has expired."""

    status = 401
    code = 20003


class ForbiddenError(ParleyError):
    """Raised when the proof is wrong, or the token lacks the scope that the route needs."""

    status = 403
    code = 20403


class NotFoundError(ParleyError):
    """Raised when there is no such resource, or it belongs to another account."""

    status = 404
    code = 20404

    def __init__(self, path: str) -> None:
        super().__init__(f"The requested resource {path} was not found")


class MethodNotAllowedError(ParleyError):
    """Raised when the path exists and the method does not."""

    status = 405
    code = 20004

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"Method {method} is not allowed here. Allowed: {', '.join(allowed)}")
        self.allowed = allowed


class ConflictError(ParleyError):
    """Raised when a unique name is taken, or a resource with children would be deleted."""

    status = 409
    code = 20409


class PreconditionFailedError(ParleyError):
    """Raised when `If-Match` names a version that is not the present one."""

    status = 412
    code = 20412
    standard = "rfc9110#name-412-precondition-failed"


class TooLargeError(ParleyError):
    """Raised when a body is larger than what is accepted."""

    status = 413
    code = 20413
    standard = "rfc9110#name-413-content-too-large"


class LimitReachedError(ParleyError):
    """Raised when a limit of the deployment, such as webhooks per account, is reached."""

    status = 403
    code = 20429


class UnavailableError(ParleyError):
    """Raised when a table or queue does not answer: what was asked for may be done or not, so look, or try again."""

    status = 503
    code = 20503


class LoopError(ParleyError):
    """Raised when a call has come through Parley so often that it must be going round."""

    status = 508
    code = 20508
    standard = "rfc5842#section-7.2"


def more_info(kind: type[ParleyError]) -> str:
    """Where the code or the status is explained."""
    return _HTTP.format(section=kind.standard) if kind.standard else _TWILIO.format(code=kind.code)


def body_of(error: ParleyError) -> dict[str, Any]:
    """The JSON body that says this error, in Twilio's form."""
    return {
        "code": error.code,
        "message": error.message,
        "more_info": more_info(type(error)),
        "status": error.status,
    }
