"""Every page of the admin, asked by everybody who should and should not see it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse

from campaigns.admin.campaign_verbs import VERBS
from campaigns.admin.site import NAVIGATION
from campaigns.models import Campaign, Company, Lead, Membership, Owner, StaticList, Tag, Tenant
from campaigns.tenancy import keep_while_streaming, operator_context, tenant_context
from engine.models import DeadLetter
from tests.integration.campaigns.world import ACME, MARKETERS, PASSWORD, ZETA, canary, logged_in

pytestmark = pytest.mark.usefixtures("two_tenants")

OPERATORS_ONLY = {"Tenant", "User", "ApiKey"}
OTHER = {ACME: ZETA, ZETA: ACME}


@pytest.fixture
def root() -> Client:
    """A superuser who has not chosen a tenant."""
    User.objects.create_superuser("root", password=PASSWORD)
    return logged_in("root")


def url(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def rows(tenant: str) -> list[Model]:
    """A row of each registered model of the tenant."""
    with tenant_context(tenant), operator_context():
        return [_row(model, tenant) for model in admin.site._registry]


def _row(model: type[Model], tenant: str) -> Model:
    if model is User:
        return User.objects.get(username=MARKETERS[tenant])
    mine = {"pk": tenant} if model.__name__ == "Tenant" else {"tenant_id": tenant}
    return model.objects.filter(**mine).first()


def pages_of(row: Model) -> list[str]:
    pages = [url(type(row), page, row.pk) for page in ("change", "history", "delete")]
    if isinstance(row, Campaign):
        pages += [url(Campaign, verb, row.pk) for verb in VERBS]
    return pages


def all_pages(tenant: str) -> list[str]:
    lists = [url(model, page) for model in admin.site._registry for page in ("changelist", "add")]
    return ["/admin/", "/admin/campaigns/", *lists, *(page for row in rows(tenant) for page in pages_of(row))]


# -- who sees what


@pytest.mark.parametrize("tenant", [ACME, ZETA])
def test_a_marketer_sees_the_pages_of_the_own_tenant(tenant: str) -> None:
    client = logged_in(MARKETERS[tenant])

    for row in rows(tenant):
        expected = 403 if type(row).__name__ in OPERATORS_ONLY else 200
        assert client.get(url(type(row), "changelist")).status_code == expected, row
        assert client.get(url(type(row), "change", row.pk)).status_code == expected, row


def test_no_page_shows_a_marketer_anything_of_another_tenant() -> None:
    client = logged_in(MARKETERS[ACME])
    seen = []

    for page in all_pages(ACME) + all_pages(ZETA):
        response = client.get(page)
        body = response.content.decode()
        assert response.status_code < 500, page
        assert canary(ZETA) not in body, page
        assert "Tenant ZETA" not in body, page
        seen += [page] * (canary(ACME) in body)

    assert len(seen) > 20  # the canaries are where they can be seen


@pytest.mark.parametrize("tenant", [ACME, ZETA])
def test_pages_about_another_tenants_rows_are_not_there(tenant: str) -> None:
    client = logged_in(MARKETERS[tenant])

    for row in rows(OTHER[tenant]):
        for page in pages_of(row):
            assert client.get(page).status_code in (302, 403, 404), page
            assert client.post(page, {"post": "yes"}).status_code in (302, 403, 404), page

    assert [row.pk for row in rows(OTHER[tenant])]  # and all of them are still there
    with tenant_context(OTHER[tenant]):
        assert Campaign.objects.get().status == "active"


def test_without_login_every_page_asks_for_one() -> None:
    client = Client()

    for page in all_pages(ACME):
        response = client.get(page)
        assert response.status_code == 302, page
        assert response.url.startswith("/admin/login/"), page


def test_logging_in_leads_to_the_start_page() -> None:
    response = Client().post("/admin/login/", {"username": "ann", "password": PASSWORD}, follow=True)

    assert response.redirect_chain == [("/admin/", 302)]
    assert "Tenant ACME" in response.content.decode()


def test_who_is_no_staff_cannot_enter() -> None:
    User.objects.filter(username="ann").update(is_staff=False)
    client = logged_in("ann")

    assert client.get("/admin/").status_code == 302
    assert client.get(url(Lead, "changelist")).status_code == 302


def test_who_looks_after_no_tenant_sees_no_row() -> None:
    Membership.objects.filter(user__username="ann").delete()
    client = logged_in("ann")

    for page in all_pages(ACME):
        assert canary(ACME) not in client.get(page).content.decode(), page
    assert "do not look after any tenant" in client.get(url(Lead, "changelist")).content.decode()


# -- superusers


def test_a_superuser_without_a_tenant_is_told_to_choose_one(root: Client) -> None:
    for page in all_pages(ACME):
        response = root.get(page)
        assert response.status_code < 500, page
        assert canary(ACME) not in response.content.decode(), page

    assert "Choose a tenant" in root.get(url(Lead, "changelist")).content.decode()


def test_a_superuser_sees_one_tenant_at_a_time(root: Client) -> None:
    root.get(reverse("admin:campaigns_tenant_choose", args=[ACME]))

    for page in all_pages(ACME) + all_pages(ZETA):
        response = root.get(page)
        assert response.status_code < 500, page
        assert canary(ZETA) not in response.content.decode(), page

    assert canary(ACME) in root.get(url(Lead, "changelist")).content.decode()


def test_a_marketer_chooses_among_the_own_tenants_only() -> None:
    client = logged_in("ann")
    choose = reverse("admin:campaigns_tenant_choose", args=[ZETA])
    assert client.get(choose).status_code == 403

    Membership.objects.create(user=User.objects.get(username="ann"), tenant_id=ZETA)

    assert client.get(choose, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get(choose).status_code == 302
    assert canary(ZETA) in client.get(url(Lead, "changelist")).content.decode()


def test_a_membership_that_ended_ends_at_once() -> None:
    client = logged_in("ann")
    client.get(reverse("admin:campaigns_tenant_choose", args=[ACME]))
    Membership.objects.filter(user__username="ann").delete()

    assert canary(ACME) not in client.get(url(Lead, "changelist")).content.decode()


def test_a_page_opened_in_one_tenant_does_not_save_into_another() -> None:
    client = logged_in("ann")

    client.post(url(Tag, "add"), {"name": "lost", "_tenant": ZETA}, follow=True)

    with tenant_context(ACME):
        assert not Tag.objects.filter(name="lost").exists()


# -- the roundabout ways


@pytest.mark.parametrize(("model", "field"), [(Lead, "company"), (Lead, "owner")])
def test_autocompletion_offers_the_own_rows_only(model: type[Model], field: str) -> None:
    query = {"app_label": "campaigns", "model_name": model._meta.model_name, "field_name": field, "term": "canary"}

    body = logged_in("ann").get("/admin/autocomplete/", query).json()

    assert [row["text"] for row in body["results"]] == [canary(ACME)]


def test_search_finds_the_own_rows_only() -> None:
    client = logged_in("ann")

    for model in (Lead, Campaign, Tag, StaticList, Company, DeadLetter):
        body = client.get(url(model, "changelist"), {"q": canary(ZETA)}).content.decode()
        assert f"{canary(ZETA)}@" not in body, model
        assert "1 result" not in body, model
    assert client.get("/admin/search/", {"s": "canary", "extended": "1"}).status_code == 200


@pytest.mark.parametrize("field", ["company", "owner"])
def test_a_forged_choice_of_another_tenants_row_is_refused(field: str) -> None:
    with tenant_context(ZETA):
        foreign = {"company": Company, "owner": Owner}[field].objects.get().pk

    response = logged_in("ann").post(url(Lead, "add"), {"key": "forged", "score": "0", field: foreign})

    assert response.status_code == 200
    assert "not one of the available choices" in response.content.decode()
    with tenant_context(ACME):
        assert not Lead.objects.filter(key="forged").exists()


def test_members_of_another_tenants_list_are_out_of_reach() -> None:
    client = logged_in("ann")
    with tenant_context(ZETA):
        foreign, lead = StaticList.objects.get().pk, Lead.objects.get().pk
    with tenant_context(ACME):
        mine = StaticList.objects.get().pk

    for verb, values in (("add", {"keys": "1"}), ("remove", {"lead": lead})):
        assert client.post(reverse(f"admin:campaigns_list_{verb}", args=[foreign]), values).status_code == 404
    client.post(reverse("admin:campaigns_list_remove", args=[mine]), {"lead": lead})
    with tenant_context(ZETA):
        assert StaticList.objects.get().members.count() == 1


def test_the_body_of_a_streaming_response_is_of_its_tenant_too() -> None:
    def names() -> Iterator[bytes]:
        yield from (tag.name.encode() for tag in Tag.objects.all())

    with tenant_context(ACME):
        tenant = Tenant.objects.get()
    response = keep_while_streaming(StreamingHttpResponse(names()), tenant)

    assert b"".join(response) == canary(ACME).encode()
    assert not Tag.objects.exists()


def test_what_a_failed_request_did_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(admin.site._registry[Tag], "response_add", fail)
    client = logged_in("ann")
    client.raise_request_exception = False

    assert client.post(url(Tag, "add"), {"name": "half"}).status_code == 500
    with tenant_context(ACME):
        assert not Tag.objects.filter(name="half").exists()


def test_every_page_of_a_tenant_is_found_on_the_left() -> None:
    offered = {model for _, *items in NAVIGATION for _, _, model, _ in items}
    registered = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    assert {model for model in registered if model.startswith("campaigns_")} <= offered
