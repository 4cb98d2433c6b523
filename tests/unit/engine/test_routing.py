"""Which lane a lead belongs to: for ever the same, spread evenly, apart from every other hash."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.routing import lane_of, parse_queue, queue_name

LANES = 16


@pytest.mark.parametrize(
    ("lead", "lane"), [("", 0), ("ada@example.org", 15), ("ada@example.com", 14), ("1", 0), ("北京", 12)]
)
def test_a_lane_never_changes(lead: str, lane: int) -> None:
    assert lane_of(lead, LANES) == lane


@given(st.text(), st.integers(1, 1024))
def test_every_lead_has_a_lane(lead: str, lanes: int) -> None:
    assert 0 <= lane_of(lead, lanes) < lanes


def test_leads_spread_evenly() -> None:
    counts = Counter(lane_of(str(lead), LANES) for lead in range(16_000))

    assert len(counts) == LANES
    # Chi-square with 15 degrees of freedom stays below 37.7 with 99.9 percent.
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 37.7


def test_the_hash_is_not_the_plain_one() -> None:
    """With the same hash for lanes and for another choice, half of the pairs would never occur."""

    def unsalted(lead: str) -> int:
        return int.from_bytes(hashlib.blake2b(lead.encode(), digest_size=8).digest(), "big") % LANES

    pairs = {(lane_of(str(lead), LANES), unsalted(str(lead))) for lead in range(16_000)}

    assert len(pairs) == LANES * LANES


@given(st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,31}\Z"), st.integers(0, 65535))
def test_a_queue_name_reads_back(tenant: str, lane: int) -> None:
    assert parse_queue(queue_name(tenant, lane)) == (tenant, lane)


def test_queue_names_are_those_people_see() -> None:
    assert queue_name("whale", 3) == "t.whale.3"
