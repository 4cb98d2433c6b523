"""Campaigns: the draft is edited here; what the buttons do is said before it is done."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from campaigns import batches, experiments, operations
from campaigns.admin.approvals import ApprovalPages
from campaigns.admin.campaign_files import CampaignFiles
from campaigns.admin.campaign_verbs import VERBS, Verb, perform, verbs_for
from campaigns.admin.document_words import in_words
from campaigns.admin.leads import schema_for
from campaigns.admin.moves import MovePages
from campaigns.admin.tenant_pages import TenantForm
from campaigns.admin.text_fields import DocumentField
from campaigns.exchange.layout import pretty
from campaigns.inside import count_inside
from campaigns.models import Campaign, CampaignVersion

VERSIONS = 20


def concerned(campaign: Campaign, verb: Verb) -> str:
    """How many leads a verb about batches concerns, in words."""
    if verb.name == "cancel":
        return f"{batches.waiting_members(campaign):,} members were found and are not told yet."
    if verb.name != "run":
        return ""
    try:
        return f"{batches.count_members(campaign):,} leads match the audience now."
    except operations.Refused as refusal:
        return str(refusal)


class CampaignForm(TenantForm):
    draft = DocumentField(
        required=False,
        label="Draft",
        help_text="Saving keeps the draft; leads are not concerned until it is published.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = pretty(self.instance.draft).count("\n") + 2
        self.fields["draft"].widget.attrs["rows"] = min(max(lines, 12), 40)


@admin.register(Campaign)
class CampaignAdmin(CampaignFiles, ApprovalPages, MovePages):
    form = CampaignForm
    list_display = ("name", "key", "status", "live_version", "draft_state", "priority", "position")
    list_filter = ("status", "priority")
    search_fields = ("name", "key")
    fields = ("name", "key", "priority", "position", "draft")
    fixed_fields = ("key",)
    actions = None
    change_form_template = "campaigns/campaign_form.html"
    change_list_template = "campaigns/campaign_list.html"
    next_step = "Add a campaign: when something happens, for whom, and what to do."
    warn_unsaved_form = True

    @admin.display(description="draft")
    def draft_state(self, campaign: Campaign) -> str:
        if campaign.live_version is None:
            return "not published"
        return "published" if campaign.draft == campaign.live_document else "changed since"

    def get_queryset(self, request: HttpRequest) -> Any:
        live = CampaignVersion.objects.filter(
            tenant_id=OuterRef("tenant_id"), campaign_id=OuterRef("pk"), number=OuterRef("live_version")
        )
        return super().get_queryset(request).annotate(live_document=Subquery(live.values("document")))

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """What was published is archived instead: versions stay for ever."""
        return self.may(request) and obj is not None and not obj.versions.exists()

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        campaign = kwargs.get("obj")
        if campaign is not None:
            context |= self.state_of(request, campaign)
            versions = campaign.versions.all()[:VERSIONS]
            context["versions"] = [(version, pretty(version.document)) for version in versions]
        return super().render_change_form(request, context, **kwargs)

    def state_of(self, request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
        """What is said about a campaign on its page and before a verb."""
        faults = operations.faults_of(campaign)
        inside = count_inside(campaign)
        return {
            "campaign": campaign,
            "faults": faults,
            "warnings": [] if faults else operations.warnings_of(campaign),
            "words": in_words(campaign.draft, schema_for(request)),
            "verbs": verbs_for(campaign),
            "draft_differs": campaign.draft != campaign.live_document,
            "inside": inside,
            "has_moves": campaign.moves.exists(),
            "left_behind": sum(found.runs for found in inside if found.version != campaign.live_version),
            "batches": batches.latest(campaign),
            "tests": experiments.figures_of(campaign),
        }

    # -- verbs

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.confirm)
        verbs = [path(f"<int:pk>/{name}/", view, {"verb": name}, name=f"campaigns_campaign_{name}") for name in VERBS]
        return [*verbs, *super().get_urls()]

    def confirm(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Say what a verb will do; do it when that is sent back."""
        return self._page(request, lambda: self._confirm(request, pk, VERBS[verb]))

    def _confirm(self, request: HttpRequest, pk: int, verb: Verb) -> HttpResponse:
        campaign = get_object_or_404(self.get_queryset(request), pk=pk)
        if request.method == "POST":
            return self._do(request, campaign, verb)
        state = self.state_of(request, campaign)
        context = {
            **self.admin_site.each_context(request),
            **state,
            "title": f"{verb.label} “{campaign}”",
            "verb": verb,
            "people": sum(found.runs for found in state["inside"]),
            "held": sum(found.held for found in state["inside"]),
            "at_door": sum(found.at_door for found in state["inside"]),
            "concerns": concerned(campaign, verb),
            "opts": self.opts,
            "change_url": self.change_url(pk),
        }
        return TemplateResponse(request, "campaigns/confirm.html", context)

    def _do(self, request: HttpRequest, campaign: Campaign, verb: Verb) -> HttpResponse:
        try:
            perform(verb, campaign, request.POST, by=request.user.get_username())
        except operations.Refused as refusal:
            messages.error(request, str(refusal))
        else:
            self.log_change(request, campaign, f"{verb.label}: {campaign} {verb.done}.")
            messages.success(request, f"“{campaign}” {verb.done}.")
        return HttpResponseRedirect(self.change_url(campaign.pk))
