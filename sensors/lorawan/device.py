"""A LoRaWAN device model: its codec, and which of its own fields are which quantity of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from sensors.catalogue import quantity
from sensors.lorawan.uplink import Uplink
from sensors.reading import Decoded, Reading
from sensors.units import convert
from twin.errors import FormatError, NotFoundError, ParameterError
from twin.model.thing import Result

Value: TypeAlias = "int | float | str"


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one measurement in the maker's names and units; ``time`` of ``None`` is the uplink's."""

    fields: dict[str, Value]
    time: datetime | None = None


class Codec(Protocol):
    """Bytes of one device model to and from fields in the maker's names and units."""

    def decode(self, payload: bytes) -> list[Record]:
        """Fields of each measurement; raises :class:`FormatError` for bytes that are not this model's."""

    def encode(self, fields: Mapping[str, float]) -> bytes:
        """Bytes that decode to the fields; raises :class:`ParameterError` where one does not fit."""

    def resolution(self, field: str) -> float:
        """Step between two values of a numeric field that the device can tell apart, in the maker's unit."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One field of the maker's is this quantity of ours; ``unit`` is the maker's."""

    field: str
    quantity: str
    unit: str


@dataclass(frozen=True, slots=True)
class LoraModel:
    """A device model.

    ``interval`` maps a quantity to the field that says how many seconds before the uplink its interval began.
    ``fport`` is where the simulated device sends.
    """

    name: str
    maker: str
    codec: Codec
    measures: tuple[Measures, ...]
    fport: int = 1
    interval: tuple[str, str] | None = None

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities the model can report."""
        return tuple(measure.quantity for measure in self.measures)

    @property
    def encodable(self) -> tuple[str, ...]:
        """The quantities that are a field of the device's bytes, not derived from others."""
        return tuple(m.quantity for m in self.measures if self._is_field(m.field))

    def _is_field(self, name: str) -> bool:
        try:
            self.codec.resolution(name)
        except NotFoundError:
            return False
        return True

    def decode(self, uplink: Uplink) -> Decoded:
        """Readings of an uplink."""
        readings: list[Reading] = []
        for record in self.codec.decode(uplink.payload):
            readings.extend(self._readings(record, record.time or uplink.time))
        if not readings:
            raise FormatError(f"{self.name} payload {uplink.payload.hex()} holds no measurement")
        return Decoded(tuple(readings))

    def _readings(self, record: Record, time: datetime) -> list[Reading]:
        readings = []
        for measure in self.measures:
            value = record.fields.get(measure.field)
            if not isinstance(value, (int, float)):
                continue
            stored = convert(value, measure.unit, quantity(measure.quantity).unit.symbol)
            seconds = self._interval_s(measure.quantity, record)
            if seconds:
                readings.append(Reading(measure.quantity, stored, time - timedelta(seconds=seconds), time))
            else:
                readings.append(Reading(measure.quantity, stored, time))
        return readings

    def _interval_s(self, key: str, record: Record) -> float:
        if self.interval is None or self.interval[0] != key:
            return 0.0
        seconds = record.fields.get(self.interval[1], 0)
        return float(seconds) if isinstance(seconds, (int, float)) else 0.0

    def encode(self, values: Mapping[str, Result], *, interval_s: float = 0.0) -> bytes:
        """The device's bytes for values of quantities in stored units.

        Raises
        ------
        ParameterError
            If a value is no number or does not fit the device's field, or the model does not report the
            quantity.
        """
        unknown = set(values) - set(self.quantities)
        if unknown:
            raise ParameterError(f"{self.name} does not report {', '.join(sorted(unknown))}")
        fields: dict[str, float] = {}
        for measure in self.measures:
            value = values.get(measure.quantity)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ParameterError(f"{self.name} sends {measure.quantity} as a number, not {value!r}")
            fields[measure.field] = convert(value, quantity(measure.quantity).unit.symbol, measure.unit)
        if self.interval is not None and self.interval[0] in values:
            fields[self.interval[1]] = interval_s
        return self.codec.encode(fields)

    def resolution(self, key: str) -> float:
        """Step between two values of a quantity that the device can tell apart, in the stored unit."""
        measure = next(m for m in self.measures if m.quantity == key)
        return convert(self.codec.resolution(measure.field), measure.unit, quantity(key).unit.symbol)


def merge(records: Sequence[Record]) -> dict[str, Value]:
    """The fields of the uplink's own time in one dict, for comparing with a maker's decoder."""
    return {name: value for record in records if record.time is None for name, value in record.fields.items()}
