"""The device kinds: one table entry makes a kind known to ingestion, registration and simulation.

A kind decodes the body of its family's envelopes (:mod:`ingestion.routes`) into readings whose quantity is
the key of the device's datastream, and encodes values the way the real device and its platform would publish
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from xml.etree.ElementTree import Element

from ingestion.routes import Body
from sensors.air.decentlab import DL_IAM, DL_PM
from sensors.air.milesight import AM319
from sensors.camera import frigate, hikvision
from sensors.lorawan import chirpstack, thethings
from sensors.lorawan.device import LoraModel
from sensors.lorawan.uplink import Uplink, eui
from sensors.rain.decentlab import DL_TBRG
from sensors.reading import Decoded, levels
from sensors.streetlight import ngsi
from sensors.water.decentlab import DL_CTD10, DL_MBX
from sensors.water.milesight import EM310_UDL, EM500_SWL, EM500_UDL
from twin.errors import InternalError, NotFoundError, ParameterError
from twin.model.thing import Result
from twin.types import Json


@dataclass(frozen=True, slots=True)
class Registered:
    """What decoding may know of the device: its address, its registered properties, the twin's plate salt."""

    address: str
    properties: Mapping[str, Json] = field(default_factory=dict)
    salt: bytes = b""


Decode: TypeAlias = Callable[[Body, Registered], Decoded]
Encode: TypeAlias = Callable[[str, datetime, Mapping[str, Result], float, Mapping[str, str]], tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A device kind.

    Parameters
    ----------
    name
        As devices are registered with it.
    title
        Maker and model, for people.
    family
        Family of the envelopes it decodes.
    decode
        Body and registered device to readings and events.
    encode
        Address, time, values, period [s] and options to topic and payload.
    quantities
        Catalogue keys it reports, which are its datastream keys.
    settable
        Keys that ``encode`` takes; those of ``quantities`` that are not derived, or an event's fields.
    events
        Whether it reports events.
    """

    name: str
    title: str
    family: str
    decode: Decode
    encode: Encode
    quantities: tuple[str, ...]
    settable: tuple[str, ...]
    events: bool = False

    def canonical(self, address: str) -> str:
        """The address as its envelopes give it."""
        return eui(address, where=f"device {address}") if self.family == "lorawan" else address


def _lorawan(model: LoraModel) -> Kind:
    name = f"{model.maker}-{model.name}".lower()
    level = next((q for q in ("water_distance", "water_depth") if q in model.quantities), "")

    def decode(body: Body, device: Registered) -> Decoded:
        if not isinstance(body, Uplink):
            raise InternalError(f"kind {name} was given {type(body).__name__}")
        decoded = model.decode(body)
        sensor_level = device.properties.get("sensor_level_m")
        if level and isinstance(sensor_level, (int, float)) and not isinstance(sensor_level, bool):
            return levels(decoded, source=level, sensor_level_m=sensor_level)
        return decoded

    def encode(
        address: str, time: datetime, values: Mapping[str, Result], period_s: float, options: Mapping[str, str]
    ) -> tuple[str, bytes]:
        uplink = Uplink(
            address=eui(address, where="address"),
            fport=model.fport,
            payload=model.encode(values, interval_s=period_s),
            time=time,
            counter=int(time.timestamp() / max(period_s, 1.0)) & 0xFFFF_FFFF,
        )
        application = options.get("application", "urban-twin")
        match options.get("platform", "chirpstack"):
            case "chirpstack":
                return chirpstack.write(uplink, application=application)
            case "thethings":
                return thethings.write(uplink, application=application)
            case other:
                raise ParameterError(f"no simulated platform {other!r}", hint="Use chirpstack or thethings.")

    return Kind(
        name,
        f"{model.maker} {model.name}",
        "lorawan",
        decode,
        encode,
        (*model.quantities, "water_level") if level else model.quantities,
        model.encodable,
    )


def _decode_streetlight(body: Body, _device: Registered) -> Decoded:
    return ngsi.decode(_object(body))


def _encode_streetlight(
    address: str, time: datetime, values: Mapping[str, Result], _period_s: float, _options: Mapping[str, str]
) -> tuple[str, bytes]:
    return f"ngsi/Streetlight/{address}", ngsi.encode(address, time, values)


def _decode_frigate(body: Body, device: Registered) -> Decoded:
    return frigate.decode(_object(body), salt=device.salt)


def _encode_frigate(
    address: str, time: datetime, values: Mapping[str, Result], _period_s: float, _options: Mapping[str, str]
) -> tuple[str, bytes]:
    return "frigate/events", frigate.encode(address, time, values)


def _decode_hikvision(body: Body, device: Registered) -> Decoded:
    if not isinstance(body, Element):
        raise InternalError(f"a plate event was given as {type(body).__name__}")
    return hikvision.decode(body, camera=device.address, salt=device.salt)


def _encode_hikvision(
    address: str, time: datetime, values: Mapping[str, Result], _period_s: float, _options: Mapping[str, str]
) -> tuple[str, bytes]:
    return f"hikvision/{address}/anpr", hikvision.encode(time, values)


def _object(body: Body) -> dict[str, Json]:
    if not isinstance(body, dict):
        raise InternalError(f"a JSON body was expected, not {type(body).__name__}")
    return body


_TABLE: tuple[Kind, ...] = (
    _lorawan(DL_CTD10),
    _lorawan(DL_MBX),
    _lorawan(EM500_UDL),
    _lorawan(EM310_UDL),
    _lorawan(EM500_SWL),
    _lorawan(DL_TBRG),
    _lorawan(DL_PM),
    _lorawan(DL_IAM),
    _lorawan(AM319),
    Kind(
        "ngsi-streetlight",
        "NGSI Streetlight",
        "ngsi",
        _decode_streetlight,
        _encode_streetlight,
        ngsi.QUANTITIES,
        ngsi.QUANTITIES,
    ),
    Kind(
        "frigate-camera",
        "Frigate",
        "frigate",
        _decode_frigate,
        _encode_frigate,
        (),
        ("type", "id", "label", "start", "end", "score", "zones"),
        events=True,
    ),
    Kind(
        "hikvision-anpr",
        "Hikvision ANPR",
        "hikvision",
        _decode_hikvision,
        _encode_hikvision,
        (),
        ("plate", "vehicle_type", "direction", "lane", "confidence"),
        events=True,
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _TABLE}


def kind(name: str) -> Kind:
    """The kind of that name; raises :class:`~twin.errors.NotFoundError` for an unknown one."""
    try:
        return KINDS[name]
    except KeyError:
        raise NotFoundError(f"no device kind {name!r}", hint=f"Known are {', '.join(KINDS)}.") from None
