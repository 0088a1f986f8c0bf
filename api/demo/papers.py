"""Two issued documents, so that a visitor has something to verify: an extract and a map."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.demo.frame import CRS
from api.demo.plan_edits import PLANNER
from layers.cartography import layer_map
from layers.planning.extract import extract
from twin.core import Twin
from twin.documents.compose import Paper
from twin.documents.register import Issuing, issue
from twin.types import BBox

PARCEL: Final = ("24/24", "Xã Nha Bích")
"""It straddles a street of its plan: two functions, a plan under adjustment."""
MAPPED: Final = ("plan_zones", "stream", "roads", "parcels")


def put_papers(t: Twin, *, now: datetime) -> None:
    """Issue them as a made-up planner."""
    acting = t.as_viewer(PLANNER)
    how = Issuing(issuer="Đồng Xoài thu nhỏ (dữ liệu tổng hợp)")
    told = extract(acting, parcel=PARCEL[0], commune=PARCEL[1])
    issue(acting, told, now=now, issuing=how)
    assert told.map is not None
    west, south, east, north = told.map.extent[0].bounds
    around = BBox(west - 0.0015, south - 0.001, east + 0.0015, north + 0.001)
    drawn = layer_map(
        acting,
        MAPPED,
        bbox=around,
        view=acting.view(),
        title="Quy hoạch và thửa đất",
        subtitle=PARCEL[1],
        crs=CRS,
    )
    issue(acting, drawn, now=now, paper=Paper("A3", landscape=True), issuing=how)
