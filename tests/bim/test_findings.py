"""What is odd about a model is said, and how it was measured all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bim.findings import Finding
from bim.model import read_model

WriteBlock = Callable[..., Path]

STOREYS = """#20=IFCBUILDINGSTOREY('000000000000000000000A',$,'Tầng 1',$,$,#21,$,$,.ELEMENT.,0.);
#21=IFCLOCALPLACEMENT(#7,#4);
#22=IFCBUILDINGSTOREY('000000000000000000000B',$,'Tầng 2',$,$,#23,$,$,.ELEMENT.,{declared});
#23=IFCLOCALPLACEMENT(#7,#25);
#24=IFCCARTESIANPOINT((0.,0.,2.5));
#25=IFCAXIS2PLACEMENT3D(#24,$,$);
#26=IFCRELAGGREGATES('000000000000000000000C',$,$,$,#8,(#20,#22));
"""
SLAB = """#30=IFCSLAB('000000000000000000000D',$,'Sàn',$,$,#31,#33,$,.FLOOR.);
#31=IFCLOCALPLACEMENT(#7,#32);
#32=IFCAXIS2PLACEMENT3D(#3,$,$);
#33=IFCPRODUCTDEFINITIONSHAPE($,$,(#34));
#34=IFCSHAPEREPRESENTATION(#5,'Body','CSG',(#35));
#35=IFCBLOCK(#32,{size});
#36=IFCRELCONTAINEDINSPATIALSTRUCTURE('000000000000000000000E',$,$,$,(#30),#{where});
"""


def findings(path: Path) -> dict[str, Finding]:
    return {f.code: f for f in read_model(path).findings}


def test_a_building_without_storeys_is_measured_from_its_lowest_point(write_block: WriteBlock) -> None:
    found = findings(write_block())
    assert "lowest point of the geometry" in found["no-storeys"].message


def test_walls_without_a_floor_have_their_holes_filled(write_block: WriteBlock) -> None:
    building = read_model(write_block()).buildings[0]
    assert building.footprint_from == "walls, holes filled"
    assert building.footprint_m2 == pytest.approx(12.0)


def test_a_house_of_a_few_millimetres_raises_the_question_of_units(write_block: WriteBlock) -> None:
    # 4 by 3 by 5 drawn as metres and declared as millimetres.
    found = findings(write_block(prefix=".MILLI."))
    assert "0.005 m high on 0 m²; is the length unit (MILLIMETRE) right?" in found["size-unlikely"].message


def test_a_house_of_kilometres_raises_the_question_of_units(write_block: WriteBlock) -> None:
    found = findings(write_block(prefix=".KILO."))
    assert "is the length unit (KILOMETRE) right?" in found["size-unlikely"].message


def test_a_model_without_units_is_taken_in_metres_and_says_so(write_block: WriteBlock) -> None:
    path = write_block()
    path.write_text(path.read_text(encoding="utf-8").replace("(#5),#2);", "(#5),$);"), encoding="utf-8")
    model = read_model(path)
    assert model.buildings[0].height_m == pytest.approx(5.0)
    assert "unit-missing" in {f.code for f in model.findings}


def test_a_storey_declared_elsewhere_than_it_lies_is_named(write_block: WriteBlock) -> None:
    path = write_block(extra=STOREYS.format(declared="3.1"))
    model = read_model(path)
    assert [s.elevation_m for s in model.buildings[0].storeys] == pytest.approx([0.0, 2.5])
    finding = next(f for f in model.findings if f.code == "storey-level-differs")
    assert finding.elements == ("000000000000000000000B",)


def test_storeys_that_lie_as_declared_raise_nothing(write_block: WriteBlock) -> None:
    found = findings(write_block(extra=STOREYS.format(declared="2.5")))
    assert set(found) == {"no-placement"}


def test_a_floor_lifted_high_above_its_storey_still_bounds_the_height(write_block: WriteBlock) -> None:
    extra = STOREYS.format(declared="2.5") + SLAB.format(size="4.,3.,0.2", where=22)
    building = read_model(write_block(extra=extra)).buildings[0]
    assert building.footprint_from == "walls and slabs"
    assert building.top_element == "0000000000000000000004"


def test_a_body_that_cannot_be_built_is_counted_and_named(write_block: WriteBlock) -> None:
    extra = STOREYS.format(declared="2.5") + SLAB.format(size="0.,0.,0.", where=20)
    found = findings(write_block(extra=extra))
    assert found["shape-failed"].elements == ("000000000000000000000D",)


def test_elements_outside_any_building_are_counted(write_block: WriteBlock) -> None:
    site = "#40=IFCSITE('000000000000000000000F',$,'Khu đất',$,$,#7,$,$,.ELEMENT.,$,$,$,$,$);\n"
    found = findings(write_block(extra=site + SLAB.format(size="9.,9.,0.2", where=40)))
    assert found["elements-outside"].message.startswith("1 building element")


def test_a_tree_beside_the_house_is_neither_height_nor_footprint(write_block: WriteBlock) -> None:
    tree = SLAB.format(size="50.,50.,40.", where=8).replace("IFCSLAB", "IFCBUILDINGELEMENTPROXY")
    tree = tree.replace(".FLOOR.", ".ELEMENT.")
    building = read_model(write_block(extra=tree)).buildings[0]
    assert building.height_m == pytest.approx(5.0)
    assert building.footprint_m2 == pytest.approx(12.0)
