"""Buttons that act on many rows, each with the count said first; and pages that are read-only but for those."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import helpers
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from campaigns.admin.tenant_pages import TenantPages

#: Rows that one press of a button deals with: a page is one transaction.
MOST = 5000


class ConfirmedPages(TenantPages):
    """Pages with buttons that act on many rows."""

    one, many = "row", "rows"  #: what a row is called

    def confirm(self, request: HttpRequest, rows: QuerySet, action: str, says: str) -> HttpResponse:
        """Say how many and what will be done; nothing is done until that is sent back."""
        count = rows.count()
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"{action.capitalize()} {min(count, MOST):,} {self.one if count == 1 else self.many}",
            "says": says,
            "left": max(0, count - MOST),
            "action": action,
            "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
            "across": request.POST.get("select_across", "0"),
            "opts": self.opts,
            "list_url": self.list_url(),
        }
        return TemplateResponse(request, "campaigns/letters_confirm.html", context)


class ActedOnPages(ConfirmedPages):
    """Nobody adds, changes or deletes a row by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def chosen(rows: QuerySet) -> list[int]:
    """The oldest first, as many as one page deals with."""
    return list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])
