"""What waits for a person's decision, and the decision."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from campaigns.admin.clock_face import with_zone
from campaigns.admin.tenant_pages import TenantPages
from campaigns.approvals import Approval, decide, open_approvals


class ApprovalPages(TenantPages):
    """The list of open approvals, beside the campaigns that ask for them."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.approvals_view)
        return [path("approvals/", view, name="campaigns_approval_changelist"), *super().get_urls()]

    def approvals_view(self, request: HttpRequest) -> HttpResponse:
        """The list; and what is decided on it."""
        return self._page(request, lambda: self._decide(request) if request.method == "POST" else self._list(request))

    def _list(self, request: HttpRequest) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Approvals",
            "opts": self.opts,
            "asked": [(one, with_zone(one.until), _may(request, one)) for one in open_approvals(request.tenant.pk)],
        }
        return TemplateResponse(request, "campaigns/approvals.html", context)

    def _decide(self, request: HttpRequest) -> HttpResponse:
        approved = "approve" in request.POST
        decide(
            request.tenant.pk,
            request.POST.get("id", ""),
            approved=approved,
            by=request.user.get_username(),
            note=request.POST.get("note", ""),
            source="admin",
            may_all=request.user.is_superuser,
        )
        messages.success(request, "Approved: the run goes on." if approved else "Declined.")
        return HttpResponseRedirect(reverse("admin:campaigns_approval_changelist"))


def _may(request: HttpRequest, asked: Approval) -> bool:
    return not asked.approvers or request.user.is_superuser or request.user.get_username() in asked.approvers
