"""Campaigns and their vocabulary as a marketer edits them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns import keys, operations
from campaigns.exchange.layout import pretty
from campaigns.models import ApiKey, Campaign, EventType, FieldDefinition, Lead, ParkedRun, Stage, Tag, Tenant
from campaigns.tenancy import operator_context, tenant_context
from engine.models import TenantControl
from tests.integration.campaigns.pages import read_form
from tests.integration.campaigns.world import ACME, DOCUMENT, PASSWORD, canary, logged_in

pytestmark = pytest.mark.usefixtures("two_tenants")


@pytest.fixture
def ann() -> Client:
    return logged_in("ann")


@pytest.fixture
def root() -> Client:
    """A superuser who works in Acme."""
    User.objects.create_superuser("root", password=PASSWORD)
    client = logged_in("root")
    client.get(reverse("admin:campaigns_tenant_choose", args=[ACME]))
    return client


def stored(key: str = "count") -> Campaign:
    with tenant_context(ACME):
        return Campaign.objects.get(key=key)


def url(page: str, *args: object) -> str:
    return reverse(f"admin:campaigns_{page}", args=args)


def edit(client: Client, draft: str) -> object:
    page = url("campaign_change", stored().pk)
    values = read_form(client.get(page).content) | {"draft": [draft]}
    return client.post(page, values | {"_continue": ["1"]}, follow=True)


# -- the draft


def test_a_draft_is_saved_as_it_is_shown(ann: Client) -> None:
    edit(ann, pretty(DOCUMENT))

    assert stored().draft == DOCUMENT


def test_a_draft_with_faults_is_saved_and_each_fault_is_shown_beside_it(ann: Client) -> None:
    draft = {"triggers": [{"type": "evnt"}], "steps": [{"id": "a", "action": "fly", "params": {}}]}

    body = edit(ann, json.dumps(draft)).content.decode()

    assert "2 faults" in body
    assert "triggers[0].type" in body
    assert "did you mean &#x27;event&#x27;?" in body
    assert stored().draft == draft


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        ('{"triggers": [,]}', "Line 1, column 15"),
        ("[]", "Write an object"),
        ('{"a": NaN}', "not a number"),
        ('{"a": "\\u0000"}', "NUL"),
        ('{"a": "\\ud800"}', "surrogate"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 200 + "1" + "}" * 200, "levels deep"),
        ('{"a": 1e999}', "not a number"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_reason(ann: Client, draft: str, message: str) -> None:
    response = edit(ann, draft)

    assert response.status_code == 200
    assert message in response.content.decode()
    assert stored().draft == DOCUMENT


def test_a_campaign_is_described_in_words(ann: Client) -> None:
    draft = {
        "triggers": [
            {
                "type": "event",
                "event": "purchase",
                "where": [{"attribute": "amount", "operator": "at_least", "value": "10"}],
            }
        ],
        "filter": {"none": [{"field": "stage", "operator": "is", "value": "vip"}]},
        "steps": [
            {
                "id": "stage",
                "action": "change_stage",
                "choices": [
                    {
                        "when": {"field": "orders", "operator": "at_least", "value": 3},
                        "params": {"stage": "vip"},
                    }
                ],
                "default": {"stage": "customer"},
            }
        ],
    }

    body = edit(ann, json.dumps(draft)).content.decode()

    assert f"{canary(ACME)} happens where the event&#x27;s amount at least 10" in body
    assert "none of (Stage is vip)" in body
    assert f"<span>If {canary(ACME)} at least 3</span> (stage vip)" in body
    assert "<span>Otherwise</span> (stage customer)" in body


@pytest.mark.parametrize(
    "draft",
    [
        {"triggers": 1, "steps": {}, "filter": []},
        {"triggers": [1, {"type": []}, {"type": "event", "event": {}}], "steps": [{"action": 3, "params": 4}]},
        {"filter": {"all": 3, "any": [1]}, "steps": [{"choices": [{"when": 1}, 2]}]},
        {"steps": [{"action": "change_stage", "choices": 7, "default": [1]}]},
    ],
)
def test_any_draft_can_be_looked_at(ann: Client, draft: dict) -> None:
    with tenant_context(ACME):
        Campaign.objects.filter(key="count").update(draft=draft)

    assert ann.get(url("campaign_change", stored().pk)).status_code == 200
    assert ann.get(url("campaign_publish", stored().pk)).status_code == 200


# -- verbs


def test_a_verb_says_what_it_does_and_does_it_when_that_is_confirmed(ann: Client) -> None:
    page = url("campaign_pause", stored().pk)

    asked = ann.get(page).content.decode()

    assert all(words in asked for _, words in Campaign.PauseMode.choices)
    assert stored().status == "active"
    done = ann.post(page, follow=True).content.decode()
    assert "is paused." in done
    assert stored().status == "paused"
    ann.post(url("campaign_resume", stored().pk), {"way": "end"})
    assert (stored().status, stored().overdue) == ("active", "end")


def test_a_pause_is_of_the_mode_that_was_chosen(ann: Client) -> None:
    ann.post(url("campaign_pause", stored().pk), {"way": "drain"})
    assert stored().pause_mode == "drain"


def test_it_is_said_how_many_leads_a_verb_concerns(ann: Client) -> None:
    with tenant_context(ACME):
        lead = Lead.objects.get(key="1")
        now = datetime.now(UTC)
        ParkedRun.objects.create(
            tenant_id=ACME, lead=lead, id="here", campaign=stored(), version=1, key="", step="count", waits=1,
            entered_at=now, held=True, state={},
        )  # fmt: skip
    assert "1 lead is inside" in ann.get(url("campaign_abort", stored().pk)).content.decode()
    assert (
        "the time of 1 of them came during the pause"
        not in ann.get(url("campaign_pause", stored().pk)).content.decode()
    )
    assert "<td>count</td><td>1</td><td>1</td>" in ann.get(url("campaign_change", stored().pk)).content.decode()
    assert "is empty." in ann.post(url("campaign_abort", stored().pk), follow=True).content.decode()
    assert stored().emptied_at > now


def test_who_waits_at_the_door_is_not_counted_as_overdue(ann: Client) -> None:
    operations.pause(stored(), "collect")
    with tenant_context(ACME):
        for id, state in (("late", {}), ("new", {"door": True})):
            ParkedRun.objects.create(
                tenant_id=ACME, lead=Lead.objects.get(key="1"), id=id, campaign=stored(), version=1, key="",
                step="count", waits=1, entered_at=datetime.now(UTC), held=True, state=state,
            )  # fmt: skip
    page = ann.get(url("campaign_resume", stored().pk)).content.decode()
    assert "the time of 1 of them came during the pause, and 1 at the door begins in any case." in page
    assert "<td>count</td><td>2</td><td>1</td>" in ann.get(url("campaign_change", stored().pk)).content.decode()


def test_publishing_makes_the_draft_live(ann: Client) -> None:
    ann.post(url("campaign_publish", stored().pk))

    with tenant_context(ACME):
        assert [(v.number, v.published_by) for v in stored().versions.all()] == [(2, "ann"), (1, "ann")]
    assert stored().live_version == 2


def test_a_faulty_draft_is_not_offered_for_publication_and_not_published(ann: Client) -> None:
    edit(ann, "{}")
    page = url("campaign_publish", stored().pk)

    assert "cannot be published yet" in ann.get(page).content.decode()
    assert "The draft has 2 faults." in ann.post(page, follow=True).content.decode()
    assert stored().live_version == 1


def test_a_verb_that_no_longer_fits_is_said_so(ann: Client) -> None:
    ann.post(url("campaign_pause", stored().pk))

    assert "The campaign is paused." in ann.post(url("campaign_pause", stored().pk), follow=True).content.decode()


def test_what_was_published_cannot_be_deleted(ann: Client) -> None:
    assert ann.post(url("campaign_delete", stored().pk), {"post": "yes"}).status_code == 403


def test_verbs_need_the_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.login(username="ann", password=PASSWORD)

    assert client.post(url("campaign_archive", stored().pk)).status_code == 403


# -- the vocabulary


def test_event_attributes_are_written_one_a_line(ann: Client) -> None:
    lines = "amount: decimal, required\r\n\r\nchannel: picklist (web | shop)\r\nat: datetime"

    ann.post(url("eventtype_add"), {"name": "sale", "label": "Sale", "attributes": lines})

    with tenant_context(ACME):
        row = EventType.objects.get(name="sale")
    assert row.attributes == [
        {"name": "amount", "type": "decimal", "required": True},
        {"name": "channel", "type": "picklist", "required": False, "options": ["web", "shop"]},
        {"name": "at", "type": "datetime", "required": False},
    ]
    body = ann.get(url("eventtype_change", row.pk)).content.decode()
    assert "amount: decimal, required\nchannel: picklist (web | shop)\nat: datetime" in body


@pytest.mark.parametrize("lines", ["amount", "amount: money", "Amount: decimal", "a: string\na: text", ": string"])
def test_wrong_attributes_are_refused(ann: Client, lines: str) -> None:
    response = ann.post(url("eventtype_add"), {"name": "sale", "label": "Sale", "attributes": lines})

    assert "attributes" in response.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"key": "email", "type": "string"}, "key"),
        ({"key": "Email", "type": "string"}, "key"),
        ({"key": "orders", "type": "string"}, "__all__"),
        ({"key": "genre", "type": "picklist"}, "options"),
        ({"key": "genre", "type": "string", "options": "a"}, "options"),
        ({"key": "genre", "type": "picklist", "options": "a = A\na = B"}, "options"),
        ({"key": "genre", "type": "colour"}, "type"),
    ],
)
def test_wrong_fields_are_refused(ann: Client, values: dict[str, str], fault: str) -> None:
    response = ann.post(url("fielddefinition_add"), {"label": "X", **values})

    assert fault in response.context["adminform"].form.errors


def test_a_label_is_changed_and_the_option_stays(ann: Client) -> None:
    ann.post(
        url("fielddefinition_add"),
        {"key": "genre", "label": "Genre", "type": "picklist", "options": "jazz = Jazz music\npop"},
    )
    with tenant_context(ACME):
        row = FieldDefinition.objects.get(key="genre")
    page = ann.get(url("fielddefinition_change", row.pk)).content.decode()
    ann.post(url("fielddefinition_change", row.pk), {"label": "Genre", "options": "jazz = Jazz & more\npop = Pop"})

    with tenant_context(ACME):
        row.refresh_from_db()
        form = ann.get(url("lead_change", Lead.objects.get().pk)).content.decode()
    assert "jazz = Jazz music" in page
    assert row.options == ["jazz", "pop"]
    assert row.option_labels == {"jazz": "Jazz & more", "pop": "Pop"}
    assert '<option value="jazz">Jazz &amp; more</option>' in form


def test_keys_and_types_are_not_changed_later(ann: Client) -> None:
    with tenant_context(ACME):
        row = FieldDefinition.objects.get(key="orders")

    ann.post(url("fielddefinition_change", row.pk), {"key": "x", "type": "string", "label": "New label"})

    with tenant_context(ACME):
        row.refresh_from_db()
    assert (row.key, row.type, row.label) == ("orders", "integer", "New label")


def test_what_a_running_campaign_needs_is_not_deleted(ann: Client) -> None:
    with tenant_context(ACME):
        row = EventType.objects.get(name="purchase")

    body = ann.post(url("eventtype_delete", row.pk), {"post": "yes"}, follow=True).content.decode()

    assert "needs it" in body
    with tenant_context(ACME):
        assert EventType.objects.filter(name="purchase").exists()


def test_a_field_in_which_leads_have_a_value_is_not_deleted(ann: Client) -> None:
    with tenant_context(ACME):
        spare = FieldDefinition.objects.create(tenant_id=ACME, key="spare", label="Spare", type="string")
        Lead.objects.update(fields={"spare": "x"})
    page = url("fielddefinition_delete", spare.pk)

    assert "Leads have a value" in ann.post(page, {"post": "yes"}, follow=True).content.decode()
    with tenant_context(ACME):
        Lead.objects.update(fields={})
    ann.post(page, {"post": "yes"})
    with tenant_context(ACME):
        assert not FieldDefinition.objects.filter(key="spare").exists()


def test_deleting_several_at_once_is_all_or_nothing(ann: Client) -> None:
    with tenant_context(ACME):
        ids = list(Stage.objects.values_list("pk", flat=True))
    values = {"action": "delete_selected", "_selected_action": ids, "post": "yes"}

    body = ann.post(url("stage_changelist"), values, follow=True).content.decode()

    assert "Leads use it" in body
    with tenant_context(ACME):
        assert Stage.objects.count() == 2


def test_an_empty_list_says_the_next_step(ann: Client) -> None:
    with tenant_context(ACME):
        Tag.objects.all().delete()

    assert "Add the tags by which you mark leads." in ann.get(url("tag_changelist")).content.decode()


# -- what superusers do


def test_an_api_key_is_shown_once(root: Client) -> None:
    response = root.post(url("apikey_add"), {"name": "shop", "scopes": ["events:write"]})

    text = next(word for word in response.content.decode().split() if "fl_live_" in word and len(word) > 50)
    text = text[text.index("fl_live_") :].partition("<")[0]
    assert "no-store" in response["Cache-Control"]
    assert keys.verify(text, datetime.now(UTC)).tenant_id == ACME
    assert text not in root.get(url("apikey_changelist")).content.decode()
    assert text not in str(root.cookies)


def test_an_api_key_is_revoked_at_once(root: Client) -> None:
    key, text = keys.issue(ACME, name="shop")

    root.post(url("apikey_changelist"), {"action": "revoke", "_selected_action": [key.pk]})

    assert keys.verify(text, datetime.now(UTC)) is None
    with tenant_context(ACME):
        assert ApiKey.objects.filter(revoked_at__isnull=True).count() == 1


def test_a_tenant_is_made_with_its_share_and_the_share_is_changed(root: Client) -> None:
    values = {"id": "whale", "name": "Whale", "timezone": "UTC", "currency": "EUR"}
    root.post(url("tenant_add"), values | {"weight": "2", "cap": "0", "lanes": "32"})
    root.post(url("tenant_change", "whale"), values | {"weight": "0.5", "cap": "4", "lanes": "99"})

    share = TenantControl.objects.get(pk="whale")
    assert (share.weight, share.cap, share.lanes) == (0.5, 4, 32)
    with operator_context():
        assert Tenant.objects.get(pk="whale").currency == "EUR"


@pytest.mark.parametrize(
    "values", [{"id": "Whale"}, {"weight": "0"}, {"cap": "-1"}, {"timezone": "Mars"}, {"id": ACME}]
)
def test_a_wrong_tenant_is_refused(root: Client, values: dict[str, str]) -> None:
    right = {"id": "whale", "name": "W", "timezone": "UTC", "currency": "EUR", "weight": "2", "cap": "0", "lanes": "9"}

    response = root.post(url("tenant_add"), right | values)

    assert set(response.context["adminform"].form.errors) == set(values)
