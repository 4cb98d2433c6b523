"""GET /api/v1/smart-lists/<key>: how many leads are on it now, and who."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from campaigns.api.errors import ApiError, json_response
from campaigns.api.view import ApiView
from campaigns.audience import InvalidFilterError, audience_of_smart_list
from campaigns.language.storable import INTEGER_LIMIT
from campaigns.models import Lead
from campaigns.tenancy import connection_of, tenant_context
from campaigns.vocabularies import vocabularies

PAGE = 100  #: leads in one answer


class SmartListView(ApiView):
    """The count, and the keys of a hundred leads; `after` goes on where the answer before ended."""

    scope = "leads:read"
    http_method_names = ("get", "head")

    def get(self, request: Request, key: str) -> HttpResponse:
        tenant, after = request.user.tenant, _after(request)
        schema = vocabularies.of(tenant)
        if key not in schema.defined("smart_list"):
            raise Http404
        try:
            audience = audience_of_smart_list(key, schema, timezone.now())
        except InvalidFilterError as error:
            raise ApiError(409, "broken", f"The smart list does not fit any more: {error}") from error
        with tenant_context(tenant):
            connection = connection_of(tenant)
            page = audience.page(connection, after=after, limit=PAGE)
            keys = dict(Lead.objects.filter(tenant=tenant, id__in=page.ids).values_list("id", "key"))
            count = audience.count(connection)
        members = [keys[id] for id in page.ids if id in keys]
        return json_response({"key": key, "count": count, "leads": members, "after": page.after})


def _after(request: Request) -> int:
    text = request.GET.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= INTEGER_LIMIT):
        raise ApiError(400, "bad_request", "“after” is the number that the page before this one ended with.")
    return int(text)
