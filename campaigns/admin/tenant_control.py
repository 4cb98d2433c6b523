"""The buttons of a tenant's page: pause, drain, resume, abort. What they do is said before it is done."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import django.db
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from campaigns.models import Tenant
from engine import control, status
from engine.abort import abort
from engine.errors import EngineError
from engine.lanes import BROKER_ERRORS
from engine.models import Abort
from engine.status import Status

logger = logging.getLogger(__name__)

BADGES = {"active": "fairlane-good", "paused": "fairlane-warn", "draining": "fairlane-warn", "drained": "fairlane-warn"}

LATER = "Redis or the tenant's database does not answer: what waits is not known. A change is stored and acts later."


@dataclass(frozen=True)
class Verb:
    """One thing that is done to a tenant at the press of a button."""

    name: str
    label: str
    says: str  #: what it does, before it is done
    states: tuple[str, ...]  #: in which it is offered
    change: Callable[[str], None] | None = None  #: None: it is the abort
    danger: bool = False


VERBS = {
    verb.name: verb
    for verb in (
        Verb(
            "resume",
            "Resume",
            "Events that wait are executed from now on, in their order, and new ones are taken.",
            (control.PAUSED, control.DRAINING),
            control.resume,
        ),
        Verb(
            "pause",
            "Pause",
            "Nothing more is executed for this tenant; what is in work is finished. New events are accepted and wait.",
            (control.ACTIVE, control.DRAINING),
            control.pause,
        ),
        Verb(
            "drain",
            "Drain",
            "New events are refused, with 503 and the word “draining”; what waits is executed. Events of changes in "
            "this admin wait until the tenant is resumed.",
            (control.ACTIVE, control.PAUSED),
            control.drain,
        ),
        Verb(
            "abort",
            "Abort",
            "All events that wait are thrown away, for good; those being executed are finished. Events that are "
            "accepted from now on are executed.",
            (control.ACTIVE, control.PAUSED, control.DRAINING),
            danger=True,
        ),
    )
}


def badge(word: str) -> str:
    """The state as the pages show it."""
    return format_html('<span class="fairlane-badge {}">{}</span>', BADGES.get(word, ""), word)


def state_of(tenant: Tenant) -> dict[str, Any]:
    """What is said about a tenant on its page and before a verb."""
    try:
        now = status.of(tenant.pk)
    except (*BROKER_ERRORS, django.db.OperationalError):
        return {"tenant": tenant, "waits": LATER, "verbs": list(VERBS.values()), "last_abort": last_abort(tenant)}
    verbs = [verb for verb in VERBS.values() if now.state in verb.states]
    return {
        "tenant": tenant,
        "badge": badge(now.word),
        "waits": in_words(now),
        "thrown_away": counted(now.waiting + now.outbox),
        "verbs": verbs,
        "last_abort": last_abort(tenant),
    }


def counted(events: int) -> str:
    """As people read it."""
    return f"{events:,} event{'s'[: events != 1]}"


def in_words(now: Status) -> str:
    """What waits of a tenant."""
    said = f"{counted(now.waiting)} waiting, {now.in_work} of {now.lanes} lanes in work."
    if now.spilled:
        said += f" {counted(now.spilled)} of them in PostgreSQL."
    if now.outbox:
        said += f" {counted(now.outbox)} of changes in the admin wait in the outbox."
    return said


def last_abort(tenant: Tenant) -> str:
    """Who threw away how much; empty when nobody ever did."""
    found = Abort.objects.filter(tenant_id=tenant.pk).order_by("-generation").first()
    if found is None:
        return ""
    began = f"Aborted by {found.aborted_by} on {timezone.localtime(found.begun_at):%Y-%m-%d %H:%M:%S %Z}"
    if found.events is None:
        return f"{began}: it broke off, or goes on; abort again to be sure."
    return f"{began}: {counted(found.events)} thrown away."


class ControlPages:
    """The pages of the verbs, for superusers."""

    def __init__(self, admin: ModelAdmin) -> None:
        self.admin = admin

    def urls(self) -> list[URLPattern]:
        """One for each verb."""
        view = self.admin.admin_site.admin_view(self.confirm)
        view.model_admin = self.admin  # the middleware looks for it: pages about all tenants
        return [path(f"<str:pk>/{name}/", view, {"verb": name}, name=f"campaigns_tenant_{name}") for name in VERBS]

    def confirm(self, request: HttpRequest, pk: str, verb: str) -> HttpResponse:
        """Say what a verb will do, and to how many events; do it when that is sent back."""
        if not self.admin.has_change_permission(request):
            raise PermissionDenied
        tenant = get_object_or_404(Tenant, pk=pk)
        if request.method == "POST":
            return self._do(request, tenant, VERBS[verb])
        context = {
            **self.admin.admin_site.each_context(request),
            **state_of(tenant),
            "title": f"{VERBS[verb].label} “{tenant}”",
            "verb": VERBS[verb],
            "opts": self.admin.opts,
            "change_url": change_url(tenant),
        }
        return TemplateResponse(request, "campaigns/tenant_confirm.html", context)

    def _do(self, request: HttpRequest, tenant: Tenant, verb: Verb) -> HttpResponse:
        if verb.change is None:
            transaction.on_commit(partial(_abort, tenant.pk, request.user.get_username()))
            messages.info(request, f"“{tenant}” is being aborted; below is what came of it.")
        else:
            verb.change(tenant.pk)
            messages.success(request, f"{verb.label}: done for “{tenant}”.")
        self.admin.log_change(request, tenant, verb.label)
        return HttpResponseRedirect(change_url(tenant))


def _abort(tenant: str, by: str) -> None:
    """After the request's transaction: each of its steps is committed by itself. What breaks off is in the record."""
    try:
        abort(tenant, by=by)
    except EngineError as error:
        logger.error("tenant %s: %s", tenant, error)


def change_url(tenant: Tenant) -> str:
    """A tenant's page."""
    return reverse("admin:campaigns_tenant_change", args=[tenant.pk])
