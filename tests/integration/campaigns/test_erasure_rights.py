"""Who may erase what, and when not: legal holds, cancelled erasures, the rights of roles."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import errors

from campaigns import erasure, erasures
from campaigns.models import LegalHold
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.carrying import execute, history, lead_row, purchase
from tests.integration.campaigns.erasing import KEY, ask, connect, make_due, tenants, worker
from tests.integration.campaigns.world import ACME, ZETA

__all__ = ["connect", "tenants", "worker"]  # fixtures


def test_a_hold_on_the_lead_or_the_tenant_keeps_the_data_until_it_is_lifted(worker: psycopg.Connection) -> None:
    execute(worker, purchase(ACME, KEY), purchase(ZETA, KEY))
    ask(worker, ACME)
    ask(worker, ZETA)
    hold = erasures.set_hold(ACME, KEY, "a law suit", by="ann")
    make_due(worker, ACME)
    make_due(worker, ZETA)

    assert erasure.tend(worker) == 1
    assert lead_row(worker, ZETA, KEY) is None and lead_row(worker, ACME, KEY) is not None
    execute(worker, purchase(ACME, "1", "ask-1", amount="13"))  # of another lead: not held
    assert history(worker, ACME, "1")[-1] == ("erasure_requested", "ask", "done")
    everybody = erasures.set_hold(ACME, None, "an inquiry", by="ann")
    execute(worker, purchase(ACME, "third", "ask-3", amount="13"))
    assert history(worker, ACME, "third")[-1] == ("erasure_requested", "ask", "skipped")
    assert (lead_row(worker, ACME, "third") or {})["frozen_until"] is None

    for one in (everybody, hold):
        assert erasure.tend(worker) == 0
        erasures.lift_hold(ACME, one, "it is settled", by="ann")
    assert erasure.tend(worker) == 1
    assert lead_row(worker, ACME, KEY) is None
    with tenant_context(ACME):
        assert list(LegalHold.objects.filter(pk=everybody).values_list("lifted_because", "lifted_by")) == [
            ("it is settled", "ann")
        ]


def test_what_is_cancelled_is_not_done_and_the_lead_goes_on(worker: psycopg.Connection) -> None:
    execute(worker, purchase(ACME, KEY), purchase(ZETA, KEY))
    ask(worker, ACME)
    ask(worker, ZETA)
    ids = [id for (id,) in worker.execute("SELECT id FROM campaigns_erasure WHERE turn_at IS NOT NULL").fetchall()]

    assert erasures.cancel(ACME, ids, "ann", datetime.now(UTC)) == 1

    execute(worker, purchase(ACME, KEY, "on"), purchase(ZETA, KEY, "on"))
    assert history(worker, ACME, KEY)[-1] == ("change_data_value", "count", "done")
    assert history(worker, ZETA, KEY)[-1] == ("processing_frozen", None, "skipped")
    make_due(worker, ACME)
    assert erasure.tend(worker) == 0


@pytest.mark.parametrize("place", ["another tenant", "no tenant", "not due", "cancelled"])
def test_nobody_erases_what_is_not_due_in_the_current_tenant(worker: psycopg.Connection, place: str) -> None:
    execute(worker, purchase(ACME, KEY))
    ask(worker, ACME)
    (id,) = worker.execute("SELECT id FROM campaigns_erasure WHERE turn_at IS NOT NULL").fetchone()
    if place != "not due":
        make_due(worker, ACME)
    if place == "cancelled":
        erasures.cancel(ACME, [id], "ann", datetime.now(UTC))
    tenant = {"another tenant": ZETA, "no tenant": ""}.get(place, ACME)
    with pytest.raises(errors.InsufficientPrivilege, match="not due"), worker.transaction():
        worker.execute("SELECT set_config('fairlane.tenant', %s, true)", [tenant])
        worker.execute("SELECT campaigns_erase_lead(%s)", [id])
    assert lead_row(worker, ACME, KEY) is not None


def test_the_application_may_not_erase(worker: psycopg.Connection) -> None:
    with tenant_context(ACME), pytest.raises(Exception, match="permission denied"):
        erasures.connection_of(ACME).execute("SELECT campaigns_erase_lead(1)")


def test_every_table_about_leads_is_known_to_the_function(owner_connection: psycopg.Connection) -> None:
    about = (
        "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'lead_id'"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace"
    )
    tables = {table for (table,) in owner_connection.execute(about)}
    (source,) = owner_connection.execute("SELECT prosrc FROM pg_proc WHERE proname = 'campaigns_erase_lead'").fetchone()

    assert {table for table in tables if table not in source} == set()
    assert len(tables) > 7
