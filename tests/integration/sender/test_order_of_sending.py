"""Which delivery goes first, of those that wait for the same destination."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from campaigns.models import Campaign
from campaigns.sender.loop import Sender
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.world import ACME, ZETA
from tests.integration.sender.mailing import add_lead, buy, sends
from tests.outside import MailServer

Make = Callable[..., Sender]


def to_acme(mails: MailServer) -> list[str]:
    return [str(mail["To"]) for mail in mails.mails if "acme" in mail["To"]]


def test_what_has_high_priority_is_sent_before_what_waits_longer(
    worker: psycopg.Connection, mails: MailServer, make_sender: Make
) -> None:
    """Of one tenant and destination; the other tenant's mail has its turn as ever. Low waits, but not for ever."""
    for tenant, priority in ((ACME, "low"), (ACME, "normal"), (ACME, "high"), (ZETA, "low")):
        add_lead(tenant, priority)
        sends(tenant, key=priority, on="purchase")
        with tenant_context(tenant):
            Campaign.objects.exclude(key=priority).update(status="archived")
            Campaign.objects.filter(key=priority).update(priority=priority)
        buy(worker, tenant, 1, lead=priority)
    sender = make_sender(mails, slots=1)
    high, normal, low = (f"{priority}@acme.test" for priority in ("high", "normal", "low"))

    sender.run_once()

    assert to_acme(mails) == [high, normal, low]
    assert len(mails.mails) == 4
    worker.execute("UPDATE campaigns_delivery SET state = 'waiting', ended_at = NULL, due_at = now()")
    worker.execute("UPDATE campaigns_delivery SET due_at = now() - interval '50 hours' WHERE priority = 2")
    mails.mails.clear()
    sender.run_once()
    assert to_acme(mails) == [low, high, normal]
