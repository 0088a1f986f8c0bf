"""Figures of the running server for Prometheus: counted while it runs, or asked of the rooms when they are read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from twin.errors import TwinError

log = logging.getLogger(__name__)

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of request durations. [s]"""

Probe = Callable[[], Iterable[Metric]]
"""Gives figures of a room at the moment they are read."""


class Metrics:
    """Requests by route, method and status, how long they took, and what the rooms' probes say."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._requests = Counter(
            "twin_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "twin_http_request_seconds", "Time to answer.", ("route",), buckets=BUCKETS, registry=self._registry
        )

    def observe(self, *, route: str, method: str, status: int, seconds: float | None) -> None:
        """Count one answered request; ``seconds`` of ``None`` where it has no duration of its own (streams)."""
        self._requests.labels(method, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(route).observe(seconds)

    def add(self, probe: Probe) -> None:
        """Ask a room for figures whenever they are read; one that fails is left out and logged."""
        self._registry.register(_Asking(probe))

    def text(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._registry)


def gauge(name: str, about: str, value: float) -> Metric:
    """One figure that goes up and down."""
    return GaugeMetricFamily(name, about, value)


def gauges(name: str, about: str, label: str, values: dict[str, float]) -> Metric:
    """One figure for each value of a label."""
    family = GaugeMetricFamily(name, about, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def counters(name: str, about: str, labels: Iterable[str], values: dict[tuple[str, ...], float]) -> Metric:
    """Totals that only grow, by labels; ``_total`` is added to the name."""
    family = CounterMetricFamily(name, about, labels=list(labels))
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family


class _Asking(Collector):
    def __init__(self, probe: Probe) -> None:
        self._probe = probe

    def collect(self) -> Iterable[Metric]:
        try:
            return list(self._probe())
        except TwinError as exc:
            log.warning("figures of %s: %s", getattr(self._probe, "__name__", "a room"), exc)
            return []
