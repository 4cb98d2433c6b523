"""GET /api/v1/actions, triggers and operators: what campaigns may be made of, from the declarations themselves."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from rest_framework.request import Request

from campaigns.actions import ACTIONS
from campaigns.api.errors import json_response
from campaigns.api.view import ApiView
from campaigns.filters import OPERATORS
from campaigns.language.action import ActionSpec
from campaigns.language.operator import Operator
from campaigns.language.paramschema import params_schema
from campaigns.language.trigger import TriggerSpec
from campaigns.triggers import TRIGGERS


class LanguageView(ApiView):
    """The same for every tenant, so any key may ask."""

    scope = None
    http_method_names = ("get", "head")


class ActionsView(LanguageView):
    """Every action with the JSON Schema of its parameters."""

    def get(self, request: Request) -> HttpResponse:
        return json_response({"actions": [describe_action(one) for one in ACTIONS]})


class ActionView(LanguageView):
    """One action."""

    def get(self, request: Request, name: str) -> HttpResponse:
        found = ACTIONS.get(name)
        if found is None:
            raise Http404
        return json_response(describe_action(found))


class TriggersView(LanguageView):
    """Every trigger with the keys that it understands beside `id`, `type`, `where` and `when`."""

    def get(self, request: Request) -> HttpResponse:
        return json_response({"triggers": [describe_trigger(one) for one in TRIGGERS]})


class OperatorsView(LanguageView):
    """Every operator of filters, type by type."""

    def get(self, request: Request) -> HttpResponse:
        return json_response({"operators": [describe_operator(one) for one in OPERATORS]})


def describe_action(action: ActionSpec) -> dict[str, Any]:
    """An action in JSON."""
    return {
        "name": action.name,
        "label": action.label,
        "doc": action.doc,
        "logs": action.logs,
        "params": params_schema(action),
    }


def describe_trigger(trigger: TriggerSpec) -> dict[str, Any]:
    """A trigger in JSON."""
    return {
        "name": trigger.name,
        "label": trigger.label,
        "doc": trigger.doc,
        "keys": list(trigger.keys),
        "key_docs": dict(trigger.key_docs),
        "hears": trigger.hears or None,
    }


def describe_operator(operator: Operator) -> dict[str, Any]:
    """An operator in JSON."""
    return {
        "name": operator.name,
        "type": operator.type,
        "doc": (operator.test.__doc__ or "").strip(),
        "value": operator.operand.value,
        "without_value": operator.nulls.value,
        "switches": sorted(operator.family.switches),
    }
