"""Makes the example tenants, each in one transaction: a tenant that is there is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from random import Random
from typing import Any

import msgspec
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import connection, transaction

from campaigns.demo.chance import compile_shape, compile_shapes, one_of
from campaigns.demo.plans import Kind, Plan, book, lead_key
from campaigns.models import (
    Campaign,
    Company,
    EventType,
    FieldDefinition,
    Membership,
    Owner,
    Stage,
    StaticList,
    Tag,
    Tenant,
)
from campaigns.operations import create_tenant, publish
from campaigns.tenancy import operator_context, tenant_context
from engine.sql import load

QUERIES = load("campaigns.demo", "demo.sql")

#: Of everybody who can log in. The demo listens on the loopback interface only.
LOGIN, PASSWORD = "demo", "demo"
MARKETERS = ("anna", "ben", "carla", "dmitri", "elif", "farah")
ROWS = 5_000  #: leads of one statement

_encode = msgspec.json.encode


def present_tenants() -> set[str]:
    """Those that are made already."""
    with operator_context():
        return set(Tenant.objects.values_list("id", flat=True))


def seed(plans: Sequence[Plan], say: Callable[[str], None]) -> None:
    """Make what is missing."""
    present = present_tenants()
    missing = [plan for plan in plans if plan.key not in present]
    for plan in missing:
        seed_tenant(plan)
    if missing:
        say(f"{len(missing)} tenants with {sum(plan.leads for plan in missing):,} leads made")
    seed_people(plans)


def seed_people(plans: Sequence[Plan]) -> None:
    """A superuser, and a marketer for every two tenants."""
    password = make_password(PASSWORD)
    staff = {"password": password, "is_staff": True}
    User.objects.get_or_create(username=LOGIN, defaults=staff | {"is_superuser": True})
    with operator_context():
        for number, plan in enumerate(plans):
            name = MARKETERS[number // 2 % len(MARKETERS)]
            user, _ = User.objects.get_or_create(username=name, defaults=staff)
            Membership.objects.get_or_create(user=user, tenant_id=plan.key)


@transaction.atomic
def seed_tenant(plan: Plan) -> None:
    """A tenant with its vocabulary, its leads, and campaigns that run."""
    create_tenant(plan.key, name=plan.name, timezone=plan.timezone, currency=plan.currency)
    with tenant_context(plan.key):
        make_vocabulary(plan.key, plan.kind)
        make_leads(plan)
        make_campaigns(plan)


def make_vocabulary(tenant: str, kind: Kind) -> None:
    """Everything campaigns can name."""
    own = {"tenant_id": tenant}
    FieldDefinition.objects.bulk_create([FieldDefinition(**own, **field) for field in kind.fields])
    EventType.objects.bulk_create([EventType(**own, **event) for event in kind.events])
    stages = enumerate(kind.stages)
    Stage.objects.bulk_create([Stage(**own, key=key, label=label, position=at) for at, (key, label) in stages])
    Tag.objects.bulk_create([Tag(**own, name=name) for name in kind.tags])
    StaticList.objects.bulk_create([StaticList(**own, key=key, name=name) for key, name in kind.lists])
    Owner.objects.bulk_create([Owner(**own, email=email, name=name) for email, name in kind.owners])
    Company.objects.bulk_create([Company(**own, name=name) for name in kind.companies])


def make_campaigns(plan: Plan) -> None:
    """Publish the plan's campaigns, in their order."""
    for position, item in enumerate(plan.kind.campaigns[: plan.campaigns]):
        campaign = Campaign.objects.create(
            tenant_id=plan.key, key=item.key, name=item.name, draft=item.document, position=position
        )
        publish(campaign, by=LOGIN)


def make_leads(plan: Plan) -> None:
    """The leads, in few statements; a part of them on the first list."""
    rows = draw_leads(plan)
    with connection.cursor() as cursor:
        while chunk := list(islice(rows, ROWS)):
            cursor.execute(QUERIES["insert_leads"], [plan.key, _encode(chunk).decode()])
        first = StaticList.objects.get(key=plan.kind.lists[0][0])
        cursor.execute(QUERIES["insert_members"], [first.pk, plan.key])


def draw_leads(plan: Plan) -> Iterator[dict[str, Any]]:
    """The rows of insert_leads."""
    chance, names, shape = Random(plan.key), book(), plan.kind.leads
    companies = [None, *Company.objects.values_list("id", flat=True)]
    owners = [None] * 6 + list(Owner.objects.values_list("id", flat=True))
    stage, tags, fields = compile_shape(shape.stage), compile_shape(shape.tags), compile_shapes(shape.fields)
    for number in range(plan.leads):
        first, last = one_of(chance, names.first_names), one_of(chance, names.last_names)
        yield {
            "key": lead_key(number),
            "email": f"{first}.{last}.{number}@example.com".lower(),
            "first_name": first,
            "last_name": last,
            "phone": f"+1 555 01{number % 100:02d}",
            "company_id": one_of(chance, companies),
            "owner_id": one_of(chance, owners),
            "stage": stage(chance),
            "score": int(60 * chance.random() ** 3),
            "tags": tags(chance),
            "fields": {key: value for key, value in fields(chance).items() if value not in (None, [])},
            "age": int(chance.random() * 24 * 700),
        }
