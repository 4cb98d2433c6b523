"""Tenants, publication, the states of a campaign, and that every change reaches the workers' rulebooks."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from campaigns import keys, operations
from campaigns.models import (
    ApiKey,
    Campaign,
    CampaignVersion,
    EventType,
    FieldDefinition,
    Owner,
    Stage,
    StaticList,
    Tag,
    Tenant,
)
from campaigns.schema_source import load_rulebooks, load_versions, schema_of
from campaigns.tenancy import operator_context, tenant_context
from engine.models import TenantControl
from tests.integration.campaigns.world import ACME, DOCUMENT, NOW, ZETA, canary, make_campaign

pytestmark = pytest.mark.usefixtures("two_tenants")


def version_of(tenant: str) -> int:
    with tenant_context(tenant):
        return Tenant.objects.get().rulebook_version


def stored(key: str = "count") -> Campaign:
    with tenant_context(ACME):
        return Campaign.objects.get(key=key)


# -- tenants


def test_a_tenant_gets_its_lanes_and_its_share() -> None:
    operations.create_tenant("whale", name="Whale", currency="EUR", lanes=64, weight=2.5, cap=8)

    share = TenantControl.objects.get(pk="whale")
    assert (share.lanes, share.weight, share.cap) == (64, 2.5, 8)


@pytest.mark.parametrize("key", ["", "Acme", "-a", "a" * 33, "a b", "a*", "a:{b}", "ä", "a\n"])
def test_a_tenants_key_is_a_slug(key: str) -> None:
    with pytest.raises(ValidationError):
        operations.create_tenant(key, name="x")


@pytest.mark.parametrize(
    "values", [{"timezone": "Mars/Olympus"}, {"currency": "euro"}, {"week_start": "caturday"}, {"name": ""}]
)
def test_a_tenant_with_a_wrong_value_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        operations.create_tenant("whale", **{"name": "Whale", **values})

    assert not TenantControl.objects.filter(pk="whale").exists()


def test_a_tenants_key_is_taken_once() -> None:
    with pytest.raises(ValidationError):
        operations.create_tenant(ACME, name="Other")


# -- contexts


def test_a_tenant_context_within_another_gives_it_back() -> None:
    with tenant_context(ACME):
        with tenant_context(ZETA):
            assert list(Tag.objects.values_list("name", flat=True)) == [canary(ZETA)]
        assert list(Tag.objects.values_list("name", flat=True)) == [canary(ACME)]
        with pytest.raises(ZeroDivisionError), tenant_context(ZETA):
            raise ZeroDivisionError
        assert list(Tag.objects.values_list("name", flat=True)) == [canary(ACME)]


def current_setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting(%s, true), '')", [name])
        return cursor.fetchone()[0]


def test_nothing_is_left_of_a_context() -> None:
    with tenant_context(ACME), operator_context():
        pass

    assert (current_setting("fairlane.tenant"), current_setting("fairlane.operator")) == ("", "")
    assert not Tag.objects.exists()


def test_a_tenant_context_needs_a_tenant() -> None:
    with pytest.raises(ValueError, match="needs a tenant"), tenant_context(""):
        pass


# -- publication


def test_publishing_makes_an_immutable_version_and_runs_the_campaign() -> None:
    with tenant_context(ACME):
        campaign = Campaign.objects.create(tenant_id=ACME, key="new", name="New", draft=DOCUMENT)
        first = operations.publish(campaign, by="ann")
        second = operations.publish(campaign, by="ann")

    assert (first.number, second.number, campaign.live_version, campaign.status) == (1, 2, 2, "active")
    assert first.document == DOCUMENT


def test_a_faulty_draft_is_refused_with_every_fault_and_nothing_changes() -> None:
    draft = {"triggers": [{"type": "event", "event": "sale"}], "steps": [{"id": "a", "action": "fly"}]}
    with tenant_context(ACME):
        Campaign.objects.filter(key="count").update(draft=draft)

    with pytest.raises(operations.PublicationRefused) as refused:
        operations.publish(stored(), by="ann")

    assert [fault.path for fault in refused.value.faults] == ["triggers[0].event", "steps[0].action"]
    assert (stored().live_version, stored().status) == (1, "active")


def test_a_paused_campaign_stays_paused_when_it_is_published() -> None:
    operations.pause(stored())

    operations.publish(stored(), by="ann")

    assert (stored().live_version, stored().status) == (2, "paused")


def test_the_states_of_a_campaign() -> None:
    operations.pause(stored())
    with pytest.raises(operations.WrongState):
        operations.pause(stored())
    operations.resume(stored())
    with pytest.raises(operations.WrongState):
        operations.resume(stored())
    operations.archive(stored())
    for verb in (operations.pause, operations.resume, operations.archive):
        with pytest.raises(operations.WrongState):
            verb(stored())
    with pytest.raises(operations.WrongState):
        operations.publish(stored(), by="ann")


def test_another_tenants_campaign_is_not_there() -> None:
    campaign = stored()
    campaign.tenant_id = ZETA

    for verb in (operations.pause, operations.archive):
        with pytest.raises(Campaign.DoesNotExist):
            verb(campaign)


# -- the rulebook's version


@pytest.mark.parametrize(
    ("model", "values", "change"),
    [
        (EventType, {"name": "visit", "label": "Visit"}, {"label": "A visit"}),
        (FieldDefinition, {"key": "city", "label": "City", "type": "string"}, {"label": "Town"}),
        (Stage, {"key": "new", "label": "New"}, {"position": 5}),
        (Tag, {"name": "new"}, {"name": "old"}),
        (Owner, {"email": "x@example.test", "name": "X"}, {"active": False}),
        (StaticList, {"key": "new", "name": "New"}, {"archived": True}),
        (Campaign, {"key": "new", "name": "New"}, {"position": 3}),
    ],
)
def test_every_change_of_what_campaigns_depend_on_raises_the_version(model: type, values: dict, change: dict) -> None:
    versions, other = [version_of(ACME)], version_of(ZETA)
    with tenant_context(ACME):
        row = model.objects.create(tenant_id=ACME, **values)
    versions.append(version_of(ACME))
    with tenant_context(ACME):
        model.objects.filter(pk=row.pk).update(**change)
    versions.append(version_of(ACME))
    with tenant_context(ACME):
        model.objects.filter(pk=row.pk).delete()
    versions.append(version_of(ACME))

    assert versions == sorted(set(versions))
    assert version_of(ZETA) == other


def test_editing_a_draft_does_not_raise_the_version() -> None:
    before = version_of(ACME)
    with tenant_context(ACME):
        Campaign.objects.filter(key="count").update(draft={})

    assert version_of(ACME) == before


def test_publishing_pausing_the_time_zone_and_the_week_raise_the_version() -> None:
    versions = [version_of(ACME)]
    operations.publish(stored(), by="ann")
    versions.append(version_of(ACME))
    operations.pause(stored())
    versions.append(version_of(ACME))
    with tenant_context(ACME):
        Tenant.objects.update(timezone="UTC")
    versions.append(version_of(ACME))
    with tenant_context(ACME):
        Tenant.objects.update(week_start="sunday")
    versions.append(version_of(ACME))
    operations.bump_rulebook(ACME)
    versions.append(version_of(ACME))

    assert versions == sorted(set(versions))


# -- what campaigns need


def test_what_a_running_campaign_needs_cannot_be_taken_away() -> None:
    with (
        tenant_context(ACME),
        pytest.raises(operations.BreaksCampaigns, match="unknown event type"),
        operations.keep_campaigns_working(ACME),
    ):
        EventType.objects.all().delete()

    with tenant_context(ACME):
        assert EventType.objects.exists()


def test_what_leads_use_cannot_be_deleted() -> None:
    with (
        tenant_context(ACME),
        pytest.raises(operations.Refused, match="Leads use it"),
        operations.keep_campaigns_working(ACME),
    ):
        Stage.objects.filter(key="customer").delete()


def test_what_no_campaign_needs_may_go() -> None:
    with tenant_context(ACME), operations.keep_campaigns_working(ACME):
        Tag.objects.all().delete()


# -- rulebooks


def test_rulebooks_of_all_tenants_are_loaded_by_one_statement(worker_connection: psycopg.Connection) -> None:
    statements = []
    execute = worker_connection.execute
    worker_connection.execute = lambda *args: statements.append(args) or execute(*args)

    books = load_rulebooks(worker_connection, [ACME, ZETA, "nobody"])

    assert sorted(books) == [ACME, ZETA]
    assert len(statements) == 1
    for tenant, book in books.items():
        assert [campaign.name for campaign in book.campaigns] == [canary(tenant)]
        assert book.version == version_of(tenant)


def test_a_rulebook_holds_running_campaigns_only(worker_connection: psycopg.Connection) -> None:
    with tenant_context(ACME):
        Campaign.objects.create(tenant_id=ACME, key="draft", name="Draft", draft=DOCUMENT)
        operations.pause(make_campaign(ACME, key="paused"))

    book = load_rulebooks(worker_connection, [ACME])[ACME]

    assert [campaign.key for campaign in book.campaigns] == ["count"]
    assert book.schema.campaigns == {"count": "active", "draft": "draft", "paused": "paused"}


def test_the_version_that_is_compared_is_the_version_that_is_loaded(
    worker_connection: psycopg.Connection,
) -> None:
    assert load_versions(worker_connection, [ACME])[ACME] == load_rulebooks(worker_connection, [ACME])[ACME].version


def test_the_schema_says_what_a_tenant_has() -> None:
    with tenant_context(ACME):
        Owner.objects.create(tenant_id=ACME, email="gone@example.test", name="Gone", active=False)
        StaticList.objects.create(tenant_id=ACME, key="old", name="Old", archived=True)
        schema = schema_of(ACME)

    assert schema.stages == ("customer", "vip")
    assert schema.tags == {canary(ACME)}
    assert set(schema.lists) == {"vips"}
    assert schema.inactive_owners == {"gone@example.test"}
    assert schema.fields["orders"].type == "integer"
    assert schema.event_types["purchase"].required == ("amount",)
    assert schema.timezone == "Europe/Vienna"


def test_a_published_version_is_what_was_published_whatever_becomes_of_the_draft() -> None:
    with tenant_context(ACME):
        Campaign.objects.filter(key="count").update(draft={})

        assert CampaignVersion.objects.get().document == DOCUMENT


# -- API keys


def test_a_key_is_kept_as_a_hash_only() -> None:
    key, text = keys.issue(ACME, name="shop")

    with tenant_context(ACME):
        row = ApiKey.objects.values().get(pk=key.pk)
    assert text not in str(row)
    assert text.startswith(f"fl_live_{key.prefix}_")


def test_a_key_names_its_tenant_without_one_being_chosen() -> None:
    _, text = keys.issue(ZETA, name="shop")

    assert keys.verify(text, NOW).tenant_id == ZETA


@pytest.mark.parametrize("spoil", [lambda t: t[:-1] + "!", lambda t: t[:-1], lambda t: t + "x", str.upper])
def test_a_key_that_is_not_exactly_the_one_issued_is_refused(spoil: object) -> None:
    _, text = keys.issue(ACME, name="shop")

    assert keys.verify(spoil(text), NOW) is None


@pytest.mark.parametrize("text", ["", "fl_live_", "fl_live_aaaaaaaa_" + "a" * 43, "x\x00y", "ﬂ_live_", "a" * 10_000])
def test_what_is_no_key_is_refused(text: str) -> None:
    assert keys.verify(text, NOW) is None


def test_one_keys_secret_does_not_open_another() -> None:
    _, mine = keys.issue(ACME, name="shop")
    theirs, _ = keys.issue(ZETA, name="shop")

    assert keys.verify(mine[:8] + theirs.prefix + mine[16:], NOW) is None


def test_a_key_ends_when_it_expires_or_is_revoked() -> None:
    _, expired = keys.issue(ACME, name="old", expires_at=NOW)
    key, text = keys.issue(ACME, name="shop")
    with tenant_context(ACME):
        assert keys.revoke(key, NOW)
        assert not keys.revoke(key, NOW)

    assert keys.verify(expired, NOW) is None
    assert keys.verify(expired, NOW - timedelta(seconds=1)) is not None
    assert keys.verify(text, NOW) is None


def test_unknown_scopes_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown scopes: everything"):
        keys.issue(ACME, name="x", scopes=["everything"])


def test_the_last_use_is_kept_to_the_minute() -> None:
    key, text = keys.issue(ACME, name="shop")

    keys.note_use(key, NOW)
    keys.note_use(keys.verify(text, NOW), NOW + timedelta(seconds=59))

    assert keys.verify(text, NOW).last_used_at == NOW
