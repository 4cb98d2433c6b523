"""Times as people read them: in the tenant's time zone, which is named."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


def with_zone(instant: datetime) -> str:
    """Such as 2026-01-31 13:00 CET."""
    return timezone.localtime(instant).strftime("%Y-%m-%d %H:%M %Z")
