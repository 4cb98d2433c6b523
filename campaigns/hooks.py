"""What other systems send to hooks: the signature first, then the payload, then its lane."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from campaigns.definitions.hook import Hook
from campaigns.ingest import Outcome, push_one
from campaigns.language.definition import Defined
from campaigns.language.faults import Fault
from campaigns.language.hookevents import HOOK_RECEIVED, applies, key_at, take
from campaigns.language.jsonshape import check_shape
from campaigns.language.names import name_fault
from campaigns.models.columns import is_slug
from campaigns.vocabularies import vocabularies
from campaigns.wire import decode
from engine.types import Event

BODY_LIMIT = 256_000  #: bytes
DEPTH_LIMIT = 30  #: levels of a payload
ENVIRONMENT = "FAIRLANE_HOOK_SECRET_"

#: The same whatever is wrong: who cannot sign learns nothing of what is here.
UNKNOWN = "The signature is missing or wrong, or there is no such hook."

_SIGNED = re.compile(r"t=([0-9]{1,12}),\s*v1=([0-9a-f]{64})", re.ASCII)
_BODY = re.compile(r"(?:sha256=)?([0-9a-f]{64})", re.ASCII)


class UnprovedError(Exception):
    """Nobody knows who sent this; the message says why, and nothing of what is here."""


class UnusableError(Exception):
    """It was sent by whom it says, but it is nothing to go by."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("The payload cannot be used.")
        self.faults = faults


def find_hook(tenant: str, key: str) -> Defined | None:
    """A tenant's hook that takes requests."""
    if not re.fullmatch(is_slug.regex, tenant):
        return None
    try:
        found = vocabularies.of(tenant).defined("hook").get(key)
    except LookupError:
        return None
    return None if found is None or found.archived else found


def receive(tenant: str, hook: Defined, header: str, body: bytes, now: datetime) -> Outcome | None:
    """Prove the sender, read the payload and put the event into its lane. None: it met the hook's conditions not.

    Sent again it is the same event, and the ledger drops it. Raises UnprovedError, UnusableError or BrokerDown.
    """
    signed = prove(tenant, hook, header, body, now)
    try:
        payload = decode(body)
    except ValueError as error:
        raise UnusableError([Fault("", str(error))]) from None
    faults = check_shape(payload, depth=DEPTH_LIMIT, size=2 * BODY_LIMIT)
    if faults:
        raise UnusableError(faults)
    if not applies(hook.spec, payload):
        return None
    data, faults = take(hook, payload)
    lead, id = key_at(payload, hook.spec.lead), _event_id(hook.spec, payload, signed)
    for path, value in ((hook.spec.lead, lead), (hook.spec.id or "", id)):
        fault = name_fault(value)
        if fault is not None:
            faults.append(Fault(path, fault))
    if faults or lead is None or id is None:
        raise UnusableError(faults)
    event = Event(
        id=f"hook:{hook.key}:{id}", tenant=tenant, lead=lead, type=HOOK_RECEIVED, accepted_at=now,
        occurred_at=now, data=data, source=f"hook:{hook.key}",
    )  # fmt: skip
    return push_one(event)


def _event_id(hook: Hook, payload: object, signed: bytes) -> str | None:
    """The sender's own id, hashed where it is long; else what was signed, which is never the same twice."""
    if hook.id is None:
        return hashlib.blake2b(signed, digest_size=16).hexdigest()
    own = key_at(payload, hook.id)
    if own is None or name_fault(own) is not None or len(own) <= 100:
        return own
    return hashlib.blake2b(own.encode(), digest_size=16).hexdigest()


def prove(tenant: str, hook: Defined, header: str, body: bytes, now: datetime) -> bytes:
    """What was signed, if one of the hook's secrets signed it and not too long ago. Raises UnprovedError."""
    spec: Hook = hook.spec
    pattern = _BODY if spec.signs == "body" else _SIGNED
    found = pattern.fullmatch(header.strip())
    if found is None:
        raise UnprovedError(UNKNOWN)
    signed = body if spec.signs == "body" else f"{found[1]}.".encode() + body
    given = found[found.lastindex or 1]
    proofs = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets_of(tenant, hook)]
    if not any(hmac.compare_digest(given, proof) for proof in proofs):
        raise UnprovedError(UNKNOWN)
    if spec.signs != "body" and abs(now.timestamp() - int(found[1])) > spec.seconds:
        raise UnprovedError(f"The request was signed more than {spec.seconds} seconds ago, or ahead. Send it anew.")
    return signed


def secrets_of(tenant: str, hook: Defined) -> Iterator[str]:
    """The secrets that are good now, the newest first; none where the environment should have one and has not."""
    spec: Hook = hook.spec
    if spec.secret == "environment":
        name = f"{tenant}__{hook.key}".upper().replace("-", "_")
        secret = settings.HOOK_SECRETS.get(ENVIRONMENT + name)
        if secret:
            yield secret
        return
    yield derive(tenant, hook.key, spec.generation)
    if spec.accept_previous:
        yield derive(tenant, hook.key, spec.generation - 1)


def derive(tenant: str, key: str, generation: int) -> str:
    """Our secret of a hook: made from the installation's, so that none is stored."""
    about = f"fairlane hook\n{tenant}\n{key}\n{generation}".encode()
    made = hmac.new(settings.HOOK_KEY.encode(), about, hashlib.sha256).digest()
    return "whsec_" + base64.urlsafe_b64encode(made).decode().rstrip("=")
