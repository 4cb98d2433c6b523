"""Pages for marketers and operators. Each module registers its own; Django imports this package at start."""

from __future__ import annotations

from campaigns.admin import (
    api_keys,
    batches,
    campaigns,
    dead_letters,
    definitions,
    deliveries,
    erasures,
    leads,
    lists,
    people,
    site,
    tenants,
    vocabulary,
)

__all__ = [
    "api_keys",
    "batches",
    "campaigns",
    "dead_letters",
    "definitions",
    "deliveries",
    "erasures",
    "leads",
    "lists",
    "people",
    "site",
    "tenants",
    "vocabulary",
]
