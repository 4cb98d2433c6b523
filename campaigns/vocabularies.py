"""The tenants' schemas where events come in, kept for a moment so that a request needs no query for them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connections

from campaigns.language.schema import TenantSchema
from campaigns.schema_source import load_sources, load_versions
from campaigns.tenancy import tenant_context
from engine.placement import database_of

KEPT_SECONDS = 2.0  #: how long a schema is used without asking for its version
KEPT_TENANTS = 5_000


class Kept(NamedTuple):
    """A schema with its version, and when that was last seen to be the current one."""

    schema: TenantSchema
    version: int
    seen_at: float


class Vocabularies:
    """The schemas used last, at most `size`. One per process; threads may share it."""

    def __init__(
        self,
        *,
        size: int = KEPT_TENANTS,
        seconds: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.size = size
        self.seconds = seconds
        self.clock = clock
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, tenant: str) -> TenantSchema:
        """A tenant's schema, at most `seconds` behind; the one known last while its database does not answer.

        Raises LookupError when there is no such tenant, OperationalError or InterfaceError when none is known.
        """
        kept = self._kept.get(tenant)
        if kept is not None and self.clock() - kept.seen_at < self.seconds:
            return kept.schema
        try:
            return self.latest(tenant)
        except (OperationalError, InterfaceError):
            if kept is None:
                raise
            self._keep(tenant, kept._replace(seen_at=self.clock()))
            return kept.schema

    def latest(self, tenant: str) -> TenantSchema:
        """A tenant's schema as of now: one query if it has not changed. The same object as long as it has not."""
        kept = self._kept.get(tenant)
        seen_at = self.clock()
        with tenant_context(tenant):
            connection = connections[database_of(tenant)].connection
            versions = load_versions(connection, [tenant])
            if tenant not in versions:
                raise LookupError(f"there is no tenant {tenant!r}")
            if kept is None or kept.version != versions[tenant]:
                version, source = load_sources(connection, [tenant])[tenant]
                kept = Kept(source.schema(tenant), version, seen_at)
        self._keep(tenant, kept._replace(seen_at=seen_at))
        return kept.schema

    def _keep(self, tenant: str, kept: Kept) -> None:
        with self._lock:
            self._kept[tenant] = kept
            self._kept.move_to_end(tenant)
            if len(self._kept) > self.size:
                self._kept.popitem(last=False)

    def forget(self) -> None:
        """Forget all; the next use loads again."""
        with self._lock:
            self._kept.clear()


vocabularies = Vocabularies()
