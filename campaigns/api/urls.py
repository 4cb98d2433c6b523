"""The addresses below /api/v1/. A lead's key may hold slashes, but not end in “/activities”."""

from __future__ import annotations

from django.urls import path

from campaigns.api.approvals import ApprovalsView, ApprovalView
from campaigns.api.batches import BatchesView, CancelView
from campaigns.api.documents import DocumentView, PlanView
from campaigns.api.erasures import (
    CancelErasureView,
    ErasuresView,
    ErasureView,
    HoldsView,
    HoldView,
    LiftHoldView,
)
from campaigns.api.errors import nothing_here
from campaigns.api.events import EventsView
from campaigns.api.experiments import TestsView
from campaigns.api.figures import figures
from campaigns.api.hooks import HookView
from campaigns.api.insight import ExplainView, RehearseView
from campaigns.api.language import ActionsView, ActionView, OperatorsView, TriggersView
from campaigns.api.leads import ActivitiesView, LeadView
from campaigns.api.moves import MovesView, UndoView
from campaigns.api.smart_lists import SmartListView

urlpatterns = [
    path("events", EventsView.as_view()),
    path("approvals", ApprovalsView.as_view()),
    path("approvals/<str:id>", ApprovalView.as_view()),
    path("campaigns/<str:key>/batches", BatchesView.as_view()),
    path("campaigns/<str:key>/batches/<str:batch>/cancel", CancelView.as_view()),
    path("campaigns/<str:key>/document", DocumentView.as_view()),
    path("campaigns/<str:key>/document/plan", PlanView.as_view()),
    path("campaigns/<str:key>/explain", ExplainView.as_view()),
    path("campaigns/<str:key>/moves", MovesView.as_view()),
    path("campaigns/<str:key>/moves/<str:move>/undo", UndoView.as_view()),
    path("campaigns/<str:key>/rehearse", RehearseView.as_view()),
    path("campaigns/<str:key>/tests", TestsView.as_view()),
    path("engine/figures", figures),
    path("erasures", ErasuresView.as_view()),
    path("erasures/<str:id>", ErasureView.as_view()),
    path("erasures/<str:id>/cancel", CancelErasureView.as_view()),
    path("legal-holds", HoldsView.as_view()),
    path("legal-holds/<str:id>", HoldView.as_view()),
    path("legal-holds/<str:id>/lift", LiftHoldView.as_view()),
    path("hooks/<str:tenant>/<str:key>", HookView.as_view()),
    path("actions", ActionsView.as_view()),
    path("actions/<str:name>", ActionView.as_view()),
    path("triggers", TriggersView.as_view()),
    path("operators", OperatorsView.as_view()),
    path("smart-lists/<str:key>", SmartListView.as_view()),
    path("leads/<path:key>/activities", ActivitiesView.as_view()),
    path("leads/<path:key>", LeadView.as_view()),
    path("", nothing_here),
    path("<path:rest>", nothing_here),
]
