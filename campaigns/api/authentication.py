"""Who calls: `Authorization: Bearer fl_live_…`. The key names its tenant, so no request can name an unknown one."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from campaigns.api.errors import ApiError
from campaigns.keys import note_use, verify
from campaigns.models import ApiKey

SCHEME = "bearer"


@dataclass(frozen=True)
class ApiClient:
    """A program acting for a tenant; `request.user` of the API. The row of a key refers to that of its tenant."""

    tenant: str
    scopes: frozenset[str]
    is_authenticated = True


class ApiKeyAuthentication(BaseAuthentication):
    """Finds the client by its key. Revoking a key works at once: keys are looked up for each request."""

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiKey]:
        """Raises AuthenticationFailed (401) without a valid key; it does not say what is wrong with it."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            raise AuthenticationFailed("Send the header “Authorization: Bearer <API key>”.", "no_key")
        scheme, _, text = header.partition(" ")
        now = timezone.now()
        key = verify(text.strip(), now) if scheme.lower() == SCHEME else None
        if key is None:
            raise AuthenticationFailed("The API key is unknown, revoked or expired.", "invalid_key")
        note_use(key, now)
        return ApiClient(key.tenant_id, frozenset(key.scopes)), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="fairlane"'


class HasScope(BasePermission):
    """The key has the scope that the view names; where it names None, any key will do."""

    def has_permission(self, request: Request, view: object) -> bool:
        scope: str | None = view.scope  # type: ignore[attr-defined]
        if scope is None or scope in request.user.scopes:
            return True
        raise ApiError(403, "missing_scope", f"This key lacks the scope {scope}. Make one that has it.")
