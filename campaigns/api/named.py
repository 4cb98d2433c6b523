"""What an address names, found among the tenant's own."""

from __future__ import annotations

from typing import Any

from django.db.models import Manager
from django.http import Http404

from campaigns.ingest import name_fault
from campaigns.models import Campaign


def campaign_named(tenant: str, key: str) -> Campaign:
    """The campaign, or 404. Needs the tenant's context."""
    found = None if name_fault(key) else Campaign.objects.filter(tenant_id=tenant, key=key).first()
    if found is None:
        raise Http404
    return found


def row_numbered(rows: Manager, id: str) -> Any:
    """The row with that number, or 404."""
    found = rows.filter(pk=int(id)).first() if id.isascii() and id.isdecimal() and len(id) < 18 else None
    if found is None:
        raise Http404
    return found
