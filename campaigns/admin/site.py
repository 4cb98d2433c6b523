"""The frame of all pages: navigation, the choice of the tenant, the start page. Named in settings.UNFOLD."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from campaigns.admin.tenants import choose_url
from campaigns.models import ApiKey, Campaign, Delivery, EventType, Lead
from campaigns.tenancy import operator_context, tenants_of
from engine.models import DeadLetter

OFFERED = 12  #: tenants in the drop-down; superusers find the others in the list of tenants

admin.site.site_title = "Fairlane"
admin.site.site_header = "Fairlane"
admin.site.index_title = "Start"
# The stock one lists a person's recent actions, of all tenants at once.
admin.site.index_template = "campaigns/start.html"


def heading(request: HttpRequest) -> str:
    """The tenant's name above the navigation, where it is chosen too."""
    tenant = getattr(request, "tenant", None)
    if tenant is not None:
        return tenant.name
    return "Choose a tenant" if request.user.is_authenticated else "Fairlane"


def tenant_choices(request: HttpRequest) -> list[dict[str, Any]]:
    """The drop-down above the navigation."""
    if not request.user.is_staff:
        return []
    with operator_context():
        tenants = list(islice(tenants_of(request.user), OFFERED))
    current = getattr(request, "tenant", None)
    items = [
        {
            "title": tenant.name,
            "link": choose_url(tenant),
            "icon": "check" if current == tenant else "domain",
        }
        for tenant in tenants
    ]
    if request.user.is_superuser:
        items.append({"title": "All tenants…", "link": tenant_list_url(), "icon": "list"})
    return items


def tenant_list_url() -> str:
    """The list of tenants, for superusers."""
    return reverse("admin:campaigns_tenant_changelist")


def environment(request: HttpRequest) -> list[str] | None:
    """The badge that says which installation this is."""
    name = settings.FAIRLANE_ENVIRONMENT
    return [name, "danger" if name.lower() == "production" else "info"] if name else None


#: Group, then label, icon, model, and whether only superusers see it.
NAVIGATION = (
    (
        "Campaigns",
        ("Campaigns", "campaign", "campaigns_campaign", False),
        ("Batches", "groups", "campaigns_batch", False),
        ("Approvals", "task_alt", "campaigns_approval", False),
        ("Event types", "bolt", "campaigns_eventtype", False),
    ),
    (
        "Leads",
        ("Leads", "person", "campaigns_lead", False),
        ("Lists", "list_alt", "campaigns_staticlist", False),
        ("Companies", "apartment", "campaigns_company", False),
    ),
    (
        "Set-up",
        ("Definitions", "category", "campaigns_definition", False),
        ("Fields", "view_column", "campaigns_fielddefinition", False),
        ("Stages", "stairs", "campaigns_stage", False),
        ("Tags", "sell", "campaigns_tag", False),
        ("Owners", "badge", "campaigns_owner", False),
    ),
    (
        "Operations",
        ("Deliveries", "outgoing_mail", "campaigns_delivery", False),
        ("Dead letters", "report", "engine_deadletter", False),
        ("Erasures", "person_off", "campaigns_erasure", False),
        ("Legal holds", "gavel", "campaigns_legalhold", False),
        ("API keys", "key", "campaigns_apikey", True),
        ("Tenants", "domain", "campaigns_tenant", True),
        ("Users", "group", "auth_user", True),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups on the left."""
    return [
        {
            "title": title,
            "separator": place > 0,
            "items": [
                {"title": label, "icon": icon, "link": reverse(f"admin:{model}_changelist")}
                for label, icon, model, superusers_only in items
                if request.user.is_superuser or not superusers_only
            ],
        }
        for place, (title, *items) in enumerate(NAVIGATION)
    ]


def start_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the start page shows of the chosen tenant."""
    if request.tenant is not None:
        context["figures"] = figures(request.tenant.pk)
        context["steps"] = first_steps(request.tenant.pk, may_issue_keys=request.user.is_superuser)
    context["tenant_list_url"] = tenant_list_url()
    return context


def figures(tenant: str) -> list[tuple[str, str, str]]:
    """Label, figure, link."""
    running = Campaign.objects.filter(tenant=tenant, status=Campaign.Status.ACTIVE).count()
    leads = Lead.objects.filter(tenant=tenant).count()
    dead = DeadLetter.objects.filter(tenant_id=tenant, ended=None).count()
    deliveries = reverse("admin:campaigns_delivery_changelist")
    waiting = Delivery.objects.filter(tenant=tenant, ended_at=None).count()
    failed = Delivery.objects.filter(tenant=tenant, state=Delivery.State.FAILED).count()
    return [
        ("Running campaigns", f"{running:,}", reverse("admin:campaigns_campaign_changelist")),
        ("Leads", f"{leads:,}", reverse("admin:campaigns_lead_changelist")),
        ("Dead letters", f"{dead:,}", reverse("admin:engine_deadletter_changelist")),
        ("Deliveries waiting", f"{waiting:,}", f"{deliveries}?state=waiting"),
        ("Deliveries failed", f"{failed:,}", f"{deliveries}?state=failed"),
    ]


def first_steps(tenant: str, *, may_issue_keys: bool) -> list[tuple[str, bool, str]]:
    """What is to be done once, whether it is done, and where; nowhere if only an operator can."""
    rows = (
        ("Tell what happens to your leads: an event type", EventType.objects, "campaigns_eventtype", True),
        ("Say what to do then: a campaign", Campaign.objects, "campaigns_campaign", True),
        ("Let a program send events: an API key", ApiKey.objects, "campaigns_apikey", may_issue_keys),
        ("See what came: leads", Lead.objects, "campaigns_lead", True),
    )
    return [
        (label, manager.filter(tenant=tenant).exists(), reverse(f"admin:{name}_changelist") if allowed else "")
        for label, manager, name, allowed in rows
    ]
