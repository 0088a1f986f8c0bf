"""The planning look-up: a place or a parcel in, what the plans say about it out.

Reads the layers ``parcels``, ``plans``, ``plan_zones`` and ``land_use``. Names of people are not among the
attributes it reads, whatever a layer holds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from layers.planning.answer import (
    FIGURES,
    NO_DATA,
    Figures,
    Flag,
    LandUse,
    Parcel,
    ParcelAnswer,
    Part,
    PlanNote,
)
from layers.planning.precedence import TOLERANCE_M2, Plan, Zone, divide, force, matters
from layers.planning.wording import AREA_MISMATCH, flags_of, notes_of, parts_of, summary_of
from layers.readers.coordinates import fold
from twin.core import Twin
from twin.errors import NotFoundError, ParameterError
from twin.geo.crs import describe
from twin.geo.geodesy import geodesic_area, geodesic_circle
from twin.model.layer import Feature, FieldType, Layer
from twin.model.query import And, Compare, Expression, Or, Path, Value
from twin.model.view import View
from twin.types import BBox, Json, LonLat

_POINT_M = 0.5
"""A bare point is asked about with this radius; no drawn line is more exact."""
_UNIT = re.compile(r"^(phuong|xa|thi tran|dac khu|thi xa|p|x|tt)\s+")


def lookup(
    t: Twin,
    *,
    lon: float | None = None,
    lat: float | None = None,
    parcel: str | None = None,
    commune: str | None = None,
    area_m2: float | None = None,
    layer_parcels: str = "parcels",
    view: View | None = None,
) -> ParcelAnswer:
    """Answer what the plans say about a place.

    Parameters
    ----------
    lon, lat
        A place in WGS 84. [degrees]
    parcel, commune
        ``"sheet/plot"`` and the name or code of the commune; numbers and names from before the merger are
        understood too. Sheet and plot alone are not unique, so that there may be several candidates.
    area_m2
        Area on the certificate; chooses among candidates if exactly one is within 5 %. [m²]
    view
        Who asks, about when, knowing what; the twin's viewer and now if not given.

    Raises
    ------
    ParameterError
        If neither a place nor a parcel is named, or the parcel is not written ``sheet/plot``.
    """
    resolved = t.store.resolve(view or t.view())
    reader = _Reader(t, resolved)
    point = _point(lon, lat)
    if parcel is not None:
        found = reader.parcels_by_number(layer_parcels, *_number(parcel), commune)
    elif point is not None:
        found = reader.parcels_at(layer_parcels, point)
    else:
        raise ParameterError(
            "neither a place nor a parcel is named",
            hint="Give lon and lat, or a parcel as sheet/plot with its commune.",
        )
    chosen = _choose(found, area_m2)
    if len(chosen) > 1:
        return reader.answer("several", point, None, tuple(p for p, _ in chosen), None)
    if chosen:
        return reader.answer("found", point, chosen[0][0], (), chosen[0][1])
    if point is not None and parcel is None:
        return reader.answer("no_parcel", point, None, (), geodesic_circle(point, _POINT_M))
    return reader.answer("not_found", point, None, (), None)


def _point(lon: float | None, lat: float | None) -> LonLat | None:
    if lon is None and lat is None:
        return None
    if lon is None or lat is None:
        raise ParameterError("a place needs both longitude and latitude")
    return LonLat(lon, lat)


def _number(parcel: str) -> tuple[str, str]:
    parts = [part.strip() for part in parcel.split("/")]
    if len(parts) != 2 or not all(parts):
        raise ParameterError(f"{parcel!r} is not a parcel", hint="Write sheet/plot, for instance 14/125.")
    return parts[0], parts[1]


def _choose(found: list[tuple[Parcel, BaseGeometry]], area_m2: float | None) -> list[tuple[Parcel, BaseGeometry]]:
    if area_m2 is None or len(found) < 2:
        return found
    near = [
        pair
        for pair in found
        if abs((pair[0].area_certificate_m2 or pair[0].area_m2) - area_m2) <= AREA_MISMATCH * area_m2
    ]
    return near if len(near) == 1 else found


class _Reader:
    """Reads the layers under one resolved View."""

    def __init__(self, t: Twin, view: View) -> None:
        assert view.at is not None
        assert view.known_at is not None
        self.store, self.view, self.at, self.known_at = t.store, view, view.at, view.known_at
        self.missing: list[str] = []
        self.newest: list[datetime] = []

    # -- features -------------------------------------------------------------------------------------------------

    def _layer(self, name: str) -> Layer | None:
        try:
            summary = self.store.layer(self.view, name)
        except NotFoundError:
            if name not in self.missing:
                self.missing.append(name)
            return None
        if name in ("plans", "plan_zones") and summary.newest is not None:
            self.newest.append(summary.newest)
        return summary.layer

    def _touching(self, name: str, shape: BaseGeometry, *, past: bool = False) -> list[Feature]:
        if self._layer(name) is None:
            return []
        found = self.store.features(
            self.view, name, bbox=BBox(*shape.bounds), interval=(None, self.at) if past else None
        )
        return [f for f in found if f.geometry is not None and f.geometry.intersects(shape)]

    def parcels_at(self, name: str, point: LonLat) -> list[tuple[Parcel, BaseGeometry]]:
        """Find the parcels that cover a point."""
        return [_parcel(f, "point") for f in self._touching(name, shapely.Point(point.lon, point.lat))]

    def parcels_by_number(
        self, name: str, sheet: str, plot: str, commune: str | None
    ) -> list[tuple[Parcel, BaseGeometry]]:
        """Find the parcels of a number, by the present numbering and by the one before the merger."""
        layer = self._layer(name)
        if layer is None:
            return []
        found: dict[str, tuple[Parcel, BaseGeometry]] = {}
        for matched, sheet_field, plot_field, names in (
            ("number", "sheet", "plot", ("commune", "commune_code")),
            ("old_number", "old_sheet", "old_plot", ("old_commune",)),
        ):
            where = _is_number(layer, {sheet_field: sheet, plot_field: plot})
            if where is None:
                continue
            for feature in self.store.features(self.view, name, where=where):
                if feature.geometry is not None and _in_commune(feature, commune, names):
                    found.setdefault(feature.fid, _parcel(feature, matched))
        return list(found.values())

    def plans(self, shape: BaseGeometry) -> list[Plan]:
        """Find the plans that reach into a shape, those included whose record ended before the time asked about."""
        found = [_plan(f, self.at) for f in self._touching("plans", shape, past=True)]
        return [p for p in found if matters(p.area.intersection(shape))]

    def zones(self, shape: BaseGeometry) -> list[Zone]:
        """Find the zones that reach into a shape."""
        found = [_zone(f) for f in self._touching("plan_zones", shape)]
        return [z for z in found if matters(z.area.intersection(shape))]

    def land_use(self, shape: BaseGeometry, total: float, *, measured: bool) -> tuple[list[LandUse], bool]:
        """Cut a shape by the plan of the land law; whether that plan overlaps itself there."""
        features = self._touching("land_use", shape)
        if not features:
            return [], False
        rest, parts, overlap = shape, [], False
        for feature in features:
            assert feature.geometry is not None
            whole = geodesic_area(feature.geometry.intersection(shape))
            part = geodesic_area(feature.geometry.intersection(rest))
            overlap |= whole - part > max(TOLERANCE_M2, 1e-6 * total) and measured
            rest = rest.difference(feature.geometry)
            if part > min(TOLERANCE_M2, total / 10):
                code, name = _text(feature.properties, "code"), _text(feature.properties, "name")
                parts.append((code, name, part))
        left = total - sum(p[2] for p in parts)
        if left > min(TOLERANCE_M2, total / 10):
            parts.append(("", NO_DATA, left))
        uses = [LandUse(c, n, a if measured else None, a / total if measured else None) for c, n, a in parts]
        return uses, overlap

    # -- the answer -----------------------------------------------------------------------------------------------

    def answer(
        self,
        status: str,
        point: LonLat | None,
        parcel: Parcel | None,
        candidates: tuple[Parcel, ...],
        shape: BaseGeometry | None,
    ) -> ParcelAnswer:
        """Put the answer together; without a shape there is nothing to ask the plans about."""
        measured = parcel is not None
        parts: tuple[Part, ...] = ()
        notes: tuple[PlanNote, ...] = ()
        uses: list[LandUse] = []
        flags: list[Flag] = []
        if shape is not None:
            plans, zones = self.plans(shape), self.zones(shape)
            usable = [p for p in plans if not force(p, self.at)]
            division = divide(shape, usable, zones)
            total = geodesic_area(shape)
            parts = parts_of(division, total, measured=measured)
            notes = notes_of(plans, division, shape, self.at, measured=measured)
            uses, overlap = self.land_use(shape, total, measured=measured)
            unknown = sorted({z.plan for z in zones} - {p.code for p in plans})
            flags = flags_of(parts, notes, parcel, land_use_overlaps=overlap, unknown_plans=unknown)
        else:
            self._layer("plans")
            self._layer("plan_zones")
        return ParcelAnswer(
            status=status,
            summary=summary_of(status, parts, notes, candidates),
            point=point,
            parcel=parcel,
            candidates=candidates,
            parts=parts,
            plans=notes,
            land_use=tuple(uses),
            flags=tuple(flags),
            at=self.at,
            known_at=self.known_at,
            data_date=max(self.newest, default=None),
            crs_operation=describe(parcel.crs).operation if parcel else "",
            missing_layers=tuple(self.missing),
        )


# -- records from features ------------------------------------------------------------------------------------------


def _text(properties: dict[str, Json], name: str) -> str:
    value = properties.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)


def _float(properties: dict[str, Json], name: str) -> float | None:
    value = properties.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None


def _parcel(feature: Feature, matched: str) -> tuple[Parcel, BaseGeometry]:
    p, shape = feature.properties, feature.geometry
    assert shape is not None
    found = Parcel(
        feature.fid, _text(p, "sheet"), _text(p, "plot"), _text(p, "commune"), _text(p, "commune_code"),
        _text(p, "old_commune"), _text(p, "old_sheet"), _text(p, "old_plot"), _float(p, "area_certificate_m2"),
        geodesic_area(shape), feature.crs, matched, feature.valid_from,
    )  # fmt: skip
    return found, shape


def _plan(feature: Feature, at: datetime) -> Plan:
    p, shape = feature.properties, feature.geometry
    assert shape is not None
    ended = feature.valid_to if feature.valid_to is not None and feature.valid_to <= at else None
    return Plan(
        _text(p, "code") or feature.fid, _text(p, "name"), _text(p, "level"), _text(p, "scale"), _text(p, "decision"),
        _date(p.get("decision_date")), _text(p, "authority"), _text(p, "status"), _text(p, "adjusts"), shape,
        feature.valid_from, ended,
    )  # fmt: skip


def _zone(feature: Feature) -> Zone:
    p, shape = feature.properties, feature.geometry
    assert shape is not None
    figures = Figures(**{name: _float(p, name) for name in FIGURES})
    name = _text(p, "function_name") or _text(p, "function")
    return Zone(_text(p, "plan"), _text(p, "zone"), _text(p, "function"), name, figures, shape)


def _date(value: Json) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None
    except ValueError:
        return None


def _is_number(layer: Layer, wanted: dict[str, str]) -> Expression | None:
    """Compare as number where the layer holds numbers, and as text where it holds text."""
    parts: list[Expression] = []
    for name, text in wanted.items():
        known = layer.field(name)
        if known is None:
            return None
        number = known.type in (FieldType.INTEGER, FieldType.NUMBER)
        if number and not text.isdecimal():
            return None
        values: list[Any] = [int(text)] if number else list(dict.fromkeys([text, text.lstrip("0") or text]))
        parts.append(Or(tuple(Compare("eq", Path((name,)), Value(v)) for v in values)))
    return And(tuple(parts))


def _in_commune(feature: Feature, commune: str | None, names: Sequence[str]) -> bool:
    if not commune:
        return True
    wanted = _bare(commune)
    return any(wanted == _bare(_text(feature.properties, name)) for name in names)


def _bare(name: str) -> str:
    """Fold a commune's name without the word for what it is: ``"Phường Tân Phú"`` becomes ``"tan phu"``."""
    return _UNIT.sub("", fold(name))
