"""The example tenants: what kind of business each is, how large, how busy."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from campaigns.demo.chance import Draw, compile_shapes, zipf

SIZE_SKEW, STREAM_SKEW = 1.7, 1.0  #: exponents: the first of twelve has 54 % of the leads, 32 % of the events

REGISTRATION = "registered"  #: the first event of a new lead, of every kind of business

Json = dict[str, Any]


class StreamPart(msgspec.Struct):
    """One type of event in a tenant's stream."""

    type: str
    weight: float
    data: Json


class LeadShape(msgspec.Struct):
    """What leads have before the stream begins."""

    stage: Json
    tags: Json
    fields: Json


class Counts(msgspec.Struct):
    """Each event of the type raises the field by one: the check counts both."""

    event: str
    field: str


class CampaignPlan(msgspec.Struct):
    """A campaign to publish."""

    key: str
    name: str
    document: Json


class Kind(msgspec.Struct):
    """A kind of business: its vocabulary, campaigns, leads and stream."""

    fields: list[Json]
    events: list[Json]
    stages: list[tuple[str, str]]
    tags: list[str]
    lists: list[tuple[str, str]]
    owners: list[tuple[str, str]]
    companies: list[str]
    counts: Counts
    campaigns: list[CampaignPlan]
    leads: LeadShape
    stream: list[StreamPart]

    def draws(self) -> tuple[list[tuple[str, Draw]], list[float]]:
        """Each type of event with what draws its data, and their weights."""
        return [(part.type, compile_shapes(part.data)) for part in self.stream], [part.weight for part in self.stream]


class TenantShape(msgspec.Struct):
    """A tenant as kinds/tenants.json has it."""

    key: str
    name: str
    kind: str
    campaigns: int
    timezone: str
    currency: str


class Book(msgspec.Struct):
    """kinds/tenants.json."""

    first_names: list[str]
    last_names: list[str]
    tenants: list[TenantShape]


class Plan(msgspec.Struct, frozen=True):
    """A tenant of the demo, the largest first."""

    key: str
    name: str
    timezone: str
    currency: str
    kind: Kind
    campaigns: int  #: how many of its kind's
    leads: int
    share: float  #: of the stream


@cache
def book() -> Book:
    """Names for people and tenants."""
    return msgspec.json.decode(_read("tenants"), type=Book)


@cache
def kind(name: str) -> Kind:
    """A kind of business."""
    return msgspec.json.decode(_read(name), type=Kind)


def edition(leads: int) -> str:
    """What tells tenants made by another edition of these files, or of another number of leads."""
    names = sorted({"tenants", *(shape.kind for shape in book().tenants)})
    return hashlib.sha256(b"".join([*map(_read, names), b"%d" % leads])).hexdigest()


def _read(name: str) -> bytes:
    return (files("campaigns.demo") / "kinds" / f"{name}.json").read_bytes()


def plans(leads: int) -> list[Plan]:
    """The tenants, with this many leads in all."""
    shapes = book().tenants
    sizes, shares = zipf(len(shapes), SIZE_SKEW), zipf(len(shapes), STREAM_SKEW)
    return [
        Plan(
            shape.key, shape.name, shape.timezone, shape.currency, kind(shape.kind), shape.campaigns,
            max(20, round(leads * size)), share,
        )
        for shape, size, share in zip(shapes, sizes, shares, strict=True)
    ]  # fmt: skip


def lead_key(number: int) -> str:
    """The key of a tenant's lead, counted from 0."""
    return f"c{number:07d}"
