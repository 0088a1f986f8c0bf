"""Streetlight entities of the Smart Data Models, as NGSI-LD and NGSIv2, normalised or as key-values.

The data model names no unit for ``current`` and ``lifetimePowerConsumption``; they are read only where the
attribute's ``unitCode`` says one. ``powerConsumption`` and ``voltage`` without a code are taken as watt and
volt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sensors.catalogue import quantity
from sensors.jsonpayload import Object, child, load_object, text_at
from sensors.reading import Decoded, Reading
from sensors.units import convert
from twin.errors import FormatError, ParameterError, TimeError, UnsupportedFormatError
from twin.model.thing import Result
from twin.types import Json, format_time, parse_time

# UN/CEFACT Recommendation 20, common codes.
_UNIT_CODES = {
    "AMP": "A", "4K": "mA", "WTT": "W", "KWT": "kW", "VLT": "V", "2Z": "mV", "KWH": "kWh", "WHR": "Wh",
    "C62": "1", "P1": "%",
}  # fmt: skip
_CODES = {symbol: code for code, symbol in _UNIT_CODES.items()}


@dataclass(frozen=True, slots=True)
class _Attribute:
    name: str
    quantity: str
    unit: str | None
    """Unit where the attribute has no ``unitCode``; ``None``: not read without one; ``""``: a word."""


_ATTRIBUTES = (
    _Attribute("powerState", "lamp_state", ""),
    _Attribute("status", "lamp_status", ""),
    _Attribute("illuminanceLevel", "lamp_dimming", "1"),
    _Attribute("powerConsumption", "lamp_power", "W"),
    _Attribute("voltage", "voltage", "V"),
    _Attribute("current", "current", None),
    _Attribute("powerFactor", "power_factor", "1"),
    _Attribute("lifetimePowerConsumption", "energy", None),
)
QUANTITIES = tuple(attribute.quantity for attribute in _ATTRIBUTES)


def entity(payload: bytes) -> Object:
    """The one entity in a message: the entity itself, or a notification holding exactly one."""
    body = load_object(payload)
    data = body.get("data")
    if not isinstance(data, list):
        return body
    if len(data) != 1 or not isinstance(data[0], dict):
        raise UnsupportedFormatError(
            f"the notification holds {len(data)} entities", hint="Publish each entity on its own topic."
        )
    return data[0]


def entity_id(body: Object) -> str:
    """The entity's id, exactly as written."""
    return text_at(body, "id")


def decode(body: Object) -> Decoded:
    """Readings of a Streetlight entity.

    Raises
    ------
    UnsupportedFormatError
        If the entity is of another type.
    TimeError
        If it says nowhere when it was observed.
    FormatError
        If a value is neither number nor word where one is needed, or nothing in it is known.
    """
    kind = child(body, "type")
    if kind != "Streetlight":
        raise UnsupportedFormatError(f"entity type {kind!r}; only Streetlight is read")
    common = _observed(body)
    readings = []
    for attribute in _ATTRIBUTES:
        raw = body.get(attribute.name)
        if raw is None:
            continue
        value = _value(attribute, raw)
        if value is not None:
            readings.append(Reading(attribute.quantity, value, _observed_at(raw) or common or _no_time()))
    if not readings:
        raise FormatError("the Streetlight entity holds no attribute that is measured")
    return Decoded(tuple(readings))


def _value(attribute: _Attribute, raw: Json) -> Result:
    plain = _plain(raw)
    if attribute.unit == "":
        if not isinstance(plain, str):
            raise FormatError(f"{attribute.name} must be a word, not {plain!r}")
        return plain
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        raise FormatError(f"{attribute.name} must be a number, not {plain!r}")
    code = child(raw, "unitCode") or child(raw, "metadata", "unitCode", "value")
    if code is None:
        unit = attribute.unit
    elif isinstance(code, str) and code in _UNIT_CODES:
        unit = _UNIT_CODES[code]
    else:
        raise FormatError(f"{attribute.name} has the unknown unit code {code!r}")
    if unit is None:
        return None
    try:
        return convert(plain, unit, quantity(attribute.quantity).unit.symbol)
    except ParameterError as exc:
        raise FormatError(f"{attribute.name} cannot be in {unit}") from exc


def _plain(raw: Json) -> Json:
    value = raw.get("value") if isinstance(raw, dict) and "value" in raw else raw
    return value.get("@value") if isinstance(value, dict) and "@value" in value else value


def _observed(body: Object) -> datetime | None:
    for name in ("observationDateTime", "dateObserved", "TimeInstant"):
        found = _plain(body.get(name))
        if isinstance(found, str) and found:
            return parse_time(found, where=name)
    return None


def _observed_at(raw: Json) -> datetime | None:
    for path in (("observedAt",), ("metadata", "observedAt", "value"), ("metadata", "TimeInstant", "value")):
        found = child(raw, *path)
        if isinstance(found, str) and found:
            return parse_time(found, where="observedAt")
    return None


def _no_time() -> datetime:
    raise TimeError(
        "the entity says nowhere when it was observed",
        hint="Send observationDateTime, or observedAt of an attribute.",
    )


def encode(entity_id: str, time: datetime, values: Mapping[str, Result]) -> bytes:
    """A normalised NGSI-LD Streetlight entity with unit codes and times."""
    unknown = set(values) - set(QUANTITIES)
    if unknown:
        raise ParameterError(f"a Streetlight does not report {', '.join(sorted(unknown))}")
    body: dict[str, Json] = {
        "id": entity_id,
        "type": "Streetlight",
        "@context": [
            "https://raw.githubusercontent.com/smart-data-models/dataModel.Streetlighting/master/context.jsonld"
        ],
        "observationDateTime": {
            "type": "Property",
            "value": {"@type": "DateTime", "@value": format_time(time)},
        },
    }
    for attribute in _ATTRIBUTES:
        value = values.get(attribute.quantity)
        if value is None:
            continue
        written: dict[str, Json] = {"type": "Property", "value": value, "observedAt": format_time(time)}
        if isinstance(value, (int, float)) and attribute.unit != "":
            symbol = quantity(attribute.quantity).unit.symbol
            written["value"] = convert(value, symbol, attribute.unit or symbol)
            written["unitCode"] = _CODES[attribute.unit or symbol]
        body[attribute.name] = written
    return json.dumps(body, ensure_ascii=False).encode()
