"""Signals of simulated cameras: passages that are a function of a seed and time alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from ingestion.simulated.device import Signal
from sensors.jsonpayload import EPOCH
from twin.model.thing import Result
from twin.types import format_time


def _draw(seed: str, slot: int) -> tuple[float, float, float]:
    """Three numbers in [0, 1) that depend on seed and slot only."""
    digest = hashlib.sha256(f"{seed}/{slot}".encode()).digest()
    first, second, third = (int.from_bytes(digest[i : i + 6], "big") / 2**48 for i in (0, 6, 12))
    return first, second, third


def detections(
    seed: str, labels: Sequence[tuple[str, float]], *, period_s: float, busy: Callable[[datetime], float]
) -> Signal:
    """Signal of a Frigate camera.

    Time is cut into slots of three ticks. In each, with probability ``busy``, one object passes: the first tick
    reports it as new, the second updates it, the third ends it; otherwise the camera is silent.

    Parameters
    ----------
    seed
        The camera's own, for instance its address.
    labels
        Labels with their shares, which add up to 1.
    period_s
        The device's period. [s]
    busy
        Probability of an object in a slot at a moment. [-]
    """

    def signal(time: datetime) -> Mapping[str, Result] | None:
        tick = math.floor((time - EPOCH).total_seconds() / period_s + 1e-6)
        slot, step = divmod(tick, 3)
        chance, which, score = _draw(seed, slot)
        start = time - timedelta(seconds=step * period_s)
        if chance >= busy(start):
            return None
        values: dict[str, Result] = {
            "type": ("new", "update", "end")[step],
            "id": f"{int(start.timestamp())}.0-{hashlib.sha256(f'{seed}/{slot}'.encode()).hexdigest()[:6]}",
            "label": _choose(labels, which),
            "start": format_time(start),
            "score": round(0.6 + 0.39 * score, 2),
        }
        if step == 2:
            values["end"] = format_time(time)
        return values

    return signal


def plates(seed: str, *, period_s: float, busy: Callable[[datetime], float]) -> Signal:
    """Signal of a plate camera: in each tick, with probability ``busy``, a vehicle with a made-up plate."""

    def signal(time: datetime) -> Mapping[str, Result] | None:
        tick = math.floor((time - EPOCH).total_seconds() / period_s + 1e-6)
        chance, which, number = _draw(seed, tick)
        if chance >= busy(time):
            return None
        return {
            "plate": f"93A-{int(number * 100_000):05d}",
            "vehicle_type": _choose((("SUVMPV", 0.6), ("truck", 0.25), ("largeBus", 0.15)), which),
            "direction": "forward" if number < 0.5 else "reverse",
            "lane": 1 if which < 0.5 else 2,
            "confidence": 90 + int(9 * number),
        }

    return signal


def _choose(shares: Sequence[tuple[str, float]], which: float) -> str:
    total = 0.0
    for name, share in shares:
        total += share
        if which < total:
            return name
    return shares[-1][0]
