"""GET /api/v1/campaigns/KEY/tests: how the variants that a campaign tests are doing."""

from __future__ import annotations

from django.http import HttpResponse
from msgspec import to_builtins
from rest_framework.request import Request

from campaigns.api.errors import json_response
from campaigns.api.named import campaign_named
from campaigns.api.view import ApiView
from campaigns.experiments import figures_of
from campaigns.tenancy import tenant_context


class TestsView(ApiView):
    """Each test with the leads and results of its variants, and its winner if there is one."""

    scope = "campaigns:read"
    http_method_names = ("get", "head")

    def get(self, request: Request, key: str) -> HttpResponse:
        tenant = request.user.tenant
        with tenant_context(tenant):
            found = figures_of(campaign_named(tenant, key))
        return json_response({"tests": to_builtins(found)})
