"""Requests to programs elsewhere, over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
import time
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from campaigns.language.jsonshape import check_shape
from campaigns.sender.channel import channel
from campaigns.sender.claims import Claimed
from campaigns.sender.conf import DeliveryConf
from campaigns.sender.deadline import Deadline
from campaigns.sender.hosts import RefusedHostError, public_addresses_of, tls
from campaigns.sender.results import Rejected, Result, Retry, Sent, said

ANSWER_LIMIT = 64 * 1024  #: bytes that are read
PART_LIMIT = 4_000  #: bytes of one part of it that a campaign hears
AGAIN = {408, 425, 429, 500, 502, 503, 504}  #: statuses that may pass
PORTS = {"http": 80, "https": 443}


class SecretMissingError(Exception):
    """A secret is not in the sender's environment."""


class _Connection(http.client.HTTPConnection):
    """To a host that may be called, within a deadline. It follows no redirect."""

    def __init__(self, url: SplitResult, deadline: Deadline, conf: DeliveryConf) -> None:
        port = url.port or PORTS[url.scheme]
        super().__init__(url.hostname or "", port)
        self.default_port = PORTS[url.scheme]
        self.secure = url.scheme == "https"
        self.deadline = deadline
        self.allowed = conf.private()

    def connect(self) -> None:
        """Raises OSError, RefusedHostError."""
        made = self.deadline.connect(public_addresses_of(self.host, self.port, self.allowed))
        self.sock = tls().wrap_socket(made, server_hostname=self.host) if self.secure else made


@channel("webhook")
def send(one: Claimed, deadline: Deadline, conf: DeliveryConf) -> Result:
    """The program answers as is expected of it, or not. Called again, it gets the same Idempotency-Key."""
    try:
        return _call(one, deadline, conf)
    except RefusedHostError as error:
        return Rejected("refused_address", said(error))
    except SecretMissingError as error:
        return Retry("configuration", said(error))
    except ssl.SSLError as error:
        return Retry("tls", said(error))
    except (OSError, http.client.HTTPException) as error:
        if deadline.over or isinstance(error, TimeoutError):
            return Retry("timeout", "there was no whole answer in time")
        return Retry("connect", said(error) or type(error).__name__)
    except ValueError as error:
        return Rejected("invalid", f"the request cannot be made: {said(error)}")


def _call(one: Claimed, deadline: Deadline, conf: DeliveryConf) -> Result:
    url, method = urlsplit(one.body["url"]), one.body["method"]
    body = None if method == "GET" else one.body["body"].encode()
    connection = _Connection(url, deadline, conf)
    try:
        connection.request(method, _target(url), body, _headers(one, body, conf))
        response = connection.getresponse()
        text = response.read(ANSWER_LIMIT + 1)
        deadline.left()  # an answer that was broken off reads like a short one
        return _judge(one, response.status, response.headers.get("Retry-After", ""), text)
    finally:
        connection.close()


def _target(url: SplitResult) -> str:
    return (url.path or "/") + (f"?{url.query}" if url.query else "")


def _headers(one: Claimed, body: bytes | None, conf: DeliveryConf) -> dict[str, str]:
    """Those of the webhook with its secrets, and ours."""
    headers = {name: _value(one, value, conf) for name, value in one.body["headers"].items()}
    headers |= {"User-Agent": "Fairlane", "Idempotency-Key": one.key}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if one.body["sign"] is not None:
        headers["Fairlane-Signature"] = _sign(_secret(one, one.body["sign"], conf), body or b"", int(time.time()))
    return headers


def _sign(secret: str, body: bytes, now: int) -> str:
    """Over the time too, so that an old request cannot be sent again as a new one."""
    return f"t={now},v1={hmac.new(secret.encode(), b'%d.%b' % (now, body), hashlib.sha256).hexdigest()}"


def _value(one: Claimed, value: Any, conf: DeliveryConf) -> str:
    return value if isinstance(value, str) else value["prefix"] + _secret(one, value["secret"], conf)


def _secret(one: Claimed, name: str, conf: DeliveryConf) -> str:
    found = conf.secret(one.tenant, name)
    if not found:
        raise SecretMissingError(f"the secret {name} is not in the environment of the sender")
    return found


def _judge(one: Claimed, status: int, retry_after: str, text: bytes) -> Result:
    answer: dict[str, Any] = {"status": status, "bytes": min(len(text), ANSWER_LIMIT)}
    expected = one.body["expected"]
    if status in expected if expected else 200 <= status < 300:
        return Sent(answer, _parts(one.body["response"], text))
    beginning = said(text[:200])
    reason = f"the answer was {status}" + (f": {beginning}" if beginning else "")
    if status not in AGAIN:
        return Rejected("status", reason, answer)
    asked = float(retry_after) if retry_after.isascii() and retry_after.isdecimal() and len(retry_after) < 7 else 0.0
    return Retry("status", reason, after=asked, answer=answer)


def _parts(wanted: dict[str, str], text: bytes) -> dict[str, Any]:
    """What a campaign hears of the answer. What is not there, or not fit to be kept, is missing."""
    if not wanted or len(text) > ANSWER_LIMIT:
        return {}
    try:
        whole = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return {}
    found = {name: _at(whole, path.split(".")) for name, path in wanted.items()}
    return {
        name: value
        for name, value in found.items()
        if value is not None and not check_shape(value, depth=5, size=PART_LIMIT)
    }


def _at(value: Any, path: list[str]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
