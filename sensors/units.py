"""One converter with one table: every quantity has one stored unit, makers' units are turned into it."""

from __future__ import annotations

from twin.errors import ParameterError

# (from, to) → (multiply by, divide by). Dividing by 1000 gives the double nearest to the decimal; times 0.001
# does not.
_RATIOS: dict[tuple[str, str], tuple[float, float]] = {
    ("mm", "m"): (1, 1000),
    ("cm", "m"): (1, 100),
    ("Pa", "hPa"): (1, 100),
    ("kPa", "hPa"): (10, 1),
    ("mA", "A"): (1, 1000),
    ("kW", "W"): (1000, 1),
    ("mV", "V"): (1, 1000),
    ("Wh", "kWh"): (1, 1000),
    ("1", "%"): (100, 1),
    ("mg/m³", "µg/m³"): (1000, 1),
    ("mS/cm", "µS/cm"): (1000, 1),
    ("cm", "mm"): (10, 1),
}


def convert(value: float, unit: str, to: str) -> float:
    """Turn ``value`` from one unit symbol into another.

    Raises
    ------
    ParameterError
        If the table knows no way between the two.
    """
    if unit == to:
        return value
    if (unit, to) in _RATIOS:
        times, over = _RATIOS[unit, to]
        return value * times / over
    if (to, unit) in _RATIOS:
        over, times = _RATIOS[to, unit]
        return value * times / over
    raise ParameterError(f"no conversion from {unit!r} to {to!r}", hint="Add it to sensors/units.py.")
