"""Campaigns out of the admin as files and back in: what an import would change is shown before it is done."""

from __future__ import annotations

from typing import Any

import msgspec
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from campaigns import operations
from campaigns.admin import theme
from campaigns.admin.tenant_pages import TenantPages
from campaigns.exchange.applying import ApplyRefused, Plan, apply, export, plan
from campaigns.exchange.file import CampaignFile, open_file
from campaigns.exchange.reading import SIZE_LIMIT, UnreadableError, read, write_json, write_yaml
from campaigns.exchange.telling import lines_of
from campaigns.models import Campaign

WRITERS = {"yaml": (write_yaml, "application/yaml"), "json": (write_json, "application/json")}


class ImportForm(forms.Form):
    """A document, pasted or sent as a file."""

    file = forms.FileField(required=False, label="File", help_text="YAML or JSON, as exported.")
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or its text",
        widget=theme.Textarea(attrs={"rows": 24, "class": "fairlane-document", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        upload = cleaned.get("file")
        raw = upload.read(SIZE_LIMIT + 1) if upload else cleaned.get("text", "").encode()
        if not raw.strip():
            raise forms.ValidationError("Choose a file or write its text.")
        try:
            found, faults = open_file(read(raw))
        except UnreadableError as error:
            raise forms.ValidationError(f"It cannot be read: {error}.") from error
        if faults:
            raise forms.ValidationError([f"{fault}." for fault in faults])
        return cleaned | {"campaign": found, "text": raw.decode("utf-8-sig")}


class CampaignFiles(TenantPages):
    """The buttons Export and Import of campaigns."""

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("import/", guard(self.import_view), name="campaigns_campaign_import"),
            path("<int:pk>/export/<slug:form>/", guard(self.export_view), name="campaigns_campaign_export"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest, pk: int, form: str) -> HttpResponse:
        """The draft as a file."""
        return self._page(request, lambda: self._export(request, pk, form))

    def _export(self, request: HttpRequest, pk: int, form: str) -> HttpResponse:
        campaign = get_object_or_404(self.get_queryset(request), pk=pk)
        if form not in WRITERS:
            raise Http404
        write, kind = WRITERS[form]
        text = write(msgspec.to_builtins(export(campaign.tenant_id, campaign.key)))
        headers = {"Content-Disposition": f'attachment; filename="{campaign.key}.{form}"'}
        return HttpResponse(text, content_type=f"{kind}; charset=utf-8", headers=headers)

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a document, say what it would change, and change it when that is sent back."""
        return self._page(request, lambda: self._import(request))

    def _import(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
        if not (form.is_bound and form.is_valid()):
            return self._show_import(request, form, None)
        file = form.cleaned_data["campaign"]
        if "apply" in request.POST or "publish" in request.POST:
            return self._apply(request, file)
        again = ImportForm(initial={"text": form.cleaned_data["text"]})
        return self._show_import(request, again, plan(request.tenant.pk, file))

    def _show_import(self, request: HttpRequest, form: ImportForm, found: Plan | None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Import a campaign",
            "opts": self.opts,
            "form": form,
            "plan": found,
            "changes": [line for change in found.changes for line in lines_of(change)] if found else [],
        }
        return TemplateResponse(request, "campaigns/campaign_import.html", context)

    def _apply(self, request: HttpRequest, file: CampaignFile) -> HttpResponse:
        try:
            by = request.user.get_username()
            applied = apply(request.tenant.pk, file, by=by, publishing="publish" in request.POST)
        except (ApplyRefused, operations.PublicationRefused) as refusal:
            for fault in [str(refusal), *map(str, refusal.faults)]:
                messages.error(request, fault)
            return HttpResponseRedirect(request.get_full_path())
        campaign = Campaign.objects.get(tenant_id=request.tenant.pk, key=file.key)
        said = f"Version {applied.version} is live." if applied.version else "Its draft is as the document says."
        self.log_change(request, campaign, f"Import: {said}")
        messages.success(request, f"“{campaign}” was imported. {said}")
        return HttpResponseRedirect(self.change_url(campaign.pk))
