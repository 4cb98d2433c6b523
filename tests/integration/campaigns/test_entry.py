"""The cap of a campaign's audience: exact while bundles race for the last places, each tenant with its own."""

from __future__ import annotations

import pytest

from campaigns.models import Activity, SharedRecord
from campaigns.tenancy import tenant_context
from tests.integration.campaigns.racing import Connect, at_once, in_bundles
from tests.integration.campaigns.test_shared import ON, tenants  # noqa: F401
from tests.integration.campaigns.world import ACME, ZETA, make_campaign

CAP = 37


@pytest.mark.parametrize("size", [1, 5])
def test_bundles_that_race_over_the_cap_let_in_no_lead_too_many_and_none_too_few(
    connect: Connect,
    size: int,
) -> None:
    note = {"id": "note", "action": "add_note", "params": {"text": "in"}}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            make_campaign(tenant, "one", {"triggers": ON, "steps": [note], "entry": {"cap": CAP}})

    at_once(
        connect, in_bundles(ACME, "x", 30 // size, size), in_bundles(ACME, "y", 30 // size, size),
        in_bundles(ZETA, "x", 10 // size, size),
    )  # fmt: skip

    found = {}
    for tenant in (ACME, ZETA):
        with tenant_context(tenant):
            count = SharedRecord.objects.get(kind="audience", key="one").data["count"]
            found[tenant] = (Activity.objects.filter(kind="note_added").count(), count)
    assert found == {ACME: (CAP, CAP), ZETA: (10, 10)}
