"""The admin, for people whose tenant is on the second database, and for operators of both."""

from __future__ import annotations

import psycopg
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, Company, Lead, Tag, Tenant
from campaigns.tenancy import SESSION_KEY, operator_context, tenant_context
from engine.models import TenantControl
from tests.integration.campaigns.pages import FormReader
from tests.integration.campaigns.test_admin import pages_of, url
from tests.integration.campaigns.world import ACME, MARKETERS, PASSWORD, ZETA, canary, logged_in

pytestmark = pytest.mark.usefixtures("tenants")


@pytest.fixture
def root() -> Client:
    User.objects.create_superuser("root", password=PASSWORD)
    return logged_in("root")


def choose(client: Client, tenant: str) -> None:
    session = client.session
    session[SESSION_KEY] = tenant
    session.save()


def inputs(client: Client, page: str) -> dict[str, list[str]]:
    reader = FormReader()
    reader.feed(client.get(page).content.decode())
    return reader.values


@pytest.mark.parametrize("tenant", [ACME, ZETA])
def test_a_marketer_sees_every_page_of_the_own_tenant_and_nothing_of_the_other(tenant: str) -> None:
    client = logged_in(MARKETERS[tenant])
    other = canary({ACME: ZETA, ZETA: ACME}[tenant]).encode()
    with tenant_context(tenant):
        mine = [Campaign.objects.get(), Lead.objects.get(), Tag.objects.get(), Company.objects.get()]

    for row in mine:
        for page in [url(type(row), "changelist"), url(type(row), "add"), *pages_of(row)]:
            answer = client.get(page)
            never = page.endswith("delete/") and isinstance(row, Campaign | Lead)
            assert answer.status_code == (403 if never else 200), page
            assert other not in answer.content
    assert canary(tenant).encode() in client.get(url(Campaign, "changelist")).content
    assert client.get("/admin/").status_code == 200


def test_what_a_marketer_does_is_written_there_and_logged_in_the_directory(
    blue_worker: psycopg.Connection, directory_worker: psycopg.Connection
) -> None:
    client = logged_in(MARKETERS[ZETA])
    page = url(Tag, "add")

    answer = client.post(page, inputs(client, page) | {"name": "new"})

    assert answer.status_code == 302, answer.content
    assert ("new",) in blue_worker.execute("SELECT name FROM campaigns_tag").fetchall()
    assert ("new",) not in directory_worker.execute("SELECT name FROM campaigns_tag").fetchall()
    assert LogEntry.objects.get().user.username == MARKETERS[ZETA]


def test_a_request_that_fails_leaves_nothing_on_either_database(monkeypatch: pytest.MonkeyPatch) -> None:
    client = logged_in(MARKETERS[ZETA])
    client.raise_request_exception = False
    page = url(Tag, "add")
    filled = inputs(client, page) | {"name": "new"}
    monkeypatch.setattr("django.contrib.admin.ModelAdmin.response_add", lambda *_: 1 / 0)

    assert client.post(page, filled).status_code == 500

    with tenant_context(ZETA):
        assert not Tag.objects.filter(name="new").exists()
    assert not LogEntry.objects.exists()


def test_a_superuser_makes_and_changes_a_tenant_on_the_second_database(
    root: Client, blue_worker: psycopg.Connection
) -> None:
    choose(root, ZETA)
    page = reverse("admin:campaigns_tenant_add")
    filled = inputs(root, page) | {"id": "whale", "name": "Whale", "database": "blue"}

    assert root.post(page, filled).status_code == 302
    page = reverse("admin:campaigns_tenant_change", args=["whale"])
    changed = inputs(root, page)
    assert "database" not in changed
    assert root.post(page, changed | {"name": "Orca", "database": "default"}).status_code == 302

    assert TenantControl.objects.get(pk="whale").database == "blue"
    assert blue_worker.execute("SELECT name FROM campaigns_tenant WHERE id = 'whale'").fetchone() == ("Orca",)
    listed = root.get(reverse("admin:campaigns_tenant_changelist")).content.decode()
    assert "Orca" in listed and ACME in listed and "blue" in listed


def test_a_tenant_of_a_database_that_is_away_is_not_made_and_not_changed(
    root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections["blue"].close()
    monkeypatch.setitem(connections["blue"].settings_dict, "HOST", "/nonexistent")
    add, change = reverse("admin:campaigns_tenant_add"), reverse("admin:campaigns_tenant_change", args=[ZETA])

    made = inputs(root, add) | {"id": "whale", "name": "Whale", "database": "blue"}
    assert b"The database blue does not answer" in root.post(add, made, follow=True).content
    changed = inputs(root, change) | {"name": "Changed", "weight": "7"}
    assert b"The database blue does not answer" in root.post(change, changed, follow=True).content

    with operator_context():
        assert set(Tenant.objects.values_list("name", flat=True)) == {"Tenant ACME", "Tenant ZETA"}
    assert TenantControl.objects.get(pk=ZETA).weight == 1


def test_keys_of_a_tenant_on_the_second_database_are_issued(root: Client) -> None:
    choose(root, ZETA)
    page = reverse("admin:campaigns_apikey_add")

    answer = root.post(page, inputs(root, page) | {"name": "shop"})

    assert b"fl_live_" in answer.content
    listed = root.get(reverse("admin:campaigns_apikey_changelist")).content
    assert b"shop" in listed and canary(ACME).encode() not in listed


def test_who_chose_a_tenant_whose_database_is_down_can_choose_another(
    root: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(root, ZETA)
    connections["blue"].close()
    monkeypatch.setitem(connections["blue"].settings_dict, "HOST", "/nonexistent")

    answer = root.get(url(Tag, "changelist"))
    assert b"The database of zeta does not answer" in answer.content
    root.get(reverse("admin:campaigns_tenant_choose", args=[ACME]))

    assert canary(ACME).encode() in root.get(url(Tag, "changelist")).content


def test_without_a_second_database_nobody_is_asked_for_one(root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.admin.tenants.placement_columns", tuple)

    page = reverse("admin:campaigns_tenant_add")
    filled = inputs(root, page)
    assert "database" not in filled
    assert root.post(page, filled | {"id": "whale", "name": "Whale"}).status_code == 302

    assert TenantControl.objects.get(pk="whale").database == "default"
