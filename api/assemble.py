"""Puts together what one answer shows of a feature: where it comes from, what it measures, what it is linked to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from api import shape
from twin.errors import NotFoundError
from twin.model.layer import Feature, Layer, Source
from twin.model.link import Link
from twin.model.thing import Datastream, DatastreamState
from twin.model.view import View
from twin.store.base import Store
from twin.types import LonLat


class Assembler:
    """Reads what belongs to features, each thing once, under one View."""

    def __init__(self, store: Store, view: View) -> None:
        self.store = store
        self.view = view
        self.layers: dict[str, Layer] = {s.layer.name: s.layer for s in store.layers(view)}
        self._sources: dict[int, Source] = {}
        self._streams: dict[str, list[Datastream]] = {}

    def items(self, found: Sequence[tuple[Feature, float]]) -> list[dict[str, Any]]:
        """Items of ``/app/here``, in the given order."""
        features = [feature for feature, _ in found]
        states, links = self._states_of(features), self._links_of(features)
        return [self._item(f, metres, states.get((f.layer, f.fid), []), links[f.layer, f.fid]) for f, metres in found]

    def _item(
        self, feature: Feature, metres: float, states: Sequence[DatastreamState], links: list[dict[str, Any]]
    ) -> dict[str, Any]:
        layer = self.layers[feature.layer]
        title = shape.feature_title(feature, layer)
        place = shape.position(feature)
        return {
            "layer": layer.name,
            "layer_title": layer.title,
            "layer_title_en": layer.title_en,
            "fid": feature.fid,
            "title": title,
            "distance_m": round(metres, 2),
            "properties": feature.properties,
            "valid_from": shape.moment(feature.valid_from),
            "valid_to": shape.moment(feature.valid_to),
            "recorded_from": shape.moment(feature.recorded_from),
            "source": self.source(feature.source),
            "datastreams": [shape.datastream(s, place, title) for s in states],
            "links": links,
            "synthetic": layer.synthetic,
        }

    def source(self, number: int) -> dict[str, Any] | None:
        """Provenance of a record; ``None`` where the viewer sees none."""
        if number not in self._sources:
            try:
                self._sources[number] = self.store.source(self.view, number)
            except NotFoundError:
                return None
        return shape.source(self._sources[number])

    def _links_of(self, features: Iterable[Feature]) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Links from and to each feature, with the names of the other ends (read once for each layer)."""
        found = {(f.layer, f.fid): self.store.links(self.view, f.layer, f.fid) for f in features}
        ends = {own: [_other_end(link, own) for link in links] for own, links in found.items()}
        names = self._names({end for others in ends.values() for end in others})
        return {
            own: [
                shape.link(
                    link,
                    outward=(link.from_layer, link.from_fid) == own,
                    name=names.get(end, end[1]),
                    title=self.layers[end[0]].title,
                )
                for link, end in zip(links, ends[own], strict=True)
                if end[0] in self.layers
            ]
            for own, links in found.items()
        }

    def _names(self, ends: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        by_layer: dict[str, list[str]] = defaultdict(list)
        for layer, fid in ends:
            if layer in self.layers:
                by_layer[layer].append(fid)
        return {
            (name, f.fid): shape.feature_title(f, self.layers[name])
            for name, fids in by_layer.items()
            for f in self.store.features(self.view, name, fids=fids, geometry=False)
        }

    def _states_of(self, features: Iterable[Feature]) -> dict[tuple[str, str], list[DatastreamState]]:
        streams: list[int] = []
        for feature in features:
            streams += [s.id for s in self._layer_streams(feature.layer) if s.uid == feature.fid]
        found: dict[tuple[str, str], list[DatastreamState]] = defaultdict(list)
        for state in self.store.latest(self.view, streams) if streams else []:
            found[state.datastream.layer, state.datastream.uid].append(state)
        return found

    def _layer_streams(self, layer: str) -> list[Datastream]:
        if layer not in self._streams:
            self._streams[layer] = self.store.datastreams(self.view, layer=layer)
        return self._streams[layer]


def _other_end(link: Link, own: tuple[str, str]) -> tuple[str, str]:
    outward = (link.from_layer, link.from_fid) == own
    return (link.to_layer, link.to_fid) if outward else (link.from_layer, link.from_fid)


def describe_states(store: Store, view: View, states: Sequence[DatastreamState]) -> list[dict[str, Any]]:
    """Datastreams with their things' names and places at the View's time."""
    uids: dict[str, set[str]] = defaultdict(set)
    for state in states:
        uids[state.datastream.layer].add(state.datastream.uid)
    known: dict[tuple[str, str], tuple[str, LonLat | None]] = {}
    for name, wanted in uids.items():
        layer = store.layer(view, name).layer
        for feature in store.features(view, name, fids=sorted(wanted)):
            known[name, feature.fid] = (shape.feature_title(feature, layer), shape.position(feature))
    described = []
    for state in states:
        title, place = known.get((state.datastream.layer, state.datastream.uid), ("", None))
        described.append(shape.datastream(state, place, title))
    return described
