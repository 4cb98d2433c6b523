"""The Celery app: `celery -A engine worker` runs bundles of lanes and ordinary tasks side by side."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from typing import Any

from celery import Celery, signals
from django.utils.module_loading import import_string
from kombu.connection import resolve_aliases
from kombu.entity import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

from engine.conf import conf
from engine.control import lane_count
from engine.keys import WAKE_QUEUE
from engine.routing import lane_of, queue_name
from engine.step import LaneControl

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.production")

# An alias, not broker_transport: only so do Flower's broker page and a broker failover still see Redis.
TRANSPORT_ALIASES["fairlane"] = "engine.transport:Transport"
resolve_aliases["fairlane"] = "redis"


def broker_url(redis_url: str) -> str:
    """The same server through our transport."""
    return "fairlane" + redis_url[redis_url.index("://") :]


def route(
    name: str, args: Any, kwargs: Mapping[str, Any] | None, options: Any, task: Any = None, **_: Any
) -> dict[str, Any] | None:
    """A task called with tenant= and lead= goes to that lead's lane, others to Celery's own queue.

    A Queue object and no declaration keep Celery from remembering a queue and its bindings per lane.
    """
    tenant, lead = (kwargs or {}).get("tenant"), (kwargs or {}).get("lead")
    if tenant is None or lead is None:
        return None
    queue = queue_name(tenant, lane_of(str(lead), lane_count(tenant)))
    return {"queue": Queue(queue, Exchange(""), queue), "declare": []}


app = Celery("fairlane")
app.conf.update(
    broker_url=broker_url(conf().redis_url),
    # The alias hides the scheme from kombu; without this rediss:// would be spoken without TLS.
    broker_use_ssl={"ssl_cert_reqs": "required"} if conf().redis_url.startswith("rediss:") else False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        # Ordinary queues only; kombu's defaults leave what a dead worker held alone for 100 seconds and more.
        "visibility_timeout": 300,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "health_check_interval": 5,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
    },
    task_queues=[Queue("celery"), Queue(WAKE_QUEUE)],
    task_default_queue="celery",
    task_routes=(route,),
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    result_backend=None,
    task_ignore_result=True,
    task_send_sent_event=False,
    worker_prefetch_multiplier=1,  # a bundle that waits for a slot blocks its lanes
    worker_soft_shutdown_timeout=5,  # SIGQUIT sleeps this long when busy; bundles end in less
    worker_cancel_long_running_tasks_on_connection_loss=False,  # the ledger makes cancelling needless
    worker_hijack_root_logger=True,
    timezone="UTC",
)
app.steps["consumer"].add(LaneControl)
app.autodiscover_tasks()


#: A bundle makes tens of thousands of objects that live until its end. With Python's own thresholds (700, 10, 10) a
#: third of a child's time went into looking through them again and again.
GC_THRESHOLDS = (50_000, 20, 100)


@signals.worker_init.connect
def import_handler(**_: Any) -> None:
    """Once in the parent, so that its children share the memory, of which the garbage collector then writes nothing."""
    import_string(conf().handler)
    gc.collect()
    gc.freeze()


@signals.worker_process_init.connect
def collect_seldom(**_: Any) -> None:
    """In each child of the pool."""
    gc.set_threshold(*GC_THRESHOLDS)
