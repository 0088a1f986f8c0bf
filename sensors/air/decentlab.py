"""Decentlab air devices: DL-PM (particulate matter) and DL-IAM (indoor ambience)."""

from __future__ import annotations

from sensors.lorawan.decentlab import BATTERY, DecentlabCodec, Sensor, Word
from sensors.lorawan.device import LoraModel, Measures

# The two models have different climate chips, so the same words mean different temperatures.
_CLIMATE_PM = Sensor(
    (
        Word("air_temperature", factor=175.72, divisor=65536, shift=-46.85),
        Word("air_humidity", factor=125, divisor=65536, shift=-6),
    )
)
_CLIMATE_IAM = Sensor(
    (
        Word("air_temperature", factor=175, divisor=65535, shift=-45),
        Word("air_humidity", factor=100, divisor=65535),
    )
)
_BAROMETER = Sensor((Word("barometric_pressure", factor=2),))


def _illuminance(words: dict[str, float]) -> dict[str, float]:
    both, infrared = words["ambient_light_visible_infrared"], words["ambient_light_infrared"]
    visible = max(1.0 * both - 1.64 * infrared, 0.59 * both - 0.86 * infrared, 0)
    return {"illuminance": visible * 1.5504}


DL_PM = LoraModel(
    "DL-PM",
    "Decentlab",
    DecentlabCodec(
        (
            BATTERY,
            Sensor(
                (
                    Word("pm1_0_mass_concentration", divisor=10),
                    Word("pm2_5_mass_concentration", divisor=10),
                    Word("pm4_mass_concentration", divisor=10),
                    Word("pm10_mass_concentration", divisor=10),
                    Word("typical_particle_size", default=0),
                    Word("pm0_5_number_concentration", divisor=10, default=0),
                    Word("pm1_0_number_concentration", divisor=10, default=0),
                    Word("pm2_5_number_concentration", divisor=10, default=0),
                    Word("pm4_number_concentration", divisor=10, default=0),
                    Word("pm10_number_concentration", divisor=10, default=0),
                )
            ),
            _CLIMATE_PM,
            _BAROMETER,
        )
    ),
    (
        Measures("pm1_0_mass_concentration", "pm1", "µg/m³"),
        Measures("pm2_5_mass_concentration", "pm25", "µg/m³"),
        Measures("pm4_mass_concentration", "pm4", "µg/m³"),
        Measures("pm10_mass_concentration", "pm10", "µg/m³"),
        Measures("air_temperature", "temperature", "°C"),
        Measures("air_humidity", "humidity", "%"),
        Measures("barometric_pressure", "pressure", "Pa"),
        Measures("battery_voltage", "battery_voltage", "V"),
    ),
)

DL_IAM = LoraModel(
    "DL-IAM",
    "Decentlab",
    DecentlabCodec(
        (
            BATTERY,
            _CLIMATE_IAM,
            _BAROMETER,
            Sensor((Word("ambient_light_visible_infrared"), Word("ambient_light_infrared")), _illuminance),
            Sensor(
                (
                    Word("co2_concentration", origin=32768),
                    Word("co2_sensor_status", default=0),
                    Word("raw_ir_reading", default=0),
                )
            ),
            Sensor((Word("activity_counter"),)),
            Sensor((Word("total_voc"),)),
        )
    ),
    # The maker's "total VOC" (ppb) and activity counter have no quantity in the catalogue; illuminance is
    # derived and cannot be encoded.
    (
        Measures("air_temperature", "temperature", "°C"),
        Measures("air_humidity", "humidity", "%"),
        Measures("barometric_pressure", "pressure", "Pa"),
        Measures("co2_concentration", "co2", "ppm"),
        Measures("illuminance", "illuminance", "lx"),
        Measures("battery_voltage", "battery_voltage", "V"),
    ),
)
