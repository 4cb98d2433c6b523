"""Which database a query is for. Django asks here (settings.DATABASE_ROUTERS).

What belongs to a tenant is on the tenant's database, together with a copy of the tenant's own row; everything else
is on the directory, `default`. The tenant is the one whose context is open (campaigns/tenancy.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import Model

from engine.placement import DIRECTORY

#: Of the campaigns' models, those that are read to find out which tenant a request is for.
IN_DIRECTORY = {"campaigns.membership", "campaigns.apikey"}

#: Of the engine's models, those with rows that a tenant's transactions write.
OF_TENANTS = {"engine.deadletter", "engine.outboxrow"}

_current: ContextVar[str] = ContextVar("fairlane_database", default=DIRECTORY)


def current_database() -> str:
    """The database of the tenant whose context is open; the directory outside of one."""
    return _current.get()


@contextmanager
def on_database(name: str) -> Iterator[None]:
    """Queries about what belongs to tenants go to this database."""
    before = _current.get()
    _current.set(name)
    try:
        yield
    finally:
        _current.set(before)


def route_to(name: str) -> None:
    """The same until the surrounding on_database() ends."""
    _current.set(name)


class TenantRouter:
    """Sends what belongs to tenants to the current database. Every database has every table."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        """Always says which: a row that a query begins at may be on another database than the rows it asks for."""
        label = model._meta.label_lower
        belongs = label in OF_TENANTS or (model._meta.app_label == "campaigns" and label not in IN_DIRECTORY)
        return current_database() if belongs else DIRECTORY

    db_for_write = db_for_read

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool | None:
        """The tenant's row is on both of its databases, so anything may refer to it."""
        return True if "campaigns.tenant" in (first._meta.label_lower, second._meta.label_lower) else None
