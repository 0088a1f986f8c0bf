"""Who may write what: registered devices and datastreams, read from the store and kept for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from ingestion.kinds import KINDS
from twin.core import Twin
from twin.errors import InputError, NotFoundError, SchemaError
from twin.model.query import EntityQuery
from twin.model.thing import Datastream, Device

_REFRESH_S = 5.0


@dataclass(frozen=True, slots=True)
class Owner:
    """A registered device with its datastreams by key."""

    device: Device
    datastreams: dict[str, Datastream]


class Registry:
    """A view of the store's devices and datastreams for one connector.

    What is unknown is looked up again at once when the store has committed anything since the last look, so
    that a device registered a moment ago is heard; what changed is seen after a few seconds.
    """

    def __init__(self, t: Twin, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._twin = t
        self._clock = clock
        self._read_at = -_REFRESH_S
        self._seq = -1
        self._owners: dict[tuple[str, str], list[Owner]] = {}
        self._datastreams: dict[int, Datastream] = {}
        self._places: dict[tuple[str, str], BaseGeometry | None] = {}
        self._features: set[int] = set()

    def owner(self, family: str, address: str) -> Owner:
        """The registered device of an address; raises :class:`SchemaError` for none, and for more than one."""
        self._refresh_if_old()
        found = self._owners.get((family, address)) or (
            self._owners.get((family, address)) if self._refresh_if_behind() else None
        )
        if not found:
            raise SchemaError(f"unknown device {address!r}", hint="Register it, then replay the quarantine.")
        if len(found) > 1:
            kinds = ", ".join(owner.device.kind for owner in found)
            raise SchemaError(f"device {address!r} is registered more than once, as {kinds}")
        return found[0]

    def datastream(self, number: int) -> Datastream:
        """A datastream by id; raises :class:`SchemaError` where there is none."""
        self._refresh_if_old()
        if number not in self._datastreams:
            self._refresh_if_behind()
        try:
            return self._datastreams[number]
        except KeyError:
            raise SchemaError(f"there is no Datastream {number}") from None

    def place(self, device: Device) -> BaseGeometry | None:
        """Where the device's thing is now. [WGS 84]"""
        key = (device.layer, device.uid)
        if key not in self._places:
            features = self._twin.store.features(self._twin.view(), device.layer, fids=[device.uid])
            self._places[key] = features[0].geometry if features else None
        return self._places[key]

    def require_feature_of_interest(self, number: int) -> None:
        """Raise :class:`SchemaError` if there is no feature of interest of that id."""
        if number in self._features:
            return
        query = EntityQuery(path=(("FeaturesOfInterest", number),))
        try:
            self._twin.store.entities(self._twin.view(), query)
        except (NotFoundError, InputError) as exc:
            raise SchemaError(f"there is no FeatureOfInterest {number}") from exc
        self._features.add(number)

    def _refresh_if_old(self) -> None:
        if self._clock() - self._read_at >= _REFRESH_S:
            self._read()

    def _refresh_if_behind(self) -> bool:
        if self._twin.store.last_seq() == self._seq:
            return False
        self._read()
        return True

    def _read(self) -> None:
        store, view = self._twin.store, self._twin.view()
        self._seq = store.last_seq()
        self._read_at = self._clock()
        self._datastreams = {stream.id: stream for stream in store.datastreams(view)}
        self._owners = {}
        for device in store.devices(view):
            kind = KINDS.get(device.kind)
            if kind is None:
                continue
            try:
                address = kind.canonical(device.address)
            except InputError:
                continue  # registered with an address no message can have
            streams = {k: self._datastreams[i] for k, i in device.datastreams.items() if i in self._datastreams}
            self._owners.setdefault((kind.family, address), []).append(Owner(device, streams))
        self._places = {}
