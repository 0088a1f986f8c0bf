"""Milesight's payload: channel and type bytes, then a value of the type's length, little-endian, repeated.

Source: Milesight's published decoders and user guides; checked against vectors of real payloads in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sensors.jsonpayload import from_epoch
from sensors.lorawan.device import Record, Value
from twin.errors import FormatError, NotFoundError, ParameterError


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of entry: ``value = raw / divisor``; with ``words`` the raw number selects a word."""

    channel: int
    type: int
    name: str
    size: int = 1
    divisor: int = 1
    signed: bool = False
    words: tuple[str, ...] = ()
    otherwise: str = ""
    """Word for every other raw number; ``""``: there is none and such a message is refused."""

    def read(self, data: bytes) -> Value:
        """The value in ``data``."""
        raw = int.from_bytes(data, "little", signed=self.signed)
        if self.words:
            if raw >= len(self.words) and self.otherwise:
                return self.otherwise
            if raw >= len(self.words):
                raise FormatError(f"{self.name} has no state {raw}")
            return self.words[raw]
        return raw / self.divisor if self.divisor != 1 else raw

    def write(self, value: float) -> bytes:
        """The bytes of a value; raises :class:`ParameterError` where the entry cannot hold it."""
        try:
            return round(value * self.divisor).to_bytes(self.size, "little", signed=self.signed)
        except OverflowError as exc:
            raise ParameterError(f"{self.name} {value} does not fit its {8 * self.size} bits") from exc


@dataclass(frozen=True, slots=True)
class History:
    """A stored measurement sent later: four bytes of seconds since 1970, then entries without headers."""

    channel: int
    type: int
    entries: tuple[Channel, ...]

    @property
    def size(self) -> int:
        """Length after the two header bytes."""
        return 4 + sum(entry.size for entry in self.entries)

    def read(self, data: bytes) -> tuple[datetime, dict[str, Value]]:
        """Time and fields."""
        time = from_epoch(int.from_bytes(data[:4], "little"), where="history time")
        fields: dict[str, Value] = {}
        at = 4
        for entry in self.entries:
            fields[entry.name] = entry.read(data[at : at + entry.size])
            at += entry.size
        return time, fields


BATTERY = Channel(0x01, 0x75, "battery")


@dataclass(frozen=True, slots=True)
class MilesightCodec:
    """The codec of one model."""

    channels: tuple[Channel, ...]
    history: History | None = None

    def decode(self, payload: bytes) -> list[Record]:
        """The measurement of the uplink, then stored ones.

        An unknown entry is refused as a whole message: its length is not known, so what follows cannot be
        trusted.
        """
        known = {(c.channel, c.type): c for c in self.channels}
        fields: dict[str, Value] = {}
        records: list[Record] = []
        at = 0
        while at < len(payload):
            if at + 2 > len(payload):
                raise FormatError(f"byte {at}: an entry is cut off")
            key = (payload[at], payload[at + 1])
            at += 2
            if self.history is not None and key == (self.history.channel, self.history.type):
                data = _take(payload, at, self.history.size)
                time, stored = self.history.read(data)
                records.append(Record(stored, time))
            elif key in known:
                data = _take(payload, at, known[key].size)
                fields[known[key].name] = known[key].read(data)
            else:
                raise FormatError(f"byte {at - 2}: this model has no entry {key[0]:02x} {key[1]:02x}")
            at += len(data)
        return [Record(fields), *records] if fields else records

    def encode(self, fields: Mapping[str, float]) -> bytes:
        """An entry for each field given."""
        unknown = set(fields) - {channel.name for channel in self.channels}
        if unknown:
            raise ParameterError(f"the device has no field {', '.join(sorted(unknown))}")
        return b"".join(
            bytes((channel.channel, channel.type)) + channel.write(fields[channel.name])
            for channel in self.channels
            if channel.name in fields
        )

    def resolution(self, field: str) -> float:
        """Step of a field in the maker's unit."""
        for channel in self.channels:
            if channel.name == field:
                return 1 / channel.divisor
        raise NotFoundError(f"no field {field!r}")


def _take(payload: bytes, at: int, size: int) -> bytes:
    if at + size > len(payload):
        raise FormatError(f"byte {at - 2}: an entry of {size} bytes is cut off")
    return payload[at : at + size]
