"""Records that leads have in common: exact whatever happens at once, each under its own tenant."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns import handler
from campaigns.models import Company, Definition, Lead, Owner, Record, SharedRecord
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.racing import Connect, PerThread, at_once, in_bundles
from tests.integration.campaigns.world import ACME, ZETA, canary, make_campaign, make_tenant

ON = [{"type": "event", "event": "purchase"}]
ROTATE = {"id": "rotate", "action": "rotate_owner", "params": {"pool": "sales"}}
JOIN = {"id": "join", "action": "add_to_company", "params": {"company": "Hooli", "create_missing": True}}
SCORE = {"id": "score", "action": "change_company_score", "params": {"amount": 1}}


@pytest.fixture(autouse=True)
def tenants(clean: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_cache", PerThread())
    for tenant in (ACME, ZETA):
        make_tenant(tenant)
        with tenant_context(tenant):
            emails = [f"{name}@{tenant}.test" for name in ("ann", "bob", "cid")]
            for email in emails:
                Owner.objects.create(tenant_id=tenant, email=email, name=email)
            pool = {"owners": [{"email": email} for email in emails]}
            Definition.objects.create(tenant_id=tenant, kind="pool", key="sales", name="Sales", spec=pool)


def owners_of(tenant: str) -> Counter[str]:
    with tenant_context(tenant):
        return Counter(Lead.objects.exclude(key="1").values_list("owner__email", flat=True))


def campaigns(*steps: dict[str, Any]) -> None:
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "one", {"triggers": ON, "steps": list(steps)})


def test_turns_are_exact_while_bundles_run_at_once(connect: Connect) -> None:
    campaigns(ROTATE)

    at_once(
        connect, in_bundles(ACME, "x", 20, 2), in_bundles(ACME, "y", 25, 2), in_bundles(ZETA, "x", 6, 5),
    )  # fmt: skip

    assert set(owners_of(ACME).values()) == {30} and set(owners_of(ZETA).values()) == {10}
    assert {email.partition("@")[2] for email in owners_of(ACME)} == {"acme.test"}


def test_a_score_adds_up_while_bundles_run_at_once(connect: Connect) -> None:
    campaigns(JOIN, SCORE)

    at_once(connect, in_bundles(ACME, "x", 6, 5), in_bundles(ACME, "y", 6, 5), in_bundles(ZETA, "x", 2, 5))

    scores = {}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            hooli = Company.objects.get(name="Hooli")
            scores[tenant] = (hooli.score, Lead.objects.filter(company=hooli).count(), Company.objects.count())
    assert scores == {ACME: (60, 60, 2), ZETA: (10, 10, 2)}


def test_what_failed_took_no_turn(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    campaigns(ROTATE)
    copy = handler.copy_activities
    calls = iter([RuntimeError("the first bundle fails at its end")])

    def failing(*args: Any) -> None:
        copy(*args)
        error = next(calls, None)
        if error is not None:
            raise error

    monkeypatch.setattr(handler, "copy_activities", failing)
    at_once(connect, in_bundles(ACME, "x", 2, 6))

    assert set(owners_of(ACME).values()) == {4}


def test_records_follow_a_company_that_is_renamed_or_deleted(connect: Connect) -> None:
    campaigns(JOIN)
    at_once(connect, in_bundles(ACME, "x", 1, 1), in_bundles(ZETA, "x", 1, 1))

    with tenant_context(ACME):
        Company.objects.filter(name="Hooli").update(name="Gavin")
        assert list(Record.objects.filter(kind="company").values_list("key", flat=True)) == ["Gavin"]
        Lead.objects.filter(company__name="Gavin").update(company=None)
        Company.objects.get(name="Gavin").delete()
        assert not Record.objects.filter(kind="company").exists()
    with tenant_context(ZETA):
        assert list(Record.objects.filter(kind="company").values_list("key", flat=True)) == ["Hooli"]


def test_a_company_that_changes_makes_no_new_rulebook(connect: Connect) -> None:
    with tenant_context(ACME):
        before = Company.objects.get(name=canary(ACME)).tenant.rulebook_version
        Company.objects.update(score=5)
        Company.objects.create(tenant_id=ACME, name="Initech")
        assert Company.objects.first().tenant.rulebook_version == before


def test_who_has_fewest_leads_is_exact_while_bundles_run_at_once(connect: Connect) -> None:
    campaigns({**ROTATE, "params": {"pool": "sales", "mode": "least_loaded"}})
    for tenant, head_start in ((ACME, 30), (ZETA, 3)):
        with tenant_context(tenant):
            ann = Owner.objects.get(email=f"ann@{tenant}.test")
            gone = {"owner": ann, "deleted_at": datetime.now(UTC)}
            Lead.objects.bulk_create(
                [Lead(tenant_id=tenant, key=f"old-{number}", owner=ann) for number in range(head_start)]
                + [Lead(tenant_id=tenant, key=f"gone-{number}", **gone) for number in range(5)]
            )

    at_once(connect, in_bundles(ACME, "x", 15, 2), in_bundles(ACME, "y", 15, 2), in_bundles(ZETA, "x", 4, 3))

    owned = {}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            alive = Lead.objects.exclude(key="1").filter(deleted_at=None)
            owned[tenant] = sorted(Counter(alive.values_list("owner__email", flat=True)).items())
    assert owned == {
        tenant: [(f"{name}@{tenant}.test", count) for name in ("ann", "bob", "cid")]
        for tenant, count in ((ACME, 30), (ZETA, 5))
    }


def test_leads_that_came_otherwise_count_within_a_minute(connect: Connect) -> None:
    campaigns({**ROTATE, "params": {"pool": "sales", "mode": "least_loaded"}})
    at_once(connect, in_bundles(ACME, "x", 1, 3), in_bundles(ZETA, "x", 1, 3))
    with tenant_context(ACME):
        bob = Owner.objects.get(email="bob@acme.test")
        Lead.objects.bulk_create([Lead(tenant_id=ACME, key=f"old-{number}", owner=bob) for number in range(9)])
        record = SharedRecord.objects.get(kind="owner_load")
        early = {**record.data, "counted_at": (datetime.now(UTC) - timedelta(minutes=2)).isoformat()}
        SharedRecord.objects.filter(kind="owner_load").update(data=early)

    at_once(connect, in_bundles(ACME, "y", 2, 3), in_bundles(ZETA, "y", 1, 3))

    assert owners_of(ACME) == {"ann@acme.test": 4, "bob@acme.test": 10, "cid@acme.test": 4}
    assert set(owners_of(ZETA).values()) == {2}
