"""The two tenants of world.py."""

from __future__ import annotations

import pytest

from tests.integration.campaigns.world import ACME, ZETA, make_tenant


@pytest.fixture
def two_tenants(clean: None) -> None:
    """Acme and Zeta, which must not see each other."""
    make_tenant(ACME)
    make_tenant(ZETA)
