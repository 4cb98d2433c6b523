"""From a request's body to events as they were sent: bounded before it is read, and read by one decoder."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http.request import parse_header_parameters
from rest_framework.request import Request

from campaigns.api.errors import ApiError
from campaigns.wire import decode, decode_line

JSON = "application/json"
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")


def read_events(request: Request) -> list[Any]:
    """The events of a request, not yet checked. A line that cannot be read is campaigns.wire.Malformed.

    Raises ApiError when there are no events that could be told apart: 400, 413 or 415.
    """
    kind = _media_type(request)
    body = read_body(request)
    events = _lines(body) if kind in LINES else _values(body)
    if not events:
        raise ApiError(400, "no_events", "The body holds no event. Send at least one.")
    _limit(len(events))
    return events


def _media_type(request: Request) -> str:
    kind, options = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))
    if kind not in (JSON, *LINES):
        raise _unsupported(f"Send Content-Type: {JSON}, or {LINES[0]} with one event per line.")
    if options.get("charset", "utf-8").strip("\"'").lower() not in ("utf-8", "utf8"):
        raise _unsupported("Send the body in UTF-8.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise _unsupported("Send the body without compression.")
    return kind


def _unsupported(message: str) -> ApiError:
    return ApiError(415, "unsupported_media_type", message)


def read_body(request: Request, limit: int | None = None) -> bytes:
    """The body, whole: of more than is allowed nothing is held, and of one that breaks off nothing is used."""
    limit, announced = limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE, _announced(request)
    if announced is not None and announced > limit:
        raise _too_large(limit)
    try:
        body: bytes = _stream(request, announced).read(limit + 1)
    except Exception:  # each server has errors of its own for bodies that break off or break the protocol
        raise _unreadable("it broke off") from None
    if len(body) > limit:
        raise _too_large(limit)
    if announced is not None and len(body) < announced:
        raise _unreadable("it broke off")
    if not body.strip():
        raise _unreadable("it is empty")
    return body


def _announced(request: Request) -> int | None:
    """The length that the client names; None when it names none that is a number."""
    text = request.META.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 100 else None


def _stream(request: Request, announced: int | None) -> Any:
    """Django reads as many bytes as were announced; a server that ends the stream itself needs no length."""
    ends_itself = announced is None and request.META.get("wsgi.input_terminated")
    return request.META["wsgi.input"] if ends_itself else request


def _too_large(limit: int) -> ApiError:
    return ApiError(413, "body_too_large", f"The body is larger than {limit:,} bytes. Send several smaller ones.")


def _values(body: bytes) -> list[Any]:
    try:
        value = decode(body)
    except ValueError as error:
        raise _unreadable(str(error)) from None
    if isinstance(value, dict) and value.keys() == {"events"}:
        value = value["events"]
    elif isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise _unreadable("it is no event, list of events or {“events”: […]}")
    return value


def _unreadable(reason: str) -> ApiError:
    return ApiError(400, "unreadable_body", f"The body cannot be read: {reason}.")


def _lines(body: bytes) -> list[Any]:
    _limit(body.count(b"\n"))
    return [decode_line(line) for line in body.split(b"\n") if line and not line.isspace()]


def _limit(count: int) -> None:
    limit = settings.MAX_EVENTS_PER_REQUEST
    if count > limit:
        message = f"The body holds more than {limit:,} events. Send several smaller ones."
        raise ApiError(413, "too_many_events", message)
