"""POST /api/v1/hooks/<tenant>/<key>: what other systems send, signed instead of with an API key."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from campaigns.api.body import read_body
from campaigns.api.errors import ApiError, json_response
from campaigns.api.events import respond
from campaigns.api.view import ApiView
from campaigns.hooks import BODY_LIMIT, UNKNOWN, UnprovedError, UnusableError, find_hook, receive


class HookView(ApiView):
    """202 when the event is in its lane or the hook's conditions ignore it, 401 unproved, 422 unusable."""

    authentication_classes = ()
    permission_classes = ()
    http_method_names = ("post",)

    def post(self, request: Request, tenant: str, key: str) -> HttpResponse:
        body = read_body(request, BODY_LIMIT)
        hook = find_hook(tenant, key)
        if hook is None:
            raise ApiError(401, "unproved", UNKNOWN)
        try:
            outcome = receive(tenant, hook, request.headers.get(hook.spec.header, ""), body, timezone.now())
        except UnprovedError as error:
            raise ApiError(401, "unproved", str(error)) from None
        except UnusableError as error:
            raise ApiError(422, "refused", str(error), faults=error.faults) from None
        if outcome is None:
            return json_response({"accepted": 0, "ignored": True}, 202)
        return respond(tenant, [outcome])
