"""Webhooks: programs elsewhere that are called, with what, and what is taken from their answer."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from campaigns.language.definition import definition
from campaigns.language.faults import Fault

METHODS = ("POST", "PUT", "PATCH", "DELETE", "GET")
HEADERS_LIMIT, PARTS_LIMIT = 20, 20
TIMEOUT_SECONDS = (0.5, 30.0)

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", re.ASCII)
_VALUE = re.compile(r"[\x20-\x7e]{0,1000}", re.ASCII)
_SECRET = re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)*", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
#: Such a header's value is a secret, and no document may hold it.
_SECRETIVE = re.compile(r"authorization|cookie|key|token|secret|password|signature", re.IGNORECASE)

#: Set by whoever sends the request.
OURS = {"host", "content-length", "content-type", "transfer-encoding", "connection", "idempotency-key", "user-agent"}
#: Names that the event has anyway.
TAKEN = {"webhook", "ok", "status", "reason", "error_type", "delivery", "attempts"}


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that is in the sender's environment and nowhere else."""

    secret: str
    prefix: str = ""


def _check(webhook: Webhook) -> list[Fault]:
    faults = _check_url(webhook.url)
    if webhook.method not in METHODS:
        faults.append(Fault("method", f"expected one of {', '.join(METHODS)}"))
    least, most = TIMEOUT_SECONDS
    if not least <= webhook.timeout <= most:
        faults.append(Fault("timeout", f"expected {least} to {most} seconds"))
    if any(not 200 <= status <= 599 for status in webhook.expected):
        faults.append(Fault("expected", "a status is a number from 200 to 599"))
    if webhook.sign is not None and not _SECRET.fullmatch(webhook.sign):
        faults.append(Fault("sign", "expected the name of a secret, such as CRM_KEY"))
    return faults + _check_headers(webhook) + _check_response(webhook)


def _check_url(url: str) -> list[Fault]:
    try:
        part = urlsplit(url)
        good = part.scheme in ("http", "https") and bool(part.hostname) and part.port != 0
    except ValueError:
        return [Fault("url", "is no address of a web service")]
    if not good or not url.isascii() or not url.isprintable() or " " in url or len(url) > 2000 or "{" in url:
        return [Fault("url", "expected an address without tokens that begins with https:// or http://")]
    if part.username is not None or part.password is not None:
        return [Fault("url", "must hold no name and no password; use a header with a secret")]
    return []


def _check_headers(webhook: Webhook) -> list[Fault]:
    faults = [] if len(webhook.headers) <= HEADERS_LIMIT else [Fault("headers", f"at most {HEADERS_LIMIT} are allowed")]
    for name, value in webhook.headers.items():
        message = _header_fault(name, value)
        if message:
            faults.append(Fault(f"headers.{name[:64]}", message))
    return faults


def _header_fault(name: str, value: str | Secret) -> str | None:
    if not _HEADER.fullmatch(name):
        return "is no name of a header"
    if name.lower() in OURS:
        return "is set by Fairlane"
    if isinstance(value, str):
        if _SECRETIVE.search(name):
            return 'no document holds a secret: write {"secret": "NAME"}'
        return None if _VALUE.fullmatch(value) else "takes ordinary characters only"
    if not _SECRET.fullmatch(value.secret):
        return "a secret's name has upper-case letters, digits and single _ only"
    return None if _VALUE.fullmatch(value.prefix) else "a prefix takes ordinary characters only"


def _check_response(webhook: Webhook) -> list[Fault]:
    faults = [] if len(webhook.response) <= PARTS_LIMIT else [Fault("response", f"at most {PARTS_LIMIT} are allowed")]
    for name, path in webhook.response.items():
        if not _NAME.fullmatch(name) or name in TAKEN:
            faults.append(Fault(f"response.{name[:64]}", "expected a name of small letters that the event has not yet"))
        if not path or any(not step for step in path.split(".")):
            faults.append(Fault(f"response.{name[:64]}", "expected where it is in the answer, such as contact.id"))
    return faults


@definition("webhook", label="Webhook", check=_check)
class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address, what is sent in JSON with tokens, headers with secrets by name, and parts of the answer by name."""

    url: str
    method: str = "POST"
    headers: dict[str, str | Secret] = {}
    body: Any = None
    timeout: float = 10.0
    expected: tuple[int, ...] = ()
    response: dict[str, str] = {}
    sign: str | None = None

    @property
    def destination(self) -> str:
        """Host and port."""
        part: SplitResult = urlsplit(self.url)
        return f"{part.hostname}:{part.port or (443 if part.scheme == 'https' else 80)}"
