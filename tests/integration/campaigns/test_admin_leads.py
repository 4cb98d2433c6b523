"""A lead's page: typed fields, its history, and that saving it leaves alone what the person did not change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.models import Activity, FieldDefinition, Lead, Owner, StaticList, Tag
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.pages import Values, read_form
from tests.integration.campaigns.world import ACME, PASSWORD, add_activity, canary, logged_in, make_lead

pytestmark = pytest.mark.usefixtures("two_tenants")

TYPES: dict[str, Any] = {
    "nickname": ("string", [], "Ada"),
    "notes": ("text", [], "one\ntwo"),
    "visits": ("integer", [], 7),
    "spent": ("decimal", [], "11.70"),
    "newsletter": ("boolean", [], False),
    "birthday": ("date", [], "1980-02-29"),
    "next_call": ("datetime", [], "2026-07-01T08:30:00Z"),
    "genre": ("picklist", ["jazz", "pop"], "jazz"),
    "formats": ("multi_select", ["cd", "lp"], ["cd", "lp"]),
    "deal": ("currency", [], "12.50 EUR"),
    "home": ("geo", [], {"city": "Wien", "country": "AT", "latitude": 48.2, "longitude": 16.37}),
    "profile": ("json", [], {"plan": {"name": "free", "paid": 1.5}}),
}


@pytest.fixture
def ann() -> Client:
    return logged_in("ann")


@pytest.fixture
def typed_lead() -> Lead:
    """A lead with a value in a field of every type."""
    with tenant_context(ACME):
        for key, (kind, options, _) in TYPES.items():
            FieldDefinition.objects.create(tenant_id=ACME, key=key, label=key.title(), type=kind, options=options)
        lead = Lead.objects.get()
        lead.fields |= {key: value for key, (_, _, value) in TYPES.items()}
        lead.save()
    return lead


def page(lead: Lead) -> str:
    return reverse("admin:campaigns_lead_change", args=[lead.pk])


def stored(lead: Lead) -> Lead:
    with tenant_context(ACME):
        return Lead.objects.get(pk=lead.pk)


def save(client: Client, lead: Lead, change: Callable[[Values], None], meanwhile: Callable[[], None]) -> None:
    """Open the page, let something happen, then change inputs and send them."""
    values = read_form(client.get(page(lead)).content)
    meanwhile()
    change(values)
    response = client.post(page(lead), values)
    assert response.status_code == 302, response.context["adminform"].form.errors


def nothing() -> None:
    """Nothing happens meanwhile."""


def test_saving_an_untouched_page_changes_nothing(ann: Client, typed_lead: Lead) -> None:
    before = stored(typed_lead).__dict__ | {"_state": None}

    save(ann, typed_lead, lambda values: None, nothing)

    assert stored(typed_lead).__dict__ | {"_state": None} == before


def test_every_type_of_field_is_stored_in_its_one_form(ann: Client, typed_lead: Lead) -> None:
    def change(values: Values) -> None:
        values |= {
            "field_nickname": ["Countess"],
            "field_notes": ["a\r\nb"],
            "field_visits": ["8"],
            "field_spent": ["99999999999.10"],
            "field_newsletter": ["true"],
            "field_birthday": ["1815-12-10"],
            "field_next_call_0": ["2026-07-02"],
            "field_next_call_1": ["09:00:00"],
            "field_genre": [""],
            "field_formats": ["lp"],
            "field_deal": ["7 chf"],
            "field_home": ['{"country": "Germany"}'],
            "field_profile": ['{"plan": null}'],
        }

    save(ann, typed_lead, change, nothing)

    assert stored(typed_lead).fields == {
        "orders": 1,
        "nickname": "Countess",
        "notes": "a\nb",
        "visits": 8,
        "spent": "99999999999.10",
        "newsletter": True,
        "birthday": "1815-12-10",
        "next_call": "2026-07-02T07:00:00Z",  # typed in Vienna
        "formats": ["lp"],
        "deal": "7 CHF",
        "home": {"country": "DE"},
        "profile": {"plan": None},
    }


def test_what_does_not_fit_is_said_beside_the_field(ann: Client, typed_lead: Lead) -> None:
    values = read_form(ann.get(page(typed_lead)).content)
    values |= {"field_visits": [str(10**30)], "field_spent": ["1e5x"], "field_birthday": ["yesterday"]}

    response = ann.post(page(typed_lead), values)

    assert set(response.context["adminform"].form.errors) == {"field_visits", "field_spent", "field_birthday"}


def test_a_change_by_a_worker_meanwhile_is_not_overwritten(
    ann: Client, typed_lead: Lead, worker_connection: psycopg.Connection
) -> None:
    def work() -> None:
        worker_connection.execute(
            "UPDATE campaigns_lead SET stage = 'vip', score = 50, tags = tags || '{bought}',"
            " fields = fields || %s WHERE id = %s",
            [json.dumps({"orders": 2, "visits": 9, "spent": "20.00"}), typed_lead.pk],
        )
        worker_connection.commit()

    def change(values: Values) -> None:
        values |= {"phone": ["+43 1"], "field_nickname": ["Countess"], "tags": ["vip", canary(ACME)]}

    with tenant_context(ACME):
        Tag.objects.create(tenant_id=ACME, name="vip")
    save(ann, typed_lead, change, work)

    lead = stored(typed_lead)
    assert (lead.phone, lead.fields["nickname"]) == ("+43 1", "Countess")
    assert (lead.stage, lead.score) == ("vip", 50)
    assert lead.tags == sorted(["bought", "vip", canary(ACME)])
    assert (lead.fields["orders"], lead.fields["visits"], lead.fields["spent"]) == (2, 9, "20.00")


def test_what_the_person_changed_wins_over_a_change_meanwhile(
    ann: Client, typed_lead: Lead, worker_connection: psycopg.Connection
) -> None:
    def work() -> None:
        worker_connection.execute("UPDATE campaigns_lead SET score = 50 WHERE id = %s", [typed_lead.pk])
        worker_connection.commit()

    save(ann, typed_lead, lambda values: values.update(score=["7"], tags=[]), work)

    assert (stored(typed_lead).score, stored(typed_lead).tags) == (7, [])


def test_a_value_that_is_no_longer_an_option_is_kept(ann: Client, typed_lead: Lead) -> None:
    with tenant_context(ACME):
        FieldDefinition.objects.filter(key="genre").update(options=["pop"])
        FieldDefinition.objects.filter(key="formats").update(options=["lp"])

    save(ann, typed_lead, lambda values: values.update(phone=["1"]), nothing)

    assert (stored(typed_lead).fields["genre"], stored(typed_lead).fields["formats"]) == ("jazz", ["cd", "lp"])


def test_a_lead_is_added_with_its_fields(ann: Client) -> None:
    values = read_form(ann.get(reverse("admin:campaigns_lead_add")).content)
    with tenant_context(ACME):
        owner = Owner.objects.get().pk
    values |= {"key": ["new-1"], "email": [""], "field_orders": ["3"], "stage": ["vip"], "owner": [str(owner)]}

    assert ann.post(reverse("admin:campaigns_lead_add"), values).status_code == 302

    with tenant_context(ACME):
        lead = Lead.objects.get(key="new-1")
    assert (lead.fields, lead.email, lead.stage, lead.owner_id) == ({"orders": 3}, None, "vip", owner)


def test_a_key_that_is_taken_is_said_kindly(ann: Client) -> None:
    values = read_form(ann.get(reverse("admin:campaigns_lead_add")).content) | {"key": ["1"]}

    response = ann.post(reverse("admin:campaigns_lead_add"), values)

    assert "There is a lead with this key already." in response.content.decode()


@pytest.mark.parametrize("term", ["1", "canary-ac", "nobody", "%", "\x00", "a" * 5000])
def test_leads_are_searched_by_key_and_by_beginnings(ann: Client, term: str) -> None:
    body = ann.get(reverse("admin:campaigns_lead_changelist"), {"q": term}).content.decode()

    assert (f"{canary(ACME)}@" in body) == (term in ("1", "canary-ac", "\x00"))


# -- the history


def test_the_history_is_shown_newest_first_a_hundred_at_a_time(ann: Client) -> None:
    with tenant_context(ACME):
        lead = make_lead(ACME, key="busy")
        for _ in range(205):
            add_activity(lead)
        ids = list(Activity.objects.filter(lead=lead).order_by("-id").values_list("id", flat=True))

    first = ann.get(page(lead))
    second = ann.get(page(lead), {"before": first.context["older"]})
    third = ann.get(page(lead), {"before": second.context["older"]})

    assert [len(p.context["entries"]) for p in (first, second, third)] == [100, 100, 5]
    assert (first.context["older"], second.context["older"], third.context["older"]) == (ids[99], ids[199], None)
    assert "2026-11-20 13:00:00 CET" in first.content.decode()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("interesting_moment", {"type": "Web", "visible_to": "owner"}),
        ("moment.noted", {"data": {"type": "Web", "visible_to": "owner"}}),
    ],
)
def test_a_moment_for_the_owner_is_shown_to_no_other_user(ann: Client, kind: str, data: dict[str, Any]) -> None:
    with tenant_context(ACME):
        lead = make_lead(ACME, key="busy")
        add_activity(lead)
        add_activity(lead, kind=kind, data=data)
    seen = []
    for address in ("other@acme.test", "Ann@Acme.test"):
        User.objects.filter(username="ann").update(email=address)
        with tenant_context(ACME):
            lead.owner = Owner.objects.get_or_create(tenant_id=ACME, email="ann@acme.test", name="Ann")[0]
            lead.save()
        seen.append(len(ann.get(page(lead)).context["entries"]))
    User.objects.create_superuser("root", password=PASSWORD)
    root = logged_in("root")
    root.get(reverse("admin:campaigns_tenant_choose", args=[ACME]))
    seen.append(len(root.get(page(lead)).context["entries"]))

    assert seen == [1, 2, 2]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣", ""])
def test_a_forged_place_in_the_history_is_harmless(ann: Client, before: str) -> None:
    with tenant_context(ACME):
        lead = Lead.objects.get()

    assert ann.get(page(lead), {"before": before}).status_code == 200


# -- lists


def test_members_are_added_by_key_and_taken_off(ann: Client) -> None:
    with tenant_context(ACME):
        row = StaticList.objects.create(tenant_id=ACME, key="new", name="New")
        make_lead(ACME, key="2")
    body = ann.post(
        reverse("admin:campaigns_list_add", args=[row.pk]), {"keys": "1\r\n2\r\n2\n\nnobody"}, follow=True
    ).content.decode()
    assert "2 of 3 leads joined" in body
    assert "No lead has the key “nobody”" in body

    with tenant_context(ACME):
        lead = Lead.objects.get(key="1")
    ann.post(reverse("admin:campaigns_list_remove", args=[row.pk]), {"lead": [lead.pk, "x"]})

    with tenant_context(ACME):
        assert [member.lead.key for member in row.members.all()] == ["2"]
