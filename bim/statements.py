"""What an IFC file says about its place, each statement worked out by itself.

Units are the usual trap: in a millimetre project the standard's Scale is 0.001 (map units per project
unit), but files say 1 (units meant to be converted first) or 1000 (upside down). The three are told apart
because a real scale factor differs from one by less than a hundredth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bim.ifc.raw import RawMapConversion, RawModel, RawSite
from bim.map_crs import given_crs, named_crs, serves, units_per_metre
from bim.placement import GivenPlacement, Placement, PlacementSource
from twin.errors import ParameterError

_SCALE_TOLERANCE = 0.01


def candidates(raw: RawModel, wanted: PlacementSource | GivenPlacement | None, override: str | None) -> list[Placement]:
    """Every placement that the caller or the file states, the preferred first, not yet located."""
    found = []
    if isinstance(wanted, GivenPlacement):
        found.append(_given(wanted))
    conversions = [c for m in raw.map_conversions for c in [_from_map_conversion(m, raw, override)] if c]
    found += sorted(conversions, key=lambda c: c.source is PlacementSource.PROPERTY_SETS)
    found += [c for site in raw.sites for c in [_from_site(site, raw)] if c]
    if override is not None and not conversions:
        found.append(
            Placement(
                PlacementSource.MODEL_COORDINATES,
                "geometry",
                override,
                0.0,
                0.0,
                0.0,
                units_per_metre(override),
            )
        )
    return found


def _given(given: GivenPlacement) -> Placement:
    crs = given_crs(given.crs)
    numbers = (given.easting, given.northing, given.rotation_deg)
    if not all(map(math.isfinite, numbers)):
        raise ParameterError(f"placement {numbers} is not finite", where="placement")
    return Placement(PlacementSource.GIVEN, "caller", crs, *numbers, units_per_metre(crs))


def _from_map_conversion(raw: RawMapConversion, model: RawModel, override: str | None) -> Placement | None:
    if raw.eastings is None or raw.northings is None:
        return None
    doubts, notes = [], []
    if model.world_offset:
        doubts.append("the model's context is itself moved (WorldCoordinateSystem), which programs read differently")
    crs = override or named_crs(name=raw.crs_name, description=raw.crs_description, well_known_text=raw.crs_wkt)
    if crs is None:
        name = raw.crs_name or raw.crs_description or "nothing"
        doubts.append(f"its coordinate system {name!r} is not a known projected system; give the CRS")
    unit = 1.0 / units_per_metre(crs) if crs else 1.0
    ratio, note, doubt = _scale_factor(raw.scale, model.length_unit_m, raw.map_unit_m or unit)
    notes += [note] if note else []
    doubts += [doubt] if doubt else []
    if math.hypot(*raw.x_axis) < 1e-9:
        doubts.append("the direction of its x axis is zero")
    easting, northing, unit_note = _in_crs_units(raw, model, crs, unit)
    notes += [unit_note] if unit_note else []
    is_set = raw.kind == "ePSet_MapConversion"
    return Placement(
        source=PlacementSource.PROPERTY_SETS if is_set else PlacementSource.MAP_CONVERSION,
        entity=f"{raw.kind} {raw.entity}",
        crs=crs or "",
        easting=easting,
        northing=northing,
        rotation_deg=math.degrees(math.atan2(raw.x_axis[1], raw.x_axis[0])),
        scale=ratio / unit,
        height_m=raw.height * (raw.map_unit_m or unit),
        notes=tuple(notes),
        doubts=tuple(doubts),
    )


def _scale_factor(scale: float, unit_m: float, map_unit_m: float) -> tuple[float, str, str]:
    """Scale factor between model metres and map metres, with a note or a doubt about how it was read."""
    right = unit_m / map_unit_m
    readings = (
        (scale * map_unit_m / unit_m, ""),
        (scale, f"Scale {scale:g} is read as a pure factor: the project's unit is {unit_m:g} m"),
        (
            scale * unit_m / map_unit_m,
            f"Scale {scale:g} is upside down in a project in {unit_m:g} m (the standard asks for {right:g})",
        ),
    )
    for factor, note in readings:
        if abs(factor - 1) < _SCALE_TOLERANCE:
            return factor, note, ""
    return 1.0, "", f"its Scale {scale:g} fits no reading for a project unit of {unit_m:g} m"


def _in_crs_units(
    raw: RawMapConversion, model: RawModel, crs: str | None, crs_unit_m: float
) -> tuple[float, float, str]:
    """Easting and northing in units of the CRS; where the file names no unit, the one that fits."""
    assert raw.eastings is not None
    assert raw.northings is not None
    declared = raw.map_unit_m if raw.map_unit_m is not None else model.length_unit_m
    factor = declared / crs_unit_m
    strict = (raw.eastings * factor, raw.northings * factor)
    if crs is None or abs(factor - 1) < 1e-9 or serves(crs, *strict):
        return (*strict, "")
    if serves(crs, raw.eastings, raw.northings):
        return (
            raw.eastings,
            raw.northings,
            f"eastings and northings are read in the units of {crs}, not the file's",
        )
    return (*strict, "")


def _from_site(site: RawSite, model: RawModel) -> Placement | None:
    if site.latitude is None or site.longitude is None:
        return None
    lat, lat_mixed = degrees(site.latitude)
    lon, lon_mixed = degrees(site.longitude)
    doubts = []
    if lat_mixed or lon_mixed:
        doubts.append(f"its latitude {site.latitude} or longitude {site.longitude} mixes signs")
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return Placement(
            *(PlacementSource.SITE_POSITION, f"IfcSite {site.global_id}", "", 0.0, 0.0, 0.0, 1.0),
            doubts=(f"latitude {lat:.6f}, longitude {lon:.6f} is not on Earth",),
        )
    if abs(lat) < 1e-6 and abs(lon) < 1e-6:
        doubts.append("latitude 0, longitude 0 is a program's default")
    # North is up in the local plane, so true north must turn onto the y axis.
    x, y = model.true_north or (0.0, 1.0)
    turn = math.pi / 2 - math.atan2(y, x)
    ox, oy = site.origin_m[:2]
    return Placement(
        source=PlacementSource.SITE_POSITION,
        entity=f"IfcSite {site.global_id}",
        crs=f"+proj=aeqd +lat_0={lat:.9f} +lon_0={lon:.9f} +datum=WGS84 +units=m +no_defs",
        easting=-(ox * math.cos(turn) - oy * math.sin(turn)),
        northing=-(ox * math.sin(turn) + oy * math.cos(turn)),
        rotation_deg=math.degrees(turn),
        scale=1.0,
        height_m=site.elevation_m,
        notes=() if model.true_north else ("true north is not stated; the y axis is taken as north",),
        doubts=tuple(doubts),
    )


def degrees(parts: Sequence[int]) -> tuple[float, bool]:
    """Decimal degrees of an IfcCompoundPlaneAngleMeasure, and whether its signs are mixed (an error).

    Parts are degrees, minutes, seconds and optionally millionths of a second, all with the same sign.
    [degrees]
    """
    weights = (1.0, 1 / 60, 1 / 3600, 1 / 3.6e9)
    value = sum(p * w for p, w in zip(parts, weights, strict=False))
    return value, any(p < 0 for p in parts) and any(p > 0 for p in parts)
