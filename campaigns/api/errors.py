"""Errors of the API: JSON with a code for programs and a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.exceptions import APIException

from campaigns.language.faults import Fault
from engine.errors import BrokerDown

RETRY_AFTER_SECONDS = 2

MESSAGES = {
    "not_found": "There is no such thing here, or it is not yours.",
    "method_not_allowed": "This address does not take that method.",
    "permission_denied": "This key may not do that.",
}


class ApiError(APIException):
    """An answer other than success."""

    def __init__(
        self, status: int, code: str, message: str, *, retry_after: int | None = None, faults: Sequence[Fault] = ()
    ) -> None:
        super().__init__(message, code)
        self.status_code = status
        self.code = code
        self.message = message
        self.wait = retry_after
        self.faults = faults


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer in JSON; decimals are text, so that they stay exact."""
    body = msgspec.json.encode(content)
    return HttpResponse(body, status=status, headers=headers, content_type="application/json")


def error_response(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, *, faults: Sequence[Fault] = ()
) -> HttpResponse:
    """An answer that says what is wrong, and with `faults` where."""
    content: dict[str, Any] = {"error": code, "message": message}
    if faults:
        content["faults"] = [fault._asdict() for fault in faults]
    return json_response(content, status, headers)


def answer(error: Exception, context: Any) -> HttpResponse | None:
    """The response to an exception raised in a view; None for those nobody has foreseen."""
    if isinstance(error, Http404):
        return error_response(404, "not_found", MESSAGES["not_found"])
    if isinstance(error, BrokerDown):
        return _later("broker_down", "Some of the events may have been accepted: send all again under their ids.")
    if isinstance(error, OperationalError | InterfaceError):
        return _later("database_down", "Nothing was accepted. Send it again.")
    if isinstance(error, ApiError):
        headers = {} if error.wait is None else {"Retry-After": str(error.wait)}
        return error_response(error.status_code, error.code, error.message, headers, faults=error.faults)
    if isinstance(error, APIException):
        return _of_framework(error)
    return None


def _later(code: str, message: str) -> HttpResponse:
    return error_response(503, code, message, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _of_framework(error: APIException) -> HttpResponse:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "bad_request"
    header = getattr(error, "auth_header", None)
    headers = {"WWW-Authenticate": header} if header else {}
    return error_response(error.status_code, code, MESSAGES.get(code, str(error.detail)), headers)


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """The answer at addresses that do not exist."""
    return error_response(404, "not_found", f"There is nothing at {request.path}.")
