"""The city's things: how lamps, cameras and stations are registered, and the devices that stand in for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import shapely

from api.demo import signals
from api.demo.assets import LAMP_POWER_W, Lamp, air_sites, cameras, gauge_sites, lamps, rain_sites
from api.demo.frame import TILT_DEG, lonlat, seed_of, unit_noise
from api.demo.signals import Programme
from ingestion.kinds import kind
from ingestion.simulated.device import Disturbance, SimulatedDevice
from sensors.catalogue import quantity
from twin.model.thing import DatastreamSpec, DeviceSpec, Result, SensorSpec, ThingSpec
from twin.types import Json

INSTALLED = datetime(2025, 12, 31, 17, tzinfo=UTC)

STATION_PERIOD_S, LAMP_PERIOD_S = 30.0, 45.0
"""Time between two messages of a live device. [s]"""

HISTORY_PERIOD_S, LAMP_HISTORY_PERIOD_S = 600.0, 3600.0
"""Spacing of history that was not heard live. [s]"""

STALE_S = 900.0
LAMP_STALE_S = 5400.0
"""After this long without a reading a datastream is stale; longer than the spacing of history. [s]"""

GAUGE_ZERO = "số 0 của thước (giả định)"
SENSOR_LEVEL_M = {"tv-cau-11": 6.5, "tv-cau-10": -0.4, "tv-dap-cam": 5.5}
_GAUGE_KINDS = {
    "tv-cau-11": "decentlab-dl-mbx",
    "tv-cau-10": "decentlab-dl-ctd10",
    "tv-dap-cam": "milesight-em500-udl",
}
LAMP_KEYS = ("lamp_state", "lamp_status", "lamp_dimming", "lamp_power", "voltage")
MAINTAINER = "Công ty dịch vụ công ích (tổng hợp)"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A device of the city and the simulated one that speaks for it."""

    layer: str
    uid: str
    kind: str
    address: str
    live: SimulatedDevice
    history_period_s: float
    """Spacing of seeded history; 0 for a camera, whose history is of events."""
    properties: Mapping[str, Json] = field(default_factory=dict)
    """As the device is registered."""


def dev_eui(uid: str) -> str:
    """A made-up DevEUI, of the block that no maker uses (locally administered)."""
    return f"02{seed_of('eui', uid):016x}"[:16]


def lamp_address(lamp: Lamp) -> str:
    """Entity id of a lamp controller."""
    return f"urn:ngsi-ld:Streetlight:dongxoai:{lamp.uid}"


# -- registration ----------------------------------------------------------------------------------------------


def thing_specs() -> list[ThingSpec]:
    """Every thing of the city, layer by layer."""
    return [*_lamp_specs(), *_gauge_specs(), *_rain_specs(), *_air_specs(), *_camera_specs()]


def _streams(keys: Iterable[str], stale_s: float) -> tuple[DatastreamSpec, ...]:
    return tuple(quantity(key).datastream(max_age_s=stale_s) for key in keys)


def _placed(points: Iterable[shapely.Point]) -> list[shapely.geometry.base.BaseGeometry]:
    return lonlat(list(points))


def _lamp_specs() -> list[ThingSpec]:
    schedule = "17:45–22:00 100 %; 22:00–24:00 70 %; 00:00–05:00 50 %; 05:00–05:45 100 %"
    sensor = SensorSpec("NGSI Streetlight controller", "Bộ điều khiển đèn LED (tổng hợp)")
    return [
        ThingSpec(
            "lamps", lamp.uid, f"Đèn {lamp.number}, {lamp.street}", "Đèn LED có bộ điều khiển (dữ liệu tổng hợp)",
            place,
            {"name": f"Đèn {lamp.number}, {lamp.street}", "road": lamp.street, "number": lamp.number,
             "feeder": lamp.feeder, "rated_power_w": LAMP_POWER_W, "schedule": schedule, "maintainer": MAINTAINER},
            INSTALLED, sensor, _streams(LAMP_KEYS, LAMP_STALE_S),
            (DeviceSpec(lamp_address(lamp), "ngsi-streetlight"),),
        )
        for lamp, place in zip(lamps(), _placed([x.place for x in lamps()]), strict=True)
    ]  # fmt: skip


def _gauge_specs() -> list[ThingSpec]:
    sites = gauge_sites()
    specs = []
    for (uid, (name, station, _)), place in zip(sites.items(), _placed([s[2] for s in sites.values()]), strict=True):
        found = kind(_GAUGE_KINDS[uid])
        alarms = dict(zip(("bd1_m", "bd2_m", "bd3_m"), signals.ALARM_M, strict=True)) if station == "trạm lũ" else {}
        properties: dict[str, Json] = {
            "name": name, "kind": station, "datum": GAUGE_ZERO, "sensor_level_m": SENSOR_LEVEL_M[uid],
            "maintainer": MAINTAINER, **alarms,
        }  # fmt: skip
        device = DeviceSpec(dev_eui(uid), found.name, {"sensor_level_m": SENSOR_LEVEL_M[uid]})
        sensor = SensorSpec(found.title, "Thiết bị LoRaWAN qua ChirpStack (mô phỏng)")
        specs.append(
            ThingSpec("gauges", uid, name, "Trạm mực nước (dữ liệu tổng hợp)", place, properties, INSTALLED, sensor,
                      _streams(found.quantities, STALE_S), (device,))
        )  # fmt: skip
    return specs


def _station_specs(
    layer: str, model: str, sites: Mapping[str, tuple[str, shapely.Point]], what: str
) -> list[ThingSpec]:
    found = kind(model)
    return [
        ThingSpec(
            layer, uid, name, f"{what} (dữ liệu tổng hợp)", place, {"name": name, "maintainer": MAINTAINER}, INSTALLED,
            SensorSpec(found.title, "Thiết bị LoRaWAN (mô phỏng)"), _streams(found.quantities, STALE_S),
            (DeviceSpec(dev_eui(uid), found.name),),
        )
        for (uid, (name, _)), place in zip(sites.items(), _placed([p for _, p in sites.values()]), strict=True)
    ]  # fmt: skip


def _rain_specs() -> list[ThingSpec]:
    return _station_specs("rain_gauges", "decentlab-dl-tbrg", rain_sites(), "Trạm mưa")


def _air_specs() -> list[ThingSpec]:
    return _station_specs("air_stations", "decentlab-dl-pm", air_sites(), "Trạm không khí")


def _camera_specs() -> list[ThingSpec]:
    titles = {"analytic": "Camera phân tích", "ptz": "Camera cao, xoay quét", "plain": "Camera"}
    specs = []
    for camera, place in zip(cameras(), _placed([c.place for c in cameras()]), strict=True):
        name = f"{titles[camera.kind]} {camera.uid.removeprefix('cam-')}"
        properties: dict[str, Json] = {
            "name": name, "kind": camera.kind, "road": camera.street,
            # The sheet's north is turned against the map's.
            "azimuth_deg": round((camera.azimuth_deg - TILT_DEG) % 360, 1),
            "angle_deg": camera.angle_deg, "range_m": camera.range_m,
        }  # fmt: skip
        devices = (DeviceSpec(camera.uid, camera.device_kind),) if camera.device_kind else ()
        specs.append(
            ThingSpec("cameras", camera.uid, name, "Camera (dữ liệu tổng hợp)", place, properties, INSTALLED,
                      SensorSpec("camera"), (), devices)
        )  # fmt: skip
    return specs


# -- simulation ------------------------------------------------------------------------------------------------


def instruments(programme: Programme) -> list[Instrument]:
    """Every device that speaks, as it measures under a programme."""
    return [*_lamp_instruments(), *_gauges(programme), *_rain(), *_air(programme), *_cameras()]


def _phase(uid: str, period_s: float) -> float:
    """Whole seconds within the period, so that devices do not all speak at once. [s]"""
    return float(int(unit_noise("phase", uid) * period_s))


def _lamp_instruments() -> list[Instrument]:
    def signal(uid: str, time: datetime) -> Mapping[str, Result]:
        return signals.lamp_values(uid, time, LAMP_POWER_W)

    return [
        Instrument(
            "lamps", lamp.uid, "ngsi-streetlight", lamp_address(lamp),
            SimulatedDevice("ngsi-streetlight", lamp_address(lamp), LAMP_PERIOD_S, partial(signal, lamp.uid),
                            _phase(lamp.uid, LAMP_PERIOD_S)),
            LAMP_HISTORY_PERIOD_S,
        )
        for lamp in lamps()
    ]  # fmt: skip


def _station(
    layer: str,
    uid: str,
    model: str,
    signal: Callable[[datetime], Mapping[str, Result] | None],
    *,
    phase_s: float | None = None,
    platform: str = "chirpstack",
    disturb: Callable[[datetime], Disturbance] | None = None,
) -> Instrument:
    address = dev_eui(uid)
    shift = _phase(uid, STATION_PERIOD_S) if phase_s is None else phase_s
    device = SimulatedDevice(model, address, STATION_PERIOD_S, signal, shift, {"platform": platform}, disturb)
    return Instrument(layer, uid, model, address, device, HISTORY_PERIOD_S)


def _gauges(programme: Programme) -> list[Instrument]:
    def signal(uid: str, time: datetime) -> Mapping[str, Result]:
        level, mounted = programme.gauge_level_m(uid, time), SENSOR_LEVEL_M[uid]
        if _GAUGE_KINDS[uid] == "decentlab-dl-ctd10":
            return {"water_depth": level - mounted, "water_temperature": 26.5, "conductivity": 145.0,
                    "battery_voltage": 3.02}  # fmt: skip
        battery = "battery_level" if _GAUGE_KINDS[uid].startswith("milesight") else "battery_voltage"
        return {"water_distance": mounted - level, battery: 96.0 if battery == "battery_level" else 3.02}

    return [
        replace(
            _station("gauges", uid, _GAUGE_KINDS[uid], partial(signal, uid)),
            properties={"sensor_level_m": SENSOR_LEVEL_M[uid]},
        )
        for uid in gauge_sites()
    ]


def _rain() -> list[Instrument]:
    def signal(uid: str, time: datetime) -> Mapping[str, Result]:
        return dict(signals.rain_values(uid, time, STATION_PERIOD_S))

    return [
        _station("rain_gauges", uid, "decentlab-dl-tbrg", partial(signal, uid),
                 phase_s=0.0 if uid == signals.REPEATING_GAUGE else None,
                 disturb=signals.repeats if uid == signals.REPEATING_GAUGE else None)
        for uid in rain_sites()
    ]  # fmt: skip


def _air(programme: Programme) -> list[Instrument]:
    return [
        _station("air_stations", uid, "decentlab-dl-pm", partial(programme.air, uid), platform="thethings",
                 phase_s=0.0 if uid == signals.GARBLED_STATION else None,
                 disturb=signals.garbles if uid == signals.GARBLED_STATION else None)
        for uid in air_sites()
    ]  # fmt: skip


def _cameras() -> list[Instrument]:
    return [
        Instrument(
            "cameras", c.uid, c.device_kind, c.uid,
            SimulatedDevice(c.device_kind, c.uid, signals.CAMERA_TICK_S,
                            partial(signals.detection_at, c.uid, c.device_kind)),
            0.0,
        )
        for c in cameras()
        if c.device_kind
    ]  # fmt: skip
