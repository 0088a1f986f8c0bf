"""Decentlab water-level devices: DL-CTD10 (pressure, temperature, salinity) and DL-MBX (ultrasonic)."""

from __future__ import annotations

from sensors.lorawan.decentlab import BATTERY, DecentlabCodec, Sensor, Word
from sensors.lorawan.device import LoraModel, Measures

DL_CTD10 = LoraModel(
    "DL-CTD10",
    "Decentlab",
    DecentlabCodec(
        (
            Sensor(
                (
                    Word("water_depth", origin=32768),
                    Word("temperature", origin=32768, divisor=10),
                    Word("electrical_conductivity"),
                    Word("freezing_flag", default=0),
                )
            ),
            BATTERY,
        )
    ),
    (
        Measures("water_depth", "water_depth", "mm"),
        Measures("temperature", "water_temperature", "°C"),
        Measures("electrical_conductivity", "conductivity", "µS/cm"),
        Measures("battery_voltage", "battery_voltage", "V"),
    ),
)

DL_MBX = LoraModel(
    "DL-MBX",
    "Decentlab",
    DecentlabCodec((Sensor((Word("distance"), Word("number_of_valid_samples", default=10))), BATTERY)),
    (
        Measures("distance", "water_distance", "mm"),
        Measures("battery_voltage", "battery_voltage", "V"),
    ),
)
