"""Where a model stands on Earth: every statement of its file, what each leads to, and which one is used.

A file may place its model by a map conversion (coordinates in a projected system), by the same in property
sets (the IFC2X3 convention) and by latitude and longitude of the site with true north. They often
contradict. Each is worked out by itself; they are compared where the building stands; none is ever mixed
with another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyproj
import shapely

from bim.findings import Finding, Severity
from bim.ifc.raw import RawModel
from bim.map_crs import given_crs, serves
from bim.placement import GivenPlacement, Placement, PlacementSource
from bim.statements import candidates as statements
from twin.errors import CrsError, ParameterError
from twin.types import LonLat

_GEOD = pyproj.Geod(ellps="WGS84")
_AGREE_M = 100.0
"""Site positions are often those of the plot or town; nearer than this two sources agree [m]."""
_AGREE_DEG = 5.0


@dataclass(frozen=True, slots=True)
class Placing:
    """All placements of a model, the one used (``None``: it cannot be placed), and what to say about it."""

    candidates: tuple[Placement, ...]
    chosen: Placement | None
    findings: tuple[Finding, ...]


def place(
    raw: RawModel,
    reference: tuple[float, float],
    *,
    wanted: PlacementSource | GivenPlacement | None = None,
    crs: str | None = None,
) -> Placing:
    """Work out every placement, compare them at ``reference`` (model metres) and choose.

    ``crs`` replaces the file's own name of its map system (and places a model drawn in map coordinates).

    Raises
    ------
    ParameterError
        ``wanted`` names a source that the file lacks.
    CrsError
        ``crs`` is no projected system.
    """
    override = None if crs is None else given_crs(crs)
    candidates = [_located(c, reference, override is not None) for c in statements(raw, wanted, override)]
    chosen = _choose(candidates, wanted)
    return Placing(tuple(candidates), chosen, tuple(_remarks(candidates, chosen, wanted)))


def _located(candidate: Placement, reference: tuple[float, float], crs_given: bool) -> Placement:
    """Fill in where the candidate puts the building and which way its x axis points."""
    if not candidate.crs:
        return candidate
    x, y = reference
    try:
        ends = candidate.to_wgs84(shapely.linestrings([[x, y], [x + 50.0, y]]))
    except CrsError:
        return replace(candidate, doubts=(*candidate.doubts, f"its coordinates lie outside {candidate.crs}"))
    (lon, lat), (lon2, lat2) = shapely.get_coordinates(ends).tolist()
    doubts = list(candidate.doubts)
    east, north = candidate.on_map(np.array([x]), np.array([y]))
    if not serves(candidate.crs, float(east[0]), float(north[0])):
        given = " (given)" if crs_given else ""
        doubts.append(f"lon {lon:.4f}, lat {lat:.4f} is outside the area of {candidate.crs}{given}")
    silent = candidate.source is PlacementSource.SITE_POSITION and bool(candidate.notes)
    return replace(
        candidate,
        position=LonLat(lon, lat),
        x_axis_azimuth_deg=None if silent else float(_GEOD.inv(lon, lat, lon2, lat2)[0] % 360),
        doubts=tuple(doubts),
    )


def _choose(candidates: Sequence[Placement], wanted: PlacementSource | GivenPlacement | None) -> Placement | None:
    if wanted is None:
        return next((c for c in candidates if c.plausible), None)
    source = PlacementSource.GIVEN if isinstance(wanted, GivenPlacement) else wanted
    found = next((c for c in candidates if c.source is source and c.position is not None), None)
    if found is None:
        usable = ", ".join(sorted({c.source.value for c in candidates if c.position is not None})) or "none"
        raise ParameterError(
            f"the model cannot be placed by {source.value!r}; its usable placements are: {usable}",
            where="placement",
            hint="Choose one of these, or give easting, northing, rotation and CRS.",
        )
    return found


def _remarks(
    candidates: Sequence[Placement],
    chosen: Placement | None,
    wanted: PlacementSource | GivenPlacement | None,
) -> list[Finding]:
    remarks = [_doubtful(c, c is chosen) for c in candidates if c.doubts]
    if chosen is None:
        return [*remarks, Finding("no-placement", Severity.WARNING, _unplaced(candidates))]
    others = [c for c in candidates if c is not chosen and c.position is not None]
    disagreeing = [(c, why) for c in others for why in [disagreement(chosen, c)] if why]
    agreeing = [c for c in others if c not in [d for d, _ in disagreeing]]
    because = "as asked" if wanted is not None else "the first plausible source in the order of preference"
    for other, why in disagreeing:
        message = f"{other.entity} contradicts {chosen.entity}: {why}. Used is {chosen.entity}, {because}."
        remarks.append(Finding("placements-disagree", Severity.WARNING, message))
    for other in agreeing:
        message = f"{other.entity} agrees with {chosen.entity} within {_apart(chosen, other):.1f} m."
        remarks.append(Finding("placements-agree", Severity.INFO, message))
    for note in chosen.notes:
        severity = Severity.INFO if chosen.source is PlacementSource.SITE_POSITION else Severity.WARNING
        remarks.append(Finding("placement-reading", severity, f"{chosen.entity}: {note}."))
    return remarks


def _doubtful(candidate: Placement, used: bool) -> Finding:
    verb = "is used all the same, as asked" if used else "is not used"
    message = f"{candidate.entity} {verb}: {'; '.join(candidate.doubts)}."
    return Finding("placement-doubtful", Severity.WARNING, message)


def _unplaced(candidates: Sequence[Placement]) -> str:
    if not candidates:
        return (
            "The file does not say where the building stands (no IfcMapConversion, no latitude and "
            "longitude); it has no place on the map until a placement is given."
        )
    return "No statement of the file about its place can be trusted; give a placement or a CRS."


def disagreement(one: Placement, other: Placement) -> str:
    """How two placements contradict, in words; empty where they agree within 100 m and 5°."""
    apart = _apart(one, other)
    if apart > _AGREE_M:
        return f"they put the building {_length(apart)} apart ({_where(other)} against {_where(one)})"
    if one.x_axis_azimuth_deg is not None and other.x_axis_azimuth_deg is not None:
        turn = abs((one.x_axis_azimuth_deg - other.x_axis_azimuth_deg + 180) % 360 - 180)
        if turn > _AGREE_DEG:
            return f"they turn it {turn:.1f}° apart"
    return ""


def _apart(one: Placement, other: Placement) -> float:
    """Geodesic distance between where two placements put the building [m]."""
    assert one.position is not None
    assert other.position is not None
    return float(_GEOD.inv(one.position.lon, one.position.lat, other.position.lon, other.position.lat)[2])


def _where(placement: Placement) -> str:
    assert placement.position is not None
    return f"lat {placement.position.lat:.5f}, lon {placement.position.lon:.5f}"


def _length(metres: float) -> str:
    return f"{metres / 1000:,.1f} km" if metres >= 10_000 else f"{metres:,.1f} m"
