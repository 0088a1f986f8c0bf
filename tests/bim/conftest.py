"""Models the tests of this room share: real ones read once, and small ones written as text."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from bim.model import BuildingModel, read_model


@pytest.fixture(scope="session")
def real_model(shared_data: Path) -> Callable[[str], BuildingModel]:
    """Read a model of the shared data, each file once."""

    @cache
    def read(name: str) -> BuildingModel:
        return read_model(shared_data / "ifc" / name)

    return read


HEAD = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION(('ViewDefinition [ReferenceView]'),'2;1');
FILE_NAME('block.ifc','2026-01-05T08:00:00',(''),(''),'','','');
FILE_SCHEMA(('{schema}'));
ENDSEC;
DATA;
#1=IFCSIUNIT(*,.LENGTHUNIT.,{prefix},.METRE.);
#2=IFCUNITASSIGNMENT((#1));
#3=IFCCARTESIANPOINT((0.,0.,0.));
#4=IFCAXIS2PLACEMENT3D(#3,$,$);
#5=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,#4,$);
#6=IFCPROJECT('0000000000000000000001',$,'Khối thử',$,$,$,$,(#5),#2);
#7=IFCLOCALPLACEMENT({parent},#4);
#8=IFCBUILDING('0000000000000000000002',$,'Nhà thử',$,$,#7,$,$,.ELEMENT.,$,$,$);
#9=IFCRELAGGREGATES('0000000000000000000003',$,$,$,#6,(#8));
#10=IFCWALL('0000000000000000000004',$,'Khối',$,$,#7,#11,$,$);
#11=IFCPRODUCTDEFINITIONSHAPE($,$,(#12));
#12=IFCSHAPEREPRESENTATION(#5,'Body','CSG',(#{top}));
#13=IFCRELCONTAINEDINSPATIALSTRUCTURE('0000000000000000000005',$,$,$,(#10),#8);
#99=IFCBLOCK(#4,4.,3.,5.);
"""


@pytest.fixture
def write_block(tmp_path: Path) -> Callable[..., Path]:
    """Write a building that is one block of 4 by 3 by 5 units, with what a test wants to be odd about it.

    ``doublings`` unites the block with itself so many times, each result used twice by the next.
    """

    def write(
        *,
        schema: str = "IFC4",
        prefix: str = "$",
        parent: str = "$",
        doublings: int = 0,
        extra: str = "",
        name: str = "block.ifc",
    ) -> Path:
        head = HEAD.format(schema=schema, prefix=prefix, parent=parent, top=99 + doublings)
        union = "".join(f"#{100 + n}=IFCBOOLEANRESULT(.UNION.,#{99 + n},#{99 + n});\n" for n in range(doublings))
        path = tmp_path / name
        path.write_text(f"{head}{union}{extra}ENDSEC;\nEND-ISO-10303-21;\n", encoding="utf-8")
        return path

    return write
