"""How the tests of a campaign's variants are doing: for its page and the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from campaigns.language.experiments import rates_of
from campaigns.language.shared import EXPERIMENT
from campaigns.models import Campaign, SharedRecord


class VariantFigures(msgspec.Struct, frozen=True):
    """One variant of a test."""

    label: str
    leads: int
    results: int
    rate: str  #: percent of its leads with a result
    is_winner: bool


class TestFigures(msgspec.Struct, frozen=True):
    """One test, as it is now."""

    step: str
    began_at: datetime
    chosen_at: datetime | None
    winner: str | None
    variants: list[VariantFigures]


def figures_of(campaign: Campaign) -> list[TestFigures]:
    """The tests of a campaign that have had a lead, the latest first. Needs the tenant's context."""
    rows = SharedRecord.objects.filter(
        tenant_id=campaign.tenant_id, kind=EXPERIMENT, key__startswith=f"{campaign.key}."
    )
    found = [_figures(row.key, row.data) for row in rows if "first" in row.data]
    return sorted(found, key=lambda one: one.began_at, reverse=True)


def _figures(key: str, state: dict[str, Any]) -> TestFigures:
    winner, rates, chosen = state.get("winner"), rates_of(state), state.get("chosen_at")
    variants = [
        VariantFigures(label, count["leads"], count["results"], rates.get(label, ""), label == winner)
        for label, count in sorted(state["variants"].items())
    ]
    step = key.partition(".")[2].rpartition(":")[0]
    chosen_at = datetime.fromisoformat(chosen) if chosen else None
    return TestFigures(step, datetime.fromisoformat(state["first"]), chosen_at, winner, variants)
