"""API keys: `fl_live_<8 characters>_<secret>`. The secret is shown once; only its hash is kept.

They are in the directory: a key is how a request's tenant is found.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import OperationalError
from django.db.models import Q

from campaigns.models import ApiKey
from campaigns.tenancy import tenant_context
from engine.placement import DIRECTORY
from engine.sql import load

SCOPES = (
    "events:write", "leads:read", "campaigns:read", "campaigns:write", "approvals:decide", "erasures:read",
    "erasures:write",
)  # fmt: skip
DEFAULT_SCOPES = SCOPES[:1]
PREFIX_LETTERS = string.ascii_lowercase + string.digits
NOTED_EVERY = timedelta(minutes=1)  #: how exact last_used_at is; a write for every request would be dear

QUERIES = load("campaigns.sql", "keys.sql")

_FORM = re.compile(r"fl_live_([a-z0-9]{8})_[A-Za-z0-9_-]{32,64}", re.ASCII)


def issue(
    tenant_id: str,
    *,
    name: str,
    scopes: Sequence[str] = DEFAULT_SCOPES,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for a tenant. Returns it with its text, which nobody can read again."""
    unknown = set(scopes) - set(SCOPES)
    if unknown:
        raise ValueError(f"unknown scopes: {', '.join(sorted(unknown))}")
    prefix = "".join(secrets.choice(PREFIX_LETTERS) for _ in range(8))
    text = f"fl_live_{prefix}_{secrets.token_urlsafe(32)}"
    with tenant_context(tenant_id, using=DIRECTORY):
        key = ApiKey.objects.create(
            tenant_id=tenant_id,
            name=name,
            prefix=prefix,
            hash=digest(text),
            scopes=sorted(scopes),
            expires_at=expires_at,
        )
    return key, text


def digest(text: str) -> str:
    """The form in which a key is kept. 256 random bits cannot be guessed, so no slow hash is needed."""
    return hashlib.sha256(text.encode()).hexdigest()


def verify(text: str, now: datetime) -> ApiKey | None:
    """The key of that text if it is valid now, else None. Needs no tenant: it is how one is found."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    key = next(iter(ApiKey.objects.raw(QUERIES["select_key_of_prefix"], [form[1]])), None)
    expected = key.hash if key else digest("")
    if not hmac.compare_digest(digest(text), expected) or key is None:
        return None
    return key if is_valid(key, now) else None


def is_valid(key: ApiKey, now: datetime) -> bool:
    """Neither revoked nor expired."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def note_use(key: ApiKey, now: datetime) -> None:
    """Keep when the key was last used, to the minute. A database without room for it stops nobody."""
    if key.last_used_at is not None and key.last_used_at > now - NOTED_EVERY:
        return
    with suppress(OperationalError), tenant_context(key.tenant_id, using=DIRECTORY):
        ApiKey.objects.filter(Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - NOTED_EVERY), pk=key.pk).update(
            last_used_at=now
        )


def revoke(key: ApiKey, now: datetime) -> bool:
    """Make the key invalid at once. False if it was already."""
    with tenant_context(key.tenant_id, using=DIRECTORY):
        return ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now) == 1
