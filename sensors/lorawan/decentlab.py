"""Decentlab's payload, protocol version 2: one frame for all models, a table of sensors for each.

Byte 0 is the version (2), bytes 1-2 the device's number, 3-4 a flag for each sensor present (bit 0 first),
then 16-bit big-endian words of the sensors present, in order. Source: Decentlab's published decoders; checked
against vectors of real payloads in the tests.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sensors.lorawan.device import Record, Value
from twin.errors import FormatError, NotFoundError, ParameterError, UnsupportedFormatError

VERSION = 2


@dataclass(frozen=True, slots=True)
class Word:
    """A field: ``value = (raw - origin) · factor / divisor + shift``; ``words`` of 2 is low word first."""

    name: str
    factor: float = 1
    divisor: float = 1
    origin: int = 0
    shift: float = 0
    words: int = 1
    default: float | None = None
    """Sent when encoding without a value for it; ``None``: the field is needed."""

    @property
    def step(self) -> float:
        """Difference between two neighbouring raw values."""
        return self.factor / self.divisor

    def value(self, raw: int) -> float:
        """Value of a raw number."""
        scaled = (raw - self.origin) * self.factor / self.divisor + self.shift
        return int(scaled) if float(scaled).is_integer() else scaled

    def raw(self, value: float) -> int:
        """Nearest raw number; raises :class:`ParameterError` where the field cannot hold it."""
        number = round((value - self.shift) * self.divisor / self.factor) + self.origin
        if not 0 <= number < 1 << (16 * self.words):
            raise ParameterError(f"{self.name} {value} does not fit its {16 * self.words} bits")
        return number


@dataclass(frozen=True, slots=True)
class Sensor:
    """One block of words; ``derived`` adds fields computed from the others."""

    words: tuple[Word, ...]
    derived: Callable[[dict[str, float]], dict[str, float]] | None = None

    @property
    def length(self) -> int:
        """How many 16-bit words the block has."""
        return sum(word.words for word in self.words)


BATTERY = Sensor((Word("battery_voltage", divisor=1000),))


@dataclass(frozen=True, slots=True)
class DecentlabCodec:
    """The codec of one model; ``device_number`` is what the simulated device calls itself."""

    sensors: tuple[Sensor, ...]
    device_number: int = 1

    def decode(self, payload: bytes) -> list[Record]:
        """Fields of the frame."""
        if len(payload) < 5:
            raise FormatError(f"a Decentlab frame has 5 bytes or more, not {len(payload)}")
        version, _device, flags = struct.unpack_from(">BHH", payload)
        if version != VERSION:
            raise UnsupportedFormatError(f"Decentlab protocol version {version}; only {VERSION} is known")
        if flags >> len(self.sensors):
            raise FormatError(f"flags {flags:#06x} name sensors this model does not have")
        present = [sensor for bit, sensor in enumerate(self.sensors) if flags >> bit & 1]
        expected = 5 + 2 * sum(sensor.length for sensor in present)
        if len(payload) != expected:
            raise FormatError(f"flags {flags:#06x} need {expected} bytes, the frame has {len(payload)}")
        words = iter(struct.unpack_from(f">{(len(payload) - 5) // 2}H", payload, 5))
        fields: dict[str, Value] = {}
        for sensor in present:
            own: dict[str, float] = {}
            for word in sensor.words:
                raw = next(words)
                if word.words == 2:
                    raw += next(words) << 16
                own[word.name] = word.value(raw)
            fields.update(own)
            if sensor.derived is not None:
                fields.update(sensor.derived(own))
        return [Record(fields)]

    def encode(self, fields: Mapping[str, float]) -> bytes:
        """A frame with every sensor of which a field is given."""
        unknown = set(fields) - {word.name for sensor in self.sensors for word in sensor.words}
        if unknown:
            raise ParameterError(f"the frame has no field {', '.join(sorted(unknown))}")
        flags, words = 0, b""
        for bit, sensor in enumerate(self.sensors):
            if not any(word.name in fields for word in sensor.words):
                continue
            flags |= 1 << bit
            for word in sensor.words:
                words += self._pack(word, fields)
        return struct.pack(">BHH", VERSION, self.device_number, flags) + words

    def _pack(self, word: Word, fields: Mapping[str, float]) -> bytes:
        value = fields.get(word.name, word.default)
        if value is None:
            raise ParameterError(f"{word.name} is needed beside {', '.join(sorted(fields))}")
        raw = word.raw(value)
        return struct.pack(">H", raw) if word.words == 1 else struct.pack(">HH", raw & 0xFFFF, raw >> 16)

    def resolution(self, field: str) -> float:
        """Step of a field in the maker's unit."""
        for sensor in self.sensors:
            for word in sensor.words:
                if word.name == field:
                    return word.step
        raise NotFoundError(f"no field {field!r}")
