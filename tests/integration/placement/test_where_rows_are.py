"""Tenants on two databases: each row is on its tenant's, and only there; the directory knows where."""

from __future__ import annotations

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import ProgrammingError, connection, connections
from django.test import Client
from django.utils import timezone
from psycopg import sql

from campaigns import keys, operations
from campaigns.models import ApiKey, Campaign, FieldDefinition, Lead, Tag, Tenant
from campaigns.router import current_database
from campaigns.tenancy import operator_context, tenant_context
from campaigns.vocabularies import vocabularies
from engine import placement
from engine.models import OutboxRow, TenantControl
from engine.roles import Urls
from settings.databases import aliases, worker_urls
from tests.integration.campaigns.test_isolation_rls import ISOLATED
from tests.integration.campaigns.world import ACME, DOCUMENT, ZETA, canary

pytestmark = pytest.mark.usefixtures("tenants")

#: What the directory has of every tenant.
IN_DIRECTORY = ["campaigns_apikey", "campaigns_membership", "engine_tenantcontrol"]


def tenants_in(worker: psycopg.Connection, table: str) -> set[str]:
    query = sql.SQL("SELECT DISTINCT tenant_id FROM {}").format(sql.Identifier(table))
    return {row[0] for row in worker.execute(query)}


def test_rows_are_on_the_tenants_database_only(
    directory_worker: psycopg.Connection, blue_worker: psycopg.Connection
) -> None:
    for table in set(ISOLATED) - set(IN_DIRECTORY):
        assert (tenants_in(directory_worker, table), tenants_in(blue_worker, table)) == ({ACME}, {ZETA}), table
    for table in IN_DIRECTORY:
        assert (tenants_in(directory_worker, table), tenants_in(blue_worker, table)) == ({ACME, ZETA}, set()), table


def test_the_tenants_row_is_in_the_directory_and_on_its_database(
    directory_worker: psycopg.Connection, blue_worker: psycopg.Connection
) -> None:
    query = "SELECT id, name, timezone FROM campaigns_tenant ORDER BY id"

    rows = directory_worker.execute(query).fetchall()

    assert [row[0] for row in rows] == [ACME, ZETA]
    assert blue_worker.execute(query).fetchall() == rows[1:]


def test_a_context_is_on_its_tenants_database() -> None:
    with tenant_context(ACME):
        assert list(Tag.objects.values_list("name", flat=True)) == [canary(ACME)]
        with tenant_context(ZETA):
            assert current_database() == "blue"
            assert list(Tag.objects.values_list("name", flat=True)) == [canary(ZETA)]
            with operator_context():
                assert set(Tenant.objects.values_list("pk", flat=True)) == {ACME, ZETA}
            assert list(Tenant.objects.values_list("pk", flat=True)) == [ZETA]
        assert list(Tag.objects.values_list("name", flat=True)) == [canary(ACME)]
    assert current_database() == "default"
    assert not Tag.objects.exists()


def test_a_context_that_fails_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), tenant_context(ZETA):
        Tag.objects.create(tenant_id=ZETA, name="never")
        raise ZeroDivisionError

    with tenant_context(ZETA):
        assert not Tag.objects.filter(name="never").exists()
    assert current_database() == "default"


def test_another_databases_tenant_cannot_be_written_in_a_context() -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), tenant_context(ZETA):
        Tag.objects.create(tenant_id=ACME, name="x")


def test_the_version_that_workers_read_rises_on_the_tenants_database(blue_worker: psycopg.Connection) -> None:
    def version() -> int:
        return blue_worker.execute("SELECT rulebook_version FROM campaigns_tenant").fetchone()[0]

    before = version()
    with tenant_context(ZETA):
        FieldDefinition.objects.create(tenant_id=ZETA, key="size", label="Size", type="integer")
    after = version()
    operations.bump_rulebook(ZETA)

    assert (after, version()) == (before + 1, before + 2)
    assert "size" in vocabularies.latest(ZETA).fields
    assert "size" not in vocabularies.latest(ACME).fields


def test_a_change_of_the_tenant_reaches_its_copy(blue_worker: psycopg.Connection) -> None:
    with operator_context():
        tenant = Tenant.objects.get(pk=ZETA)
    tenant.timezone = "Asia/Tokyo"

    operations.change_tenant(tenant)

    assert blue_worker.execute("SELECT timezone FROM campaigns_tenant").fetchone() == ("Asia/Tokyo",)
    with operator_context():
        assert set(Tenant.objects.values_list("timezone", flat=True)) == {"Asia/Tokyo", "Europe/Vienna"}


def test_a_campaign_is_published_on_its_database(
    directory_worker: psycopg.Connection, blue_worker: psycopg.Connection
) -> None:
    """The name of who published it is text: its user is in the directory."""
    with tenant_context(ZETA):
        campaign = Campaign.objects.create(tenant_id=ZETA, key="new", name="New", draft=DOCUMENT)
    operations.publish(campaign, by="root")

    query = "SELECT tenant_id, published_by FROM campaigns_campaignversion ORDER BY id"
    assert blue_worker.execute(query).fetchall() == [(ZETA, "bob"), (ZETA, "root")]
    assert directory_worker.execute(query).fetchall() == [(ACME, "ann")]


def test_changes_in_a_transaction_that_is_undone_raise_no_event() -> None:
    with pytest.raises(ZeroDivisionError), tenant_context(ZETA):
        Lead.objects.create(tenant_id=ZETA, key="undone")
        assert OutboxRow.objects.count() == 1
        raise ZeroDivisionError

    with tenant_context(ZETA):
        assert not OutboxRow.objects.exists()
        assert not Lead.objects.filter(key="undone").exists()


def test_keys_are_issued_used_and_revoked_in_the_directory() -> None:
    key, text = keys.issue(ZETA, name="second")
    now = timezone.now()

    keys.note_use(key, now)

    assert keys.verify(text, now).tenant_id == ZETA
    assert keys.revoke(key, now)
    assert keys.verify(text, now) is None


def test_the_place_of_a_tenant_is_asked_once() -> None:
    placement.forget()

    assert (placement.database_of(ACME), placement.database_of(ZETA)) == ("default", "blue")
    with connection.execute_wrapper(refuse):
        assert (placement.database_of(ACME), placement.database_of(ZETA)) == ("default", "blue")
    assert placement.database_of("nobody") == "default"


def refuse(*_: object) -> None:
    raise AssertionError("nothing is to be asked")


# -- making tenants


def test_a_tenant_is_not_made_on_a_database_that_is_not_there() -> None:
    with pytest.raises(ValidationError, match="no database “red”"):
        operations.create_tenant("whale", name="Whale", database="red")

    assert not TenantControl.objects.filter(pk="whale").exists()


def test_a_tenant_whose_database_does_not_answer_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    connections["blue"].close()
    monkeypatch.setitem(connections["blue"].settings_dict, "HOST", "/nonexistent")

    with pytest.raises(operations.Refused, match="database blue does not answer"):
        operations.create_tenant("whale", name="Whale", database="blue")

    with operator_context():
        assert not Tenant.objects.filter(pk="whale").exists()
    assert not TenantControl.objects.filter(pk="whale").exists()


def test_a_tenant_half_made_can_be_made_again(blue_worker: psycopg.Connection) -> None:
    """The process died when the row on its database was committed and the directory's was not."""
    with operator_context(using="blue"):
        Tenant.objects.create(id="whale", name="Whail")

    operations.create_tenant("whale", name="Whale", database="blue")

    assert blue_worker.execute("SELECT name FROM campaigns_tenant WHERE id = 'whale'").fetchone() == ("Whale",)
    with pytest.raises(ValidationError):
        operations.create_tenant("whale", name="Other")


# -- settings


def test_a_variable_that_is_missing_is_named(blue: Urls) -> None:
    known = {"DATABASE_URL": blue.app, "WORKER_DATABASE_URL": blue.worker, "FAIRLANE_DATABASES": "blue,green"}

    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL_BLUE "):
        aliases(known, 60)
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL_GREEN "):
        aliases(known | {"DATABASE_URL_BLUE": blue.app}, 60)
    with pytest.raises(ImproperlyConfigured, match="WORKER_DATABASE_URL_BLUE "):
        worker_urls(known)


def test_the_web_needs_no_worker(blue: Urls) -> None:
    assert worker_urls({"FAIRLANE_DATABASES": "blue"}) == {"blue": ""}


@pytest.mark.parametrize("names", ["default", "blue,owner", "Blue", "blue green", "a_b", "blue,blue"])
def test_a_name_that_cannot_be_is_refused(names: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="FAIRLANE_DATABASES"):
        worker_urls({"FAIRLANE_DATABASES": names})


# -- ways in


def test_the_api_reads_leads_of_the_second_database(client: Client) -> None:
    _, text = keys.issue(ZETA, name="reader", scopes=["leads:read"])

    answer = client.get("/api/v1/leads/1", headers={"authorization": f"Bearer {text}"})

    assert answer.status_code == 200
    assert answer.json()["first_name"] == canary(ZETA)
    with tenant_context(ZETA, using="default"):
        assert ApiKey.objects.filter(tenant=ZETA).count() == 2
