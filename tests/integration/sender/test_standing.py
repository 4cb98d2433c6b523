"""What stands when a mail is about to leave: deleted, frozen and merged leads, paused tenants."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from campaigns.sender.loop import Sender
from engine import control
from tests.integration.campaigns.world import ACME, ZETA
from tests.integration.sender.mailing import add_lead, buy, deliveries, heard, make_due, sends
from tests.outside import MailServer

Make = Callable[..., Sender]

WILLING = {"id": "mail", "action": "send_email", "params": {"email": "thanks", "class": "operational"}}


def test_nothing_goes_to_a_lead_that_was_deleted_meanwhile_and_what_is_about_it_still_goes(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    tell = {"id": "tell", "action": "send_alert", "params": {"email": "thanks", "to": ["desk@acme.test"]}}
    for tenant in (ACME, ZETA):
        sends(tenant, WILLING, tell)
        buy(worker, tenant, 7)
    worker.execute("UPDATE campaigns_lead SET deleted_at = now() WHERE tenant_id = %s", [ACME])

    make_sender(mails).run_once()

    assert deliveries(worker, ACME) == [("cancelled", 1, "policy"), ("sent", 1, "")]
    assert deliveries(worker, ZETA) == [("sent", 1, ""), ("sent", 1, "")]
    (event,) = heard(worker, ACME)
    assert (event.data["outcome"], event.data["reason"]) == ("cancelled", "policy: the lead is deleted")


def test_a_frozen_leads_mail_is_held_without_counting_as_tried(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    for tenant in (ACME, ZETA):
        sends(tenant, WILLING)
        buy(worker, tenant, 7)
    freeze = "UPDATE campaigns_lead SET frozen_until = now() + %s * interval '1 day' WHERE tenant_id = %s"
    worker.execute(freeze, [1, ACME])
    sender = make_sender(mails, tries=1)

    for _ in range(3):
        sender.run_once()
        held = "SELECT attempts - attempts_before, due_at - now() BETWEEN '50 minutes' AND '1 hour', error"
        row = worker.execute(f"{held} FROM campaigns_delivery WHERE tenant_id = %s", [ACME]).fetchone()
        assert row == (0, True, "the lead is frozen")
        make_due(worker)
    assert deliveries(worker, ACME) == [("waiting", 3, "held")] and deliveries(worker, ZETA) == [("sent", 1, "")]
    assert heard(worker, ACME) == []

    worker.execute(freeze, [-1, ACME])
    sender.run_once()
    assert deliveries(worker, ACME) == [("sent", 4, "")]


def test_the_mail_of_a_lead_merged_away_heeds_what_the_winner_wants(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    for key in ("ann", "bob"):
        add_lead(ACME, key)
    sends(ACME, {"id": "mail", "action": "send_email", "params": {"email": "thanks"}})
    buy(worker, ACME, 7, lead="bob")
    worker.execute(
        "UPDATE campaigns_lead AS l SET merged_into = w.id FROM campaigns_lead AS w"
        " WHERE w.tenant_id = l.tenant_id AND w.key = 'ann' AND l.key = 'bob'"
    )
    worker.execute(
        "INSERT INTO campaigns_record (tenant_id, lead_id, kind, key, data)"
        " SELECT tenant_id, id, 'block', 'email', '{\"reason\": \"request\"}' FROM campaigns_lead WHERE key = 'ann'"
    )

    make_sender(mails).run_once()

    assert mails.mails == [] and deliveries(worker, ACME) == [("cancelled", 1, "policy")]


def test_a_paused_tenants_mails_wait_untried_and_go_when_it_goes_on(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    for tenant in (ACME, ZETA):
        sends(tenant)
        buy(worker, tenant, 7)
    control.pause(ACME)
    sender = make_sender(mails)

    assert sender.run_once() == 1
    assert (deliveries(worker, ACME), deliveries(worker, ZETA)) == ([("waiting", 0, "")], [("sent", 1, "")])

    control.resume(ACME)
    assert sender.run_once() == 1 and deliveries(worker, ACME) == [("sent", 1, "")]
