"""The purchase log of a real shop (CDNOW, 1997-1998): its tenants, its campaigns, a plain computation of the result.

The file is no part of the project. Tests that need it find it beside the checkout and skip elsewhere.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from campaigns import operations
from campaigns.models import Campaign, EventType, FieldDefinition, Stage, StaticList
from campaigns.tenancy import tenant_context
from engine.sql import load

FILE = Path(settings.BASE_DIR).parent / "shared" / "data" / "cdnow.csv.gz"
QUERIES = load("tests.acceptance", "shop.sql")

needs_file = pytest.mark.skipif(not FILE.exists(), reason=f"the purchase log is not beside the checkout: {FILE.name}")

#: Tenant and the customers it has: their number modulo 100.
TENANTS = {
    "shop-a": range(0, 80),
    "shop-b": range(80, 90),
    "shop-c": range(90, 96),
    "shop-d": range(96, 99),
    "shop-e": range(99, 100),
}
VIP_FROM = Decimal("500.00")

PURCHASES = {
    "triggers": [{"type": "event", "event": "purchase"}],
    "steps": [
        {"id": "orders", "action": "increment_number", "params": {"field": "orders", "by": 1}},
        {"id": "cds", "action": "increment_number", "params": {"field": "cds", "by": "{{ event.cds }}"}},
        {"id": "amount", "action": "increment_number", "params": {"field": "amount", "by": "{{ event.amount }}"}},
        {"id": "last", "action": "stamp_date", "params": {"field": "last_purchase", "mode": "event_time"}},
        {
            "id": "stage",
            "action": "change_stage",
            "choices": [
                {
                    "when": {"field": "amount", "operator": "at_least", "value": str(VIP_FROM)},
                    "params": {"stage": "vip"},
                },
                {"when": {"field": "orders", "operator": "at_least", "value": 3}, "params": {"stage": "repeat"}},
                {"when": {"field": "orders", "operator": "at_least", "value": 1}, "params": {"stage": "customer"}},
            ],
        },
        {
            "id": "tag",
            "action": "change_tags",
            "choices": [
                {
                    "when": {"field": "stage", "operator": "is", "value": "vip"},
                    "params": {"add": ["vip"], "create_missing": True},
                }
            ],
        },
        {
            "id": "list",
            "action": "add_to_list",
            "choices": [{"when": {"field": "stage", "operator": "is", "value": "vip"}, "params": {"list": "vips"}}],
        },
    ],
}
REWARD = {
    "triggers": [{"type": "field_changed", "field": "stage", "to": "vip"}],
    "steps": [{"id": "reward", "action": "change_score", "params": {"op": "add", "amount": 10}}],
}


@dataclass
class Customer:
    """What a lead should have in the end."""

    orders: int = 0
    cds: int = 0
    amount: Decimal = Decimal(0)
    last_purchase: str = ""
    stage: str = ""
    score: int = 0
    tags: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    purchases: list[tuple[str, int, Decimal]] = field(default_factory=list)  #: date, cds and amount, in file order


def rows() -> Iterator[dict[str, str]]:
    """The file, line by line."""
    with gzip.open(FILE, "rt", newline="") as file:
        yield from csv.DictReader(file)


def tenant_of(customer: str) -> str:
    """Which shop a customer belongs to."""
    return next(tenant for tenant, numbers in TENANTS.items() if int(customer) % 100 in numbers)


def expected() -> dict[tuple[str, str], Customer]:
    """The plain computation: one pass over the file, in one thread, without any of the product's code."""
    customers: dict[tuple[str, str], Customer] = {}
    for row in rows():
        customer = customers.setdefault((tenant_of(row["customer_id"]), row["customer_id"]), Customer())
        customer.orders += 1
        customer.cds += int(row["cds"])
        customer.amount += Decimal(row["amount"])
        customer.last_purchase = row["date"]
        customer.purchases.append((row["date"], int(row["cds"]), Decimal(row["amount"])))
        if customer.amount >= VIP_FROM:
            customer.stage, customer.score, customer.tags, customer.lists = "vip", 10, ("vip",), ("vips",)
        elif customer.stage != "vip":
            customer.stage = "repeat" if customer.orders >= 3 else "customer"
    return customers


def open_shops() -> None:
    """Make the tenants with their fields, stages and list, and publish both campaigns."""
    for tenant in TENANTS:
        operations.create_tenant(tenant, name=tenant.title())
        with tenant_context(tenant):
            _set_up(tenant)
            for position, (key, document) in enumerate({"purchases": PURCHASES, "reward": REWARD}.items()):
                campaign = Campaign.objects.create(
                    tenant_id=tenant, key=key, name=key.title(), draft=document, position=position
                )
                operations.publish(campaign, by="test")


def _set_up(tenant: str) -> None:
    fields = {"orders": "integer", "cds": "integer", "amount": "decimal", "last_purchase": "date"}
    for key, type in fields.items():
        FieldDefinition.objects.create(tenant_id=tenant, key=key, label=key, type=type)
    for position, key in enumerate(("customer", "repeat", "vip")):
        Stage.objects.create(tenant_id=tenant, key=key, label=key, position=position)
    StaticList.objects.create(tenant_id=tenant, key="vips", name="VIPs")
    attributes = [{"name": "cds", "type": "integer", "required": True}]
    attributes += [{"name": "amount", "type": "decimal", "required": True}]
    EventType.objects.create(tenant_id=tenant, name="purchase", label="Purchase", attributes=attributes)


def stored(worker: psycopg.Connection) -> dict[tuple[str, str], Customer]:
    """What the database has, in the same form; purchases in the order of their activities."""
    customers: dict[tuple[str, str], Customer] = {}
    for tenant, key, fields, stage, score, tags, lists in worker.execute(QUERIES["select_leads"]):
        customers[tenant, key] = Customer(
            orders=fields["orders"],
            cds=fields["cds"],
            amount=Decimal(fields["amount"]),
            last_purchase=fields["last_purchase"],
            stage=stage,
            score=score,
            tags=tuple(tags),
            lists=tuple(lists),
        )
    for tenant, key, date, data in worker.execute(QUERIES["select_purchases"]):
        purchase = (date.isoformat(), int(data["cds"]), Decimal(str(data["amount"])))
        customers[tenant, key].purchases.append(purchase)
    return customers


def figures(customers: dict[tuple[str, str], Customer]) -> dict[str, Any]:
    """The sums over all shops."""
    return {
        "leads": len(customers),
        "purchases": sum(customer.orders for customer in customers.values()),
        "cds": sum(customer.cds for customer in customers.values()),
        "amount": sum(customer.amount for customer in customers.values()),
    }
