"""Erasures, legal holds and the restoring of leads, as people see them; of their own tenant only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from campaigns import erasure, lives
from campaigns.explaining import explain
from campaigns.models import Erasure, LegalHold
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.carrying import carry_on, execute, history, lead_row, publish, purchase, step, waiting
from tests.integration.campaigns.pages import read_form
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in

ASK = {"event": "amount", "operator": "is", "value": 13}
LEADS, ERASURES = "admin:campaigns_lead_changelist", "admin:campaigns_erasure_changelist"


@pytest.fixture(autouse=True)
def tenants(two_tenants: None) -> None:
    waiting(ACME, ZETA)


@pytest.fixture
def ann() -> Client:
    return logged_in(MARKETERS[ACME])


def press(client: Client, url: str, action: str, ids: list[int]) -> tuple[str, list[str]]:
    """Choose rows, press a button and confirm. Returns the page that asks, and what was said in the end."""
    page = client.post(reverse(url), {"action": action, "_selected_action": ids, "index": 0})
    done = client.post(reverse(url), read_form(page.content), follow=True)
    return page.content.decode(), [str(message) for message in done.context["messages"]]


def requested(worker: psycopg.Connection, *tenants: str) -> list[int]:
    """Each tenant's lead 1 is to be erased."""
    ids = []
    for tenant in tenants:
        publish(tenant, "forget", step("request_erasure", "ask"), filter=ASK)
        execute(worker, purchase(tenant, "1", "ask", amount="13"))
        with tenant_context(tenant):
            ids.append(Erasure.objects.get(turn_at__isnull=False).pk)
    return ids


def deleted(worker: psycopg.Connection, tenant: str, *keys: str) -> list[int]:
    publish(tenant, "delete", step("delete_lead"), filter=ASK)
    execute(worker, *(purchase(tenant, key, f"bye-{key}", amount="13") for key in keys))
    return [(lead_row(worker, tenant, key) or {})["id"] for key in keys]


def test_what_will_be_erased_is_shown_and_can_be_cancelled(worker: psycopg.Connection, ann: Client) -> None:
    ours, theirs = requested(worker, ACME, ZETA)
    page = ann.get(reverse(ERASURES)).content.decode()
    assert "can be cancelled" in page and "Anonymise" in page

    asks, said = press(ann, ERASURES, "cancel", [ours, theirs])

    assert "Cancel 1 erasure<" in asks and "campaigns may act on them again at once" in asks
    assert said == ["1 erasures are cancelled."]
    assert (lead_row(worker, ACME, "1") or {})["frozen_until"] is None
    assert (lead_row(worker, ZETA, "1") or {})["frozen_until"] is not None
    assert "by ann" in ann.get(reverse(ERASURES)).content.decode()


def test_the_leads_page_and_explain_say_when_it_is_due_and_nobody_ends_the_freeze(
    worker: psycopg.Connection, ann: Client
) -> None:
    requested(worker, ACME)
    row = lead_row(worker, ACME, "1") or {}

    page = ann.get(reverse("admin:campaigns_lead_change", args=[row["id"]])).content
    values = read_form(page)

    assert "Anonymise, due on" in page.decode() and not any(name.startswith("frozen_until") for name in values)
    ann.post(reverse("admin:campaigns_lead_change", args=[row["id"]]), values | {"frozen_until_0": [""]})
    assert (lead_row(worker, ACME, "1") or {})["frozen_until"].startswith("9999")
    assert explain(ACME, "count", "1").verdict.startswith("The lead is frozen: erasure due at 20")
    assert "frozen" not in explain(ZETA, "count", "1").verdict


def test_a_hold_is_set_by_key_and_lifted_with_a_reason(worker: psycopg.Connection, ann: Client) -> None:
    add = reverse("admin:campaigns_legalhold_add")
    refused = ann.post(add, {"_tenant": ACME, "lead": "nobody", "reason": "a law suit"}).content.decode()
    assert "There is no lead with this key." in refused

    response = ann.post(add, {"_tenant": ACME, "lead": "1", "reason": "a law suit"})

    assert response.status_code == 302
    with tenant_context(ACME):
        hold = LegalHold.objects.get(lifted_at=None)
    publish(ACME, "forget", step("request_erasure", "ask"), filter=ASK)
    execute(worker, purchase(ACME, "1", "ask", amount="13"))
    assert history(worker, ACME, "1")[-1] == ("erasure_requested", "ask", "skipped")
    change = reverse("admin:campaigns_legalhold_change", args=[hold.pk])
    ann.post(change, read_form(ann.get(change).content) | {"lifted_because": ["it is settled"]})
    with tenant_context(ACME):
        hold.refresh_from_db()
    assert (hold.lifted_because, hold.lifted_by) == ("it is settled", "ann")
    page = ann.get(reverse("admin:campaigns_legalhold_changelist")).content.decode()
    assert "a law suit" in page and "lifted on" in page
    assert logged_in(MARKETERS[ZETA]).get(change).status_code == 302
    execute(worker, purchase(ACME, "1", "again", amount="13"))
    assert history(worker, ACME, "1")[-1] == ("erasure_requested", "ask", "done")


def test_the_log_of_what_people_changed_names_nobody(ann: Client) -> None:
    typed = {"_tenant": ACME, "key": "zebra", "first_name": "Zebra", "score": "0"}
    assert ann.post(reverse("admin:campaigns_lead_add"), typed).status_code == 302
    (entry,) = LogEntry.objects.filter(content_type__model="lead")
    assert entry.object_repr == f"lead {entry.object_id}"


def test_deleted_leads_are_restored_in_their_turn(worker: psycopg.Connection, ann: Client) -> None:
    ids = deleted(worker, ACME, "1", "two", "gone")
    theirs = deleted(worker, ZETA, "1")
    worker.execute("UPDATE campaigns_lead SET restorable_until = now() - interval '1 day' WHERE id = %s", [ids[2]])
    publish(ACME, "hears", step("change_score", amount=3), triggers=[{"type": "lead_restored"}])
    assert "1" in ann.get(reverse(LEADS), {"presence": "restorable"}).content.decode()

    asks, said = press(ann, LEADS, "restore", [*ids, *theirs])

    assert "Restore 2 leads" in asks and said == ["2 leads are restored as soon as their turn comes."]
    assert (lead_row(worker, ACME, "1") or {})["deleted_at"] is not None, "its turn is still to come"
    assert carry_on(worker, ACME) == 2
    rows = [lead_row(worker, ACME, key) or {} for key in ("1", "two")]
    assert [(row["deleted_at"], row["score"]) for row in rows] == [(None, 3), (None, 3)]
    assert history(worker, ACME, "two")[-4:] == [
        ("lead.restore_requested", None, None), ("restore_lead", None, "done"), ("restore_lead", None, "done"),
        ("change_score", "one", "done"),
    ]  # fmt: skip
    assert (lead_row(worker, ACME, "gone") or {})["deleted_at"] is not None
    assert (lead_row(worker, ZETA, "1") or {})["deleted_at"] is not None


def test_one_lead_is_restored_from_its_page_once(worker: psycopg.Connection, ann: Client) -> None:
    (id,) = deleted(worker, ACME, "two")
    page = ann.get(reverse("admin:campaigns_lead_change", args=[id])).content.decode()
    assert 'value="restore"' in page and ">Restore</button>" in page
    for _ in range(2):
        asks, _said = press(ann, LEADS, "restore", [id])
        assert "Restore 1 lead<" in asks

    carry_on(worker, ACME)

    kinds = [kind for kind, *_ in history(worker, ACME, "two")]
    assert (lead_row(worker, ACME, "two") or {})["deleted_at"] is None and kinds.count("lead.restore_requested") == 1
    assert 'value="restore"' not in ann.get(reverse("admin:campaigns_lead_change", args=[id])).content.decode()


def test_nothing_that_an_erasure_or_a_hold_is_about_is_purged(worker: psycopg.Connection) -> None:
    from_before: Any = datetime.now(UTC) - timedelta(days=60)
    requested(worker, ACME)
    execute(worker, purchase(ACME, "held", "h"), purchase(ACME, "free", "f"))
    (held,) = [(lead_row(worker, ACME, "held") or {})["id"]]
    with tenant_context(ACME):
        LegalHold.objects.create(tenant_id=ACME, lead_id=held, reason="x", set_by="ann")
    worker.execute("UPDATE campaigns_lead SET deleted_at = %s WHERE tenant_id = %s", [from_before, ACME])

    lives.purge(worker)

    kept = worker.execute("SELECT key FROM campaigns_lead WHERE tenant_id = %s ORDER BY key", [ACME]).fetchall()
    assert kept == [("1",), ("held",)]
    assert erasure.tend(worker) == 0


def test_who_was_anonymised_can_still_be_looked_at(worker: psycopg.Connection, ann: Client) -> None:
    execute(worker, purchase(ACME, "1", "b1"))
    publish(ACME, "leave", step("remove_from_list", list="vips"), step("add_to_list", "two", list="vips"))
    execute(worker, purchase(ACME, "1", "b2"))
    requested(worker, ACME)
    id = (lead_row(worker, ACME, "1") or {})["id"]
    worker.execute("UPDATE campaigns_erasure SET due_at = now(), turn_at = now() WHERE turn_at IS NOT NULL")
    assert erasure.tend(worker) == 1

    page = ann.get(reverse("admin:campaigns_lead_change", args=[id])).content.decode()
    (key,) = worker.execute("SELECT key FROM campaigns_lead WHERE id = %s", [id]).fetchone() or ("",)

    assert "Remove from" in page and "canary-acme@example.test" not in page
    found = explain(ACME, "leave", key)
    assert found.verdict == "The lead is frozen until a person ends it." and len(found.events) > 2
    assert "nobody can tell any more" in ann.get(reverse(ERASURES)).content.decode()
