"""Decentlab DL-TBRG, a tipping-bucket rain gauge: rain since the last uplink, and the gauge's own counter."""

from __future__ import annotations

from sensors.lorawan.decentlab import BATTERY, DecentlabCodec, Sensor, Word
from sensors.lorawan.device import LoraModel, Measures

DL_TBRG = LoraModel(
    "DL-TBRG",
    "Decentlab",
    DecentlabCodec(
        (
            Sensor(
                (
                    Word("precipitation", divisor=10),
                    Word("precipitation_interval"),
                    Word("cumulative_precipitation", divisor=10, words=2),
                )
            ),
            BATTERY,
        )
    ),
    (
        Measures("precipitation", "rain", "mm"),
        Measures("cumulative_precipitation", "rain_total", "mm"),
        Measures("battery_voltage", "battery_voltage", "V"),
    ),
    interval=("rain", "precipitation_interval"),
)
