"""Counters of the running server in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of request durations. [s]"""

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Requests by route, method and status, and how long they took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[Labels] = Counter()
        self._buckets: Counter[float] = Counter()
        self._seconds = 0.0
        self._count = 0

    def observe(self, *, route: str, method: str, status: int, seconds: float | None) -> None:
        """Count one answered request; ``seconds`` of ``None`` where it has no duration of its own (streams)."""
        labels = (("method", method), ("route", route), ("status", str(status)))
        with self._lock:
            self._requests[labels] += 1
            if seconds is None:
                return
            self._seconds += seconds
            self._count += 1
            for bound in BUCKETS:
                if seconds <= bound:
                    self._buckets[bound] += 1

    def text(self, gauges: Mapping[str, tuple[str, float]], counters: Iterable[tuple[str, Labels, float]]) -> str:
        """Everything counted here, with gauges (name: help and value) and counters of other rooms."""
        with self._lock:
            requests, buckets = dict(self._requests), dict(self._buckets)
            seconds, count = self._seconds, self._count
        lines = ["# HELP twin_http_requests_total Requests answered.", "# TYPE twin_http_requests_total counter"]
        lines += [_line("twin_http_requests_total", labels, n) for labels, n in sorted(requests.items())]
        lines += ["# HELP twin_http_request_seconds Time to answer.", "# TYPE twin_http_request_seconds histogram"]
        for bound in BUCKETS:
            lines.append(_line("twin_http_request_seconds_bucket", (("le", f"{bound:g}"),), buckets.get(bound, 0)))
        lines.append(_line("twin_http_request_seconds_bucket", (("le", "+Inf"),), count))
        lines.append(_line("twin_http_request_seconds_sum", (), seconds))
        lines.append(_line("twin_http_request_seconds_count", (), count))
        for name, (about, value) in gauges.items():
            lines += [f"# HELP {name} {about}", f"# TYPE {name} gauge", _line(name, (), value)]
        named = ""
        for name, labels, value in sorted(counters):
            if name != named:
                lines.append(f"# TYPE {name} counter")
                named = name
            lines.append(_line(name, labels, value))
        return "\n".join(lines) + "\n"


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
    return f"{name}{{{inside}}} {value:.15g}" if inside else f"{name} {value:.15g}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
