"""Milesight AM319, an air station with nine sensors."""

from __future__ import annotations

from sensors.lorawan.device import LoraModel, Measures
from sensors.lorawan.milesight import BATTERY, Channel, History, MilesightCodec

_PIR = ("idle", "trigger")

AM319 = LoraModel(
    "AM319",
    "Milesight",
    MilesightCodec(
        (
            BATTERY,
            Channel(0x03, 0x67, "temperature", size=2, divisor=10, signed=True),
            Channel(0x04, 0x68, "humidity", divisor=2),
            Channel(0x05, 0x00, "pir", words=_PIR),
            Channel(0x06, 0xCB, "light_level"),
            Channel(0x07, 0x7D, "co2", size=2),
            Channel(0x08, 0x7D, "tvoc", size=2),
            Channel(0x09, 0x73, "pressure", size=2, divisor=10),
            Channel(0x0A, 0x7D, "hcho", size=2, divisor=100),
            Channel(0x0B, 0x7D, "pm2_5", size=2),
            Channel(0x0C, 0x7D, "pm10", size=2),
            Channel(0x0E, 0x01, "beep", words=("no", "yes"), otherwise="no"),
        ),
        History(
            0x20,
            0xCE,
            (
                Channel(0, 0, "temperature", size=2, divisor=10, signed=True),
                Channel(0, 0, "humidity", size=2, divisor=2),
                Channel(0, 0, "trigger", words=_PIR),
                Channel(0, 0, "light_level"),
                Channel(0, 0, "co2", size=2),
                Channel(0, 0, "tvoc", size=2),
                Channel(0, 0, "pressure", size=2, divisor=10),
                Channel(0, 0, "pm2_5", size=2),
                Channel(0, 0, "pm10", size=2),
                Channel(0, 0, "hcho", size=2, divisor=100),
            ),
        ),
    ),
    # The unit of "tvoc" depends on the firmware and the message does not say which, so it is not stored.
    (
        Measures("temperature", "temperature", "°C"),
        Measures("humidity", "humidity", "%"),
        Measures("co2", "co2", "ppm"),
        Measures("pressure", "pressure", "hPa"),
        Measures("hcho", "hcho", "mg/m³"),
        Measures("pm2_5", "pm25", "µg/m³"),
        Measures("pm10", "pm10", "µg/m³"),
        Measures("battery", "battery_level", "%"),
    ),
    fport=85,
)
