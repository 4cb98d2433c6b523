"""Which tenant a piece of work is for: told to the database for one transaction at a time.

A setting that outlived its transaction would leak through pooled connections, so there is no way here to set
one for longer. Without a tenant the database shows no rows of any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.contrib import messages
from django.db import InterfaceError, OperationalError, connections, transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Membership, Tenant
from campaigns.router import current_database, on_database, route_to
from engine.placement import DIRECTORY, database_of
from engine.rights import setting

TENANT = "fairlane.tenant"
OPERATOR = "fairlane.operator"
SESSION_KEY = "tenant"


@contextmanager
def tenant_context(tenant_id: str, *, using: str | None = None) -> Iterator[None]:
    """A transaction, or savepoint, on the tenant's database that sees and writes the rows of one tenant.

    `using` names another database: the directory, for what it has of the tenant.
    """
    if not tenant_id:
        raise ValueError("a tenant context needs a tenant")
    database = using or database_of(tenant_id)
    with on_database(database), setting(database, TENANT, tenant_id):
        yield


@contextmanager
def operator_context(*, using: str = DIRECTORY) -> Iterator[None]:
    """A transaction, or savepoint, that sees and writes the whole tenant table, and nothing more."""
    with on_database(using), setting(using, OPERATOR, "on"):
        yield


def connection_of(tenant_id: str) -> Any:
    """psycopg's connection to the tenant's database, for statements of our own. Needs the tenant's context."""
    wrapper = connections[database_of(tenant_id)]
    wrapper.ensure_connection()
    return wrapper.connection


def _set(name: str, value: str, using: str = DIRECTORY) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


def tenants_of(user: Any) -> Iterable[Tenant]:
    """The tenants that a person may choose; a superuser may choose any. Needs operator_context()."""
    if user.is_superuser:
        return Tenant.objects.all()
    return Tenant.objects.filter(memberships__user=user)


def may_enter(user: Any, tenant_id: str) -> bool:
    """True if the person may work in the tenant."""
    return user.is_superuser or Membership.objects.filter(user=user, tenant=tenant_id).exists()


class TenantMiddleware:
    """Runs each request for an admin page in one transaction of the tenant that the person has chosen.

    Of a tenant on another database than the directory, in one on each; its own commits first. `request.tenant` is
    that tenant, or None: nobody is logged in, or a superuser has not chosen yet. Times are shown in its time zone.
    Requests elsewhere are left alone; the API finds its tenant by its key.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.admin = reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.tenant = None
        if not request.path.startswith(self.admin):
            return self.get_response(request)
        with transaction.atomic(), timezone.override(None), on_database(DIRECTORY), ExitStack() as stack:
            request.tenant = enter_chosen_tenant(request, stack)
            database = current_database()
            if request.tenant is not None:
                timezone.activate(request.tenant.timezone)
            response = self.get_response(request)
            # The exception itself became a response further in; what it left half done must not be committed.
            if response.status_code >= 500 or getattr(request, "refused", False):
                for using in {DIRECTORY, database}:
                    transaction.set_rollback(True, using=using)
        return keep_while_streaming(response, request.tenant)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Pages that look after tenants themselves see all of them; their ModelAdmin says so."""
        if getattr(getattr(view, "model_admin", None), "operator_pages", False) and request.user.is_superuser:
            route_to(DIRECTORY)
            _set(OPERATOR, "on")

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        request.refused = True


def enter_chosen_tenant(request: HttpRequest, stack: ExitStack) -> Tenant | None:
    """Sets the tenant of this transaction: the one kept in the session if still allowed, else the first.

    Opens one on the tenant's database too, until `stack` ends. None when that cannot be reached: else nobody
    could choose another tenant meanwhile.
    """
    user = request.user
    if not (user.is_active and user.is_staff):
        return None
    tenant_id = _allowed(user, request.session.get(SESSION_KEY))
    if not tenant_id:
        return None
    if database_of(tenant_id) != DIRECTORY:
        try:
            stack.enter_context(tenant_context(tenant_id))
        except (OperationalError, InterfaceError):
            messages.error(request, f"The database of {tenant_id} does not answer. Its events are kept for it.")
            return None
    _set(TENANT, tenant_id)
    return Tenant.objects.filter(pk=tenant_id).first()


def _allowed(user: Any, chosen: str | None) -> str | None:
    if user.is_superuser:
        return chosen
    mine = list(Membership.objects.filter(user=user).order_by("tenant_id").values_list("tenant_id", flat=True))
    return chosen if chosen in mine else next(iter(mine), None)


def keep_while_streaming(response: HttpResponseBase, tenant: Tenant | None) -> HttpResponseBase:
    """The body of a streaming response is made after its view returned: give it a transaction of its own."""
    if tenant is not None and response.streaming:
        response.streaming_content = _in_context(tenant.pk, response.streaming_content)
    return response


def _in_context(tenant_id: str, content: Iterable[bytes]) -> Iterator[bytes]:
    with tenant_context(tenant_id):
        yield from content
