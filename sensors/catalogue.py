"""The observed quantities: one table drives decoding, checks, registration, API and web.

A quantity's key is the name of its SensorThings ``ObservedProperty`` and the usual key of a datastream. Every
quantity has one stored unit. The gross range is what an instrument in the field can report at all; a value
outside is kept with quality ``rejected``. Ranges are ours, from the instruments' data sheets rounded outward,
unless a line says otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from twin.errors import NotFoundError
from twin.model.thing import DatastreamSpec, ObservedProperty, Result, ResultType, Unit
from twin.types import Json, Quality

UCUM = "http://unitsofmeasure.org/ucum.html#"
"""Prefix of unit definitions; what follows is the UCUM code."""

NO_UNIT = Unit()

DEFINITION = "urn:twin:quantity:"
"""Prefix of the definitions of our observed properties."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An observed quantity.

    Parameters
    ----------
    key
        Name of the observed property, ``[a-z][a-z0-9_]*``.
    title, title_en
        For people.
    unit
        The one stored unit.
    minimum, maximum
        Gross range in the stored unit, both included; ``None`` where the quantity is no number.
    decimals
        How many decimals to show.
    max_age_s
        How old the newest observation may be unless the datastream says otherwise; ``None``: it does not age.
        [s]
    values
        The words a text quantity may take; empty: any.
    """

    key: str
    title: str
    title_en: str
    unit: Unit = NO_UNIT
    minimum: float | None = None
    maximum: float | None = None
    decimals: int = 1
    result_type: ResultType = ResultType.NUMBER
    max_age_s: float | None = 3600.0
    values: tuple[str, ...] = ()
    description: str = ""

    def observed_property(self) -> ObservedProperty:
        """The SensorThings observed property."""
        return ObservedProperty(
            name=self.key,
            title=self.title,
            definition=f"{DEFINITION}{self.key}",
            description=self.description or self.title_en,
        )

    def datastream(
        self,
        *,
        key: str | None = None,
        title: str | None = None,
        max_age_s: float | None = None,
        properties: dict[str, Json] | None = None,
    ) -> DatastreamSpec:
        """A datastream of this quantity, to be registered with its thing."""
        return DatastreamSpec(
            key=key or self.key,
            title=title or self.title,
            observed_property=self.observed_property(),
            unit=self.unit,
            result_type=self.result_type,
            max_age_s=self.max_age_s if max_age_s is None else max_age_s,
            properties={"title_en": self.title_en, "decimals": self.decimals, **(properties or {})},
        )

    def assess(self, result: Result) -> tuple[Quality, str]:
        """Gross-range test (QARTOD test 4): the quality of a result and, where it is not good, why."""
        if self.minimum is None or self.maximum is None or not isinstance(result, (int, float)):
            return Quality.UNCHECKED, ""
        if math.isfinite(result) and self.minimum <= result <= self.maximum:
            return Quality.GOOD, ""
        side, limit = ("below", self.minimum) if result < self.minimum else ("above", self.maximum)
        return Quality.REJECTED, f"range: {result:g} {self.unit.symbol} is {side} {limit:g}".replace("  ", " ")


def _unit(name: str, symbol: str, code: str) -> Unit:
    return Unit(name, symbol, f"{UCUM}{code}")


METRE = _unit("metre", "m", "m")
MILLIMETRE = _unit("millimetre", "mm", "mm")
CELSIUS = _unit("degree Celsius", "°C", "Cel")
PERCENT = _unit("percent", "%", "%25")
HECTOPASCAL = _unit("hectopascal", "hPa", "hPa")
MICROGRAM = _unit("microgram per cubic metre", "µg/m³", "ug/m3")
PPM = _unit("parts per million", "ppm", "[ppm]")
MICROSIEMENS = _unit("microsiemens per centimetre", "µS/cm", "uS/cm")
LUX = _unit("lux", "lx", "lx")
VOLT = _unit("volt", "V", "V")
AMPERE = _unit("ampere", "A", "A")
WATT = _unit("watt", "W", "W")
KILOWATT_HOUR = _unit("kilowatt hour", "kWh", "kW.h")
ONE = _unit("one", "1", "1")
METRE_PER_SECOND = _unit("metre per second", "m/s", "m/s")
DEGREE = _unit("degree", "°", "deg")
CUBIC_METRE_PER_SECOND = _unit("cubic metre per second", "m³/s", "m3/s")

_TABLE = (
    # water
    Quantity(
        "water_level",
        "Mực nước",
        "Water level",
        METRE,
        -20,
        200,
        2,
        max_age_s=1800,
        description="Level of the water surface above the gauge's zero or the datum its thing names.",
    ),
    Quantity(
        "water_depth",
        "Chiều sâu nước trên đầu đo",
        "Water depth above the probe",
        METRE,
        -0.2,
        100,
        3,
        max_age_s=1800,
    ),
    Quantity(
        "water_distance",
        "Khoảng cách tới mặt nước",
        "Distance from sensor to water",
        METRE,
        0,
        50,
        3,
        max_age_s=1800,
    ),
    Quantity("water_temperature", "Nhiệt độ nước", "Water temperature", CELSIUS, -5, 60, 1, max_age_s=7200),
    Quantity("conductivity", "Độ dẫn điện", "Electrical conductivity", MICROSIEMENS, 0, 120_000, 0, max_age_s=7200),
    Quantity("discharge", "Lưu lượng", "Discharge", CUBIC_METRE_PER_SECOND, -1000, 100_000, 2, max_age_s=1800),
    # rain: 120 mm in 10 minutes is beyond any record on Earth, and gauges report at most hourly
    Quantity(
        "rain",
        "Lượng mưa trong khoảng đo",
        "Rain in the interval",
        MILLIMETRE,
        0,
        400,
        1,
        max_age_s=1800,
        description="Depth of rain between the beginning and the end of the phenomenon time.",
    ),
    Quantity(
        "rain_total",
        "Lượng mưa tích lũy",
        "Rain since installation",
        MILLIMETRE,
        0,
        429_496_729.5,
        1,
        max_age_s=1800,
        description="The gauge's own counter; it starts again at 0 when the gauge is replaced.",
    ),
    # air
    Quantity("pm1", "Bụi PM1", "PM1", MICROGRAM, 0, 2000, 1),
    Quantity("pm25", "Bụi PM2.5", "PM2.5", MICROGRAM, 0, 2000, 1),
    Quantity("pm4", "Bụi PM4", "PM4", MICROGRAM, 0, 2000, 1),
    Quantity("pm10", "Bụi PM10", "PM10", MICROGRAM, 0, 3000, 1),
    Quantity("co", "CO", "Carbon monoxide", MICROGRAM, 0, 200_000, 0),
    Quantity("no2", "NO₂", "Nitrogen dioxide", MICROGRAM, 0, 5000, 1),
    Quantity("so2", "SO₂", "Sulphur dioxide", MICROGRAM, 0, 10_000, 1),
    Quantity("o3", "O₃", "Ozone", MICROGRAM, 0, 2000, 1),
    Quantity("hcho", "Formaldehyde", "Formaldehyde", MICROGRAM, 0, 20_000, 0),
    Quantity("co2", "CO₂", "Carbon dioxide", PPM, 0, 40_000, 0),
    Quantity("temperature", "Nhiệt độ không khí", "Air temperature", CELSIUS, -20, 60, 1),
    Quantity("humidity", "Độ ẩm không khí", "Relative humidity", PERCENT, 0, 105, 0),
    Quantity("pressure", "Khí áp", "Air pressure", HECTOPASCAL, 500, 1100, 1),
    Quantity("illuminance", "Độ rọi", "Illuminance", LUX, 0, 200_000, 0),
    Quantity("wind_speed", "Tốc độ gió", "Wind speed", METRE_PER_SECOND, 0, 100, 1),
    Quantity("wind_direction", "Hướng gió", "Wind direction (from)", DEGREE, 0, 360, 0),
    # street lights
    Quantity(
        "lamp_state",
        "Trạng thái đèn",
        "Lamp state",
        result_type=ResultType.TEXT,
        max_age_s=1800,
        values=("bootingUp", "low", "off", "on"),
    ),
    Quantity(
        "lamp_status",
        "Tình trạng kỹ thuật",
        "Lamp condition",
        result_type=ResultType.TEXT,
        max_age_s=86_400,
        values=("brokenLantern", "columnIssue", "defectiveLamp", "ok"),
    ),
    Quantity("lamp_dimming", "Mức sáng", "Dimming level", PERCENT, 0, 100, 0, max_age_s=1800),
    Quantity("lamp_power", "Công suất tiêu thụ", "Power drawn", WATT, 0, 5000, 0, max_age_s=1800),
    Quantity("voltage", "Điện áp", "Voltage", VOLT, 0, 500, 1, max_age_s=1800),
    Quantity("current", "Dòng điện", "Current", AMPERE, 0, 200, 2, max_age_s=1800),
    Quantity("power_factor", "Hệ số công suất", "Power factor", ONE, -1, 1, 2, max_age_s=1800),
    Quantity("energy", "Điện năng", "Energy", KILOWATT_HOUR, 0, 1e9, 1, max_age_s=86_400),
    # the device itself
    Quantity("battery_voltage", "Điện áp pin", "Battery voltage", VOLT, 0, 30, 2, max_age_s=86_400),
    Quantity("battery_level", "Mức pin", "Battery level", PERCENT, 0, 100, 0, max_age_s=86_400),
)

QUANTITIES: dict[str, Quantity] = {quantity.key: quantity for quantity in _TABLE}


def quantity(key: str) -> Quantity:
    """The quantity of that key; raises :class:`~twin.errors.NotFoundError` for an unknown one."""
    try:
        return QUANTITIES[key]
    except KeyError:
        raise NotFoundError(f"no quantity {key!r}", hint="The table is sensors/catalogue.py.") from None
