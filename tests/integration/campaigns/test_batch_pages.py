"""Batches in the admin and in the API: counted, started, watched, cancelled; each tenant its own."""

from __future__ import annotations

import psycopg
import pytest
from django.test import Client

from campaigns import batches, keys
from campaigns.tenancy import tenant_context
from engine.types import Event
from tests.integration.campaigns.newsletter import news, seen, set_up, start, turns
from tests.integration.campaigns.world import ACME, MARKETERS, ZETA, logged_in


@pytest.fixture
def worker(clean: None, worker: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection:
    """Two tenants with ten leads each and a campaign for those with odd numbers; pages of three, chunks of two."""
    set_up(worker, monkeypatch)
    return worker


def test_the_api_counts_starts_shows_and_cancels(worker: psycopg.Connection, pushed: list[Event]) -> None:
    writer, reader = (
        Client(headers={"authorization": f"Bearer {keys.issue(ACME, name=scope, scopes=[scope])[1]}"})
        for scope in ("campaigns:write", "campaigns:read")
    )
    stranger = Client(headers={"authorization": f"Bearer {keys.issue(ZETA, name='z', scopes=['campaigns:write'])[1]}"})
    url = "/api/v1/campaigns/news/batches"

    assert writer.post(f"{url}?dry_run=true").json() == {"leads": 5}
    assert reader.get(url).json() == {"batches": [], "next_at": None}
    assert reader.post(url).status_code == 403
    answer = writer.post(url)
    id = answer.json()["id"]
    assert (answer.status_code, answer.json()["state"], answer.json()["leads"]) == (202, "counting", 0)
    turns(worker, lambda: reader.get(url).json()["batches"][0]["sent"] == 2)

    assert stranger.post(f"{url}/{id}/cancel").status_code == 404
    assert writer.post(f"{url}/{id}/cancel").json()["note"] == "by API key campaigns:write"
    assert writer.post(f"{url}/{id}/cancel").status_code == 409
    assert writer.post("/api/v1/campaigns/count/batches").status_code == 409
    assert writer.post("/api/v1/campaigns/nothing/batches").status_code == 404
    assert writer.post(f"{url}?dry_run=perhaps").status_code == 400


def test_the_admin_says_how_many_are_concerned_before_it_runs_or_cancels(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    ann, bob = logged_in(MARKETERS[ACME]), logged_in(MARKETERS[ZETA])
    page = f"/admin/campaigns/campaign/{news().pk}"
    assert "Cancel batches" not in ann.get(f"{page}/change/").content.decode()

    assert "5 leads match the audience now." in ann.get(f"{page}/run/").content.decode()
    assert bob.post(f"{page}/run/", {"_tenant": ZETA}).status_code == 404
    ann.post(f"{page}/run/", {"_tenant": ACME})
    with tenant_context(ACME):
        (batch,) = batches.latest(news())
    turns(worker, lambda: seen(batch).sent > 0)

    shown = ann.get(f"{page}/change/").content.decode()
    assert "Telling its members" in shown
    assert "<td>5</td><td>2</td>" in shown
    assert "3 members were found and are not told yet." in ann.get(f"{page}/cancel/").content.decode()
    ann.post(f"{page}/cancel/", {"_tenant": ACME})
    assert (seen(batch).state, seen(batch).note) == ("cancelled", "by ann")


def test_the_admin_cancels_one_batch_when_it_is_said_how_many_are_told_and_left(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    ann, bob = logged_in(MARKETERS[ACME]), logged_in(MARKETERS[ZETA])
    batch, other = start(), start()
    page = f"/admin/campaigns/batch/{batch.pk}/cancel/"
    assert "Nobody is told yet" in ann.get(page).content.decode()
    turns(worker, lambda: seen(batch).sent > 0)

    assert "2 of 5 members are told and go on. 3 are left and will not be told." in ann.get(page).content.decode()
    assert f'href="{page}"' in ann.get(f"/admin/campaigns/campaign/{news().pk}/change/").content.decode()
    assert [bob.get(page).status_code, bob.post(page, {"_tenant": ZETA}).status_code] == [404, 404]
    assert seen(batch).state == "sending"

    assert "is cancelled." in ann.post(page, {"_tenant": ACME}, follow=True).content.decode()
    assert (seen(batch).state, seen(batch).note, seen(other).is_open) == ("cancelled", "by ann", True)
    assert "The batch is cancelled." in ann.post(page, {"_tenant": ACME}, follow=True).content.decode()
    assert "It is cancelled already." in ann.get(page).content.decode()


def test_the_list_of_batches_shows_the_progress_of_the_tenants_own(
    worker: psycopg.Connection, pushed: list[Event]
) -> None:
    ann, bob = logged_in(MARKETERS[ACME]), logged_in(MARKETERS[ZETA])
    batch = start()
    url = "/admin/campaigns/batch/"
    assert "0 found so far" in ann.get(url).content.decode()
    turns(worker, lambda: seen(batch).sent > 0)

    assert "2 of 5 told" in ann.get(url).content.decode()
    assert f"{batch.pk}/cancel/" in ann.get(f"{url}?state=sending").content.decode()
    assert f"{batch.pk}/cancel/" not in ann.get(f"{url}?state=done").content.decode()
    assert "No campaign was run for an audience yet." in bob.get(url).content.decode()
    assert "Telling its members" in ann.get(f"{url}{batch.pk}/change/").content.decode()
