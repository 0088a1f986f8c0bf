"""What the rooms say of themselves for ``/metrics``. A room adds its own to :func:`probes`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from api.housekeeping import Housekeeping
from api.live import Broadcaster
from api.metrics import Probe, counters, gauge, gauges
from twin.access import audit
from twin.core import Twin
from twin.jobs.model import JobState
from twin.jobs.queue import Queue
from twin.model.view import ADMINISTRATOR, View
from twin.types import Freshness

_OUTCOMES = ("received", "stored", "revised", "duplicate", "quarantined")


def probes(t: Twin, live: Broadcaster, housekeeping: Housekeeping, queue: Queue) -> list[Probe]:
    """Every room's probe."""
    began = time.monotonic()

    def server() -> Iterator[Metric]:
        yield gauge("twin_uptime_seconds", "Time since start.", time.monotonic() - began)
        yield gauge("twin_live_streams", "Open live streams.", live.listeners)
        yield gauge("twin_chores_failing", "Chores whose last turn failed.", len(housekeeping.failing))

    def store() -> Iterator[Metric]:
        folder = t.store.path.resolve().parent
        yield gauge("twin_commit_seq", "Newest commit.", t.store.last_seq())
        yield gauge("twin_store_bytes", "Size of the store's file.", t.store.path.stat().st_size)
        yield gauge("twin_disk_free_bytes", "Room on the disk of the store.", shutil.disk_usage(folder).free)
        yield gauge("twin_audit_entries", "Entries of the audit.", audit.head(t.store)[0])

    def readings() -> Iterator[Metric]:
        view = View(ADMINISTRATOR)
        totals: dict[tuple[str, ...], float] = {
            (connector, outcome): float(getattr(receipt, outcome))
            for connector, receipt in t.store.counters(view).items()
            for outcome in _OUTCOMES
        }
        yield counters("twin_ingest_readings", "Readings of each connector.", ("connector", "outcome"), totals)
        states = t.store.latest(view)
        found = {f.value: float(sum(s.freshness is f for s in states)) for f in Freshness}
        yield gauges("twin_datastreams", "Datastreams by how fresh they are.", "freshness", found)

    def jobs() -> Iterator[Metric]:
        waiting = [job for job in queue.open_jobs() if job.state is JobState.ACCEPTED]
        oldest = min((job.created for job in waiting), default=queue.clock())
        found = {s.value: float(t.store.count_records("job", where={"state": s.value})) for s in JobState}
        yield gauges("twin_jobs", "Jobs that are kept, by state.", "state", found)
        yield gauge(
            "twin_jobs_longest_wait_seconds", "Age of the oldest waiting job.", (queue.clock() - oldest).total_seconds()
        )

    return [server, store, readings, jobs]
