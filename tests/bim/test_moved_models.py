"""A model moved, turned, lifted or written in other units measures the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.unit
import pytest

from bim.model import Building, read_model

pytestmark = pytest.mark.data

Change = Callable[[Any], Any]


def moved(x: float, y: float, z: float, turn_deg: float) -> Change:
    """Put the site elsewhere; every element hangs on it."""

    def change(model: Any) -> Any:
        turn = math.radians(turn_deg)
        axes = model.create_entity(
            "IfcAxis2Placement3D",
            Location=model.create_entity("IfcCartesianPoint", Coordinates=(x, y, z)),
            Axis=model.create_entity("IfcDirection", DirectionRatios=(0.0, 0.0, 1.0)),
            RefDirection=model.create_entity("IfcDirection", DirectionRatios=(math.cos(turn), math.sin(turn), 0.0)),
        )
        model.by_type("IfcSite")[0].ObjectPlacement.RelativePlacement = axes
        return model

    return change


def in_millimetres(model: Any) -> Any:
    return ifcopenshell.util.unit.convert_file_length_units(model, "MILLIMETRE")


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> Building:
    return read_model(shared_data / "ifc" / "AC20-FZK-Haus.ifc").buildings[0]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(moved(0.0, 0.0, 0.0, 33.0), id="turned"),
        pytest.param(moved(555_000.0, 1_275_000.0, 85.0, 211.7), id="in map coordinates, lifted and turned"),
        pytest.param(in_millimetres, id="in millimetres"),
    ],
)
def test_area_height_and_storeys_do_not_depend_on_place_turn_or_unit(
    shared_data: Path, tmp_path: Path, reference: Building, change: Change
) -> None:
    path = tmp_path / "changed.ifc"
    change(ifcopenshell.open(shared_data / "ifc" / "AC20-FZK-Haus.ifc")).write(str(path))
    changed = read_model(path).buildings[0]
    assert changed.footprint_m2 == pytest.approx(reference.footprint_m2, abs=1e-3)
    assert changed.height_m == pytest.approx(reference.height_m, abs=1e-6)
    assert changed.depth_m == pytest.approx(reference.depth_m, abs=1e-6)
    assert [s.elevation_m for s in changed.storeys] == pytest.approx([0.0, 2.7], abs=1e-6)
    assert [s.space_area_m2 for s in changed.storeys] == pytest.approx(
        [s.space_area_m2 for s in reference.storeys], abs=1e-3
    )
