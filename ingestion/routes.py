"""Topics and the envelopes that come by them: who sent it, and the body its kind decodes.

A message may write only what its topic owns: the address in the topic must be the one in the payload. Where a
platform's topic names the device otherwise (The Things Stack's device id), the registered device says which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.etree.ElementTree import Element

from sensors.camera import frigate, hikvision
from sensors.jsonpayload import Object, load_object
from sensors.lorawan import chirpstack, loriot, thethings, thingpark
from sensors.lorawan.uplink import Uplink, eui
from sensors.streetlight import ngsi
from twin.errors import SchemaError
from twin.model.thing import Device

Body: TypeAlias = "Uplink | Object | Element"


@dataclass(frozen=True, slots=True)
class Envelope:
    """An opened message.

    Parameters
    ----------
    family
        Which kinds can decode the body.
    address
        The device's address, as registered.
    body
        What the kind decodes.
    identity
        Further names the message goes by; each must equal the device's registered property of that name, if
        any.
    needed
        Names of ``identity`` that must be registered.
    """

    family: str
    address: str
    body: Body
    identity: dict[str, str] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()

    def require_owner(self, device: Device) -> None:
        """Raise :class:`SchemaError` if the topic is not the registered device's."""
        for name, value in self.identity.items():
            registered = device.properties.get(name)
            if registered is None and name in self.needed:
                raise SchemaError(
                    f"device {self.address} has no registered {name!r}, the message goes by {value!r}",
                    hint=f"Register {value!r} as the device's property {name!r} if it is the same device.",
                )
            if registered is not None and registered != value:
                raise SchemaError(f"device {self.address} has {name} {registered!r}, the message comes as {value!r}")


Open: TypeAlias = Callable[[list[str], bytes], Envelope]
Redact: TypeAlias = Callable[[bytes, bytes], "bytes | None"]


@dataclass(frozen=True, slots=True)
class Route:
    """A topic filter and how its messages are opened.

    ``redact`` takes personal data out of a message before it is kept in quarantine; it gives ``None`` where
    it cannot.
    """

    name: str
    filter: str
    open: Open
    redact: Redact | None = None


def _chirpstack(levels: list[str], payload: bytes) -> Envelope:
    uplink = chirpstack.read(payload)
    _same(eui(levels[3], where="topic"), uplink.address)
    return Envelope("lorawan", uplink.address, uplink, {"application": levels[1]})


def _thethings(levels: list[str], payload: bytes) -> Envelope:
    uplink = thethings.read(payload)
    _same(levels[3], uplink.device_id)
    identity = {"application": levels[1].partition("@")[0], "tts_device_id": uplink.device_id}
    # The Things Stack's default name holds the DevEUI; any other must be registered with the device.
    own = uplink.device_id == f"eui-{uplink.address}"
    return Envelope("lorawan", uplink.address, uplink, identity, frozenset() if own else frozenset({"tts_device_id"}))


def _loriot(levels: list[str], payload: bytes) -> Envelope:
    uplink = loriot.read(payload)
    _same(eui(levels[1], where="topic"), uplink.address)
    return Envelope("lorawan", uplink.address, uplink)


def _thingpark(levels: list[str], payload: bytes) -> Envelope:
    uplink = thingpark.read(payload)
    _same(eui(levels[1], where="topic"), uplink.address)
    return Envelope("lorawan", uplink.address, uplink)


def _ngsi(levels: list[str], payload: bytes) -> Envelope:
    body = ngsi.entity(payload)
    _same(levels[2], ngsi.entity_id(body))
    return Envelope("ngsi", levels[2], body)


def _frigate(levels: list[str], payload: bytes) -> Envelope:
    body = load_object(payload)
    return Envelope("frigate", frigate.camera(body), body, {"frigate": levels[0]})


def _hikvision(levels: list[str], payload: bytes) -> Envelope:
    root = hikvision.document(payload)
    mac = hikvision.mac_address(root)
    return Envelope("hikvision", levels[1], root, {"mac_address": mac} if mac else {})


def _same(topic: str, payload: str) -> None:
    if topic != payload:
        raise SchemaError(f"the topic is of device {topic!r}, the payload of {payload!r}")


ROUTES: tuple[Route, ...] = (
    Route("chirpstack", "application/+/device/+/event/up", _chirpstack),
    Route("thethings", "v3/+/devices/+/up", _thethings),
    Route("loriot", "loriot/+/up", _loriot),
    Route("thingpark", "thingpark/+/up", _thingpark),
    Route("ngsi", "ngsi/+/+", _ngsi),
    Route("frigate", "frigate/events", _frigate, lambda p, salt: frigate.redact(p, salt=salt)),
    Route("hikvision", "hikvision/+/anpr", _hikvision, lambda p, salt: hikvision.redact(p, salt=salt)),
)

SENSORTHINGS = ("v1.1/Observations", "v1.1/+/Observations")
"""Topics of SensorThings 1.1 part 1, section 14.2 (creation of observations)."""

FILTERS: tuple[str, ...] = (*(route.filter for route in ROUTES), *SENSORTHINGS)


def matches(topic_filter: str, topic: str) -> bool:
    """Whether a topic matches an MQTT topic filter (``+`` one level, ``#`` the rest; ``$`` topics only by name)."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in {"+", "#"}:
        return False
    for at, part in enumerate(wanted):
        if part == "#":
            return True
        if at >= len(levels) or part not in {"+", levels[at]}:
            return False
    return len(wanted) == len(levels)


def route_of(topic: str) -> Route | None:
    """The route of a topic, ``None`` where there is none."""
    return next((route for route in ROUTES if matches(route.filter, topic)), None)
