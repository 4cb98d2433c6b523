"""GET /api/v1/engine/figures and /metrics: back pressure, for operators and for Prometheus."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from campaigns.api.errors import error_response, json_response
from engine.figures import Figures, gather
from engine.lanes import BROKER_ERRORS

View = Callable[[HttpRequest], HttpResponse]


def for_operators(view: View) -> View:
    """Answers whoever sends FAIRLANE_OPERATOR_TOKEN as a bearer token, and superusers who are logged in.

    No key of a tenant opens it: it names tenants.
    """

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not (_has_token(request) or request.user.is_superuser):
            headers = {"WWW-Authenticate": 'Bearer realm="fairlane operators"'}
            return error_response(401, "no_operator", "This is for operators: send their token.", headers)
        try:
            return view(request)
        except BROKER_ERRORS:
            return error_response(503, "broker_down", "Redis, which keeps the figures, does not answer.")

    return require_safe(guarded)


def _has_token(request: HttpRequest) -> bool:
    token: str = settings.OPERATOR_TOKEN
    sent = request.META.get("HTTP_AUTHORIZATION", "")
    return bool(token) and hmac.compare_digest(sent.encode(), f"Bearer {token}".encode())


@for_operators
def figures(request: HttpRequest) -> HttpResponse:
    """The figures in JSON."""
    return json_response(gather().to_json())


@for_operators
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures as Prometheus reads them. Labels name the tenants with most events waiting only."""
    registry = CollectorRegistry()
    registry.register(Gathered(gather()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Gathered(Collector):
    """Figures of one moment in Prometheus's form."""

    def __init__(self, gathered: Figures) -> None:
        self.gathered = gathered

    def collect(self) -> Iterator[Metric]:
        """Counters, then gauges, then what there is per tenant."""
        now = self.gathered
        yield CounterMetricFamily("fairlane_events_direct", "Events that went straight to their lanes.", now.direct)
        yield CounterMetricFamily("fairlane_events_spilled", "Events that went to PostgreSQL.", now.spilled)
        yield CounterMetricFamily("fairlane_queue_rows", "Rows written to tables of queues.", now.queue_rows)
        yield CounterMetricFamily(
            "fairlane_queue_transactions", "Transactions that wrote to tables of queues.", now.queue_transactions
        )
        yield GaugeMetricFamily("fairlane_redis_memory_bytes", "Memory that Redis uses.", now.memory_bytes)
        yield GaugeMetricFamily("fairlane_redis_memory_limit_bytes", "0: no limit.", now.memory_limit_bytes)
        yield GaugeMetricFamily("fairlane_pressure", "1 while memory is short and events are spilled.", now.pressure)
        yield GaugeMetricFamily("fairlane_lanes_spilled", "Lanes in spill mode.", now.lanes_spilled)
        yield GaugeMetricFamily("fairlane_tenants_waiting", "Tenants with events in Redis.", now.tenants_waiting)
        yield GaugeMetricFamily("fairlane_bundles", "Bundles in work.", now.bundles)
        if now.noted_seconds_ago is not None:
            yield GaugeMetricFamily("fairlane_noted_seconds", "Age of what is said of spilled.", now.noted_seconds_ago)
        yield from self._of_tenants()

    def _of_tenants(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("fairlane_waiting_events", "Events not settled.", labels=("tenant", "where"))
        oldest = GaugeMetricFamily("fairlane_oldest_waiting_seconds", "Age of the oldest.", labels=("tenant",))
        for one in self.gathered.tenants:
            waiting.add_metric((one.tenant, "direct"), one.direct)
            waiting.add_metric((one.tenant, "spilled"), one.spilled)
            oldest.add_metric((one.tenant,), one.oldest_seconds(self.gathered.at))
        yield waiting
        yield oldest
