"""Static lists and their members."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from campaigns import membership
from campaigns.admin.tenant_pages import TenantPages
from campaigns.models import ListMember, StaticList

SHOWN = 100
ADDED_AT_ONCE = 5000


@admin.register(StaticList)
class StaticListAdmin(TenantPages):
    list_display = ("name", "key", "member_count", "archived")
    list_filter = ("archived",)
    search_fields = ("name", "key")
    fields = ("key", "name", "archived")
    fixed_fields = ("key",)
    campaigns_depend = True
    change_form_template = "campaigns/list_form.html"
    next_step = "Add a list. Campaigns and you can put leads on it."

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        members = ListMember.objects.filter(tenant_id=OuterRef("tenant_id"), list_id=OuterRef("pk"))
        counted = members.order_by().values("list_id").annotate(count=Count("lead_id")).values("count")
        return super().get_queryset(request).annotate(member_count=Coalesce(Subquery(counted), 0))

    @admin.display(description="members")
    def member_count(self, row: StaticList) -> str:
        return f"{row.member_count:,}"

    def has_delete_permission(self, request: HttpRequest, obj: StaticList | None = None) -> bool:
        """Lists are archived: activities and campaign versions name them."""
        return False

    def get_urls(self) -> list[URLPattern]:
        add = path("<int:pk>/add/", self.admin_site.admin_view(self.add_members), name="campaigns_list_add")
        remove = path("<int:pk>/remove/", self.admin_site.admin_view(self.remove_members), name="campaigns_list_remove")
        return [add, remove, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            context["members"] = list(obj.members.select_related("lead").order_by("-added_at", "lead")[:SHOWN])
            context["member_count"] = obj.members.count()
        return super().render_change_form(request, context, **kwargs)

    def add_members(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(request, lambda: require_POST(self._add_members)(request, pk))

    def remove_members(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._page(request, lambda: require_POST(self._remove_members)(request, pk))

    def _add_members(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        keys = _lines(request.POST.get("keys", ""))
        if len(keys) > ADDED_AT_ONCE:
            messages.error(request, f"At most {ADDED_AT_ONCE:,} leads can be added at once. Nothing was added.")
            return HttpResponseRedirect(self.change_url(pk))
        added, unknown = membership.add_leads(row, keys, timezone.now(), source="admin")
        if unknown:
            messages.warning(request, f"No lead has the key {_some(unknown)}.")
        messages.success(request, f"{added:,} of {len(keys):,} leads joined “{row}”.")
        return HttpResponseRedirect(self.change_url(pk))

    def _remove_members(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        leads = [int(lead) for lead in request.POST.getlist("lead") if lead.isdecimal() and len(lead) < 19]
        removed = membership.remove_leads(row, leads)
        messages.success(request, f"{removed:,} leads left “{row}”.")
        return HttpResponseRedirect(self.change_url(pk))


def _lines(text: str) -> list[str]:
    keys = (line.strip() for line in text.replace("\x00", "").splitlines())
    return list(dict.fromkeys(key for key in keys if key))


def _some(keys: list[str]) -> str:
    shown = ", ".join(f"“{key[:80]}”" for key in keys[:10])
    return shown if len(keys) <= 10 else f"{shown} and {len(keys) - 10:,} more"
