"""Milesight water-level devices: EM500-UDL and EM310-UDL (ultrasonic distance), EM500-SWL (submersible)."""

from __future__ import annotations

from sensors.lorawan.device import LoraModel, Measures
from sensors.lorawan.milesight import BATTERY, Channel, MilesightCodec

_DISTANCE = Channel(0x03, 0x82, "distance", size=2)
_POSITION = Channel(0x04, 0x00, "position", words=("normal", "tilt"))
_MEASURES = (Measures("distance", "water_distance", "mm"), Measures("battery", "battery_level", "%"))

EM500_UDL = LoraModel("EM500-UDL", "Milesight", MilesightCodec((BATTERY, _DISTANCE)), _MEASURES, fport=85)
EM310_UDL = LoraModel("EM310-UDL", "Milesight", MilesightCodec((BATTERY, _DISTANCE, _POSITION)), _MEASURES, fport=85)
EM500_SWL = LoraModel(
    "EM500-SWL",
    "Milesight",
    MilesightCodec((BATTERY, Channel(0x03, 0x77, "water_level", size=2))),
    # The maker's "water level" is the depth of water above the probe, in centimetres.
    (Measures("water_level", "water_depth", "cm"), Measures("battery", "battery_level", "%")),
    fport=85,
)
