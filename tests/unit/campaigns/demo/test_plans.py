"""The demo's kinds of business: their campaigns can be published, their streams are accepted."""

from __future__ import annotations

from random import Random

import pytest

from campaigns.demo.chance import compile_shape, compile_shapes, skewed, zipf
from campaigns.demo.plans import REGISTRATION, Kind, edition, kind, plans
from campaigns.language.document import validate
from campaigns.language.schema import AttributeSpec, EventTypeSpec, FieldSpec, TenantSchema

KINDS = ("shop", "software", "magazine")


def schema_of(kind: Kind) -> TenantSchema:
    """What the seed makes of a kind."""
    return TenantSchema.build(
        "demo",
        fields=[FieldSpec(field["key"], field["label"], field["type"], options(field)) for field in kind.fields],
        event_types={event["name"]: event_type(event) for event in kind.events},
        stages=tuple(key for key, _ in kind.stages),
        tags=frozenset(kind.tags),
        lists={key: number for number, (key, _) in enumerate(kind.lists)},
        owners={email: number for number, (email, _) in enumerate(kind.owners)},
    )


def event_type(event: dict) -> EventTypeSpec:
    attributes = {
        item["name"]: AttributeSpec(item["name"], item["type"], item.get("required", False), options(item))
        for item in event["attributes"]
    }
    return EventTypeSpec(event["name"], event["label"], attributes, event.get("open", False))


def options(item: dict) -> frozenset[str] | None:
    return frozenset(item.get("options", ())) or None


@pytest.mark.parametrize("name", KINDS)
def test_campaigns_have_no_faults(name: str) -> None:
    schema = schema_of(kind(name))

    for campaign in kind(name).campaigns:
        assert validate(campaign.document, schema) == [], campaign.key


@pytest.mark.parametrize("name", KINDS)
def test_every_event_of_the_stream_is_acceptable(name: str) -> None:
    schema, chance = schema_of(kind(name)), Random(1)
    draws, _ = kind(name).draws()

    for type, draw in draws:
        for _ in range(50):
            assert schema.check_event(type, draw(chance))[1] == [], type


@pytest.mark.parametrize("name", KINDS)
def test_leads_have_values_that_their_fields_take(name: str) -> None:
    schema, chance, shape = schema_of(kind(name)), Random(1), kind(name).leads
    draw, stage = compile_shapes(shape.fields), compile_shape(shape.stage)

    for _ in range(50):
        for key, value in draw(chance).items():
            field = schema.fields[key]
            assert not value or value == field.dump(field.cast(value))
        assert stage(chance) in (None, *schema.stages)


@pytest.mark.parametrize("name", KINDS)
def test_the_first_campaign_counts_what_the_check_compares(name: str) -> None:
    counts, first = kind(name).counts, kind(name).campaigns[0].document

    assert first["triggers"] == [{"type": "event", "event": counts.event}]
    assert {"id": "count", "action": "increment_number", "params": {"field": counts.field, "by": 1}} in first["steps"]


def test_one_of_twelve_tenants_has_most_of_the_leads() -> None:
    made = plans(50_000)

    assert len(made) == len({plan.key for plan in made}) == 12
    assert made[0].leads > 25_000 > sum(plan.leads for plan in made[1:])
    assert sum(plan.leads for plan in made) == pytest.approx(50_000, abs=12)
    assert sum(plan.share for plan in made) == pytest.approx(1.0)
    assert all(2 <= plan.campaigns <= len(plan.kind.campaigns) for plan in made)


@pytest.mark.parametrize("name", KINDS)
def test_everybody_can_register(name: str) -> None:
    data = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Abe", "source": "website"}

    assert schema_of(kind(name)).check_event(REGISTRATION, data)[1] == []


def test_another_number_of_leads_is_another_edition() -> None:
    assert edition(100) == edition(100) != edition(101)


def test_shares_fall_with_rank() -> None:
    assert zipf(3, 1.0) == pytest.approx([6 / 11, 3 / 11, 2 / 11])


def test_low_numbers_come_more_often() -> None:
    chance = Random(1)
    drawn = [skewed(chance, 1000) for _ in range(5000)]

    assert min(drawn) == 0
    assert max(drawn) < 1000
    assert sum(number < 100 for number in drawn) > sum(number >= 500 for number in drawn)
