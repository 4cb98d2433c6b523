"""Compiled rulebooks of tenants, kept while their version lasts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

import psycopg

from campaigns.language.rulebook import Rulebook
from campaigns.schema_source import load_rulebooks, load_versions


class RulebookCache:
    """The rulebooks used last, at most `size`. One per process; not thread-safe."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: OrderedDict[str, Rulebook] = OrderedDict()

    def current(self, connection: psycopg.Connection, tenants: Collection[str]) -> dict[str, Rulebook]:
        """Each tenant's rulebook as of now: one query for the versions, and the load of those that changed."""
        versions = load_versions(connection, sorted(tenants))
        stale = [tenant for tenant, version in versions.items() if self._version(tenant) != version]
        if stale:
            self.load(connection, stale)
        return {tenant: self._use(tenant) for tenant in versions}

    def load(self, connection: psycopg.Connection, tenants: Collection[str]) -> dict[str, Rulebook]:
        """The rulebooks of these tenants as they are stored now, which are kept."""
        found = load_rulebooks(connection, sorted(tenants))
        self._kept.update(found)
        return found

    def _version(self, tenant: str) -> int | None:
        kept = self._kept.get(tenant)
        return kept.version if kept else None

    def _use(self, tenant: str) -> Rulebook:
        rulebook = self._kept.pop(tenant)
        self._kept[tenant] = rulebook
        if len(self._kept) > self.size:
            self._kept.popitem(last=False)
        return rulebook
