"""Plan edits of the demonstration city, in every state: proposed, with a problem, returned, rejected, published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from api.demo.frame import CRS
from twin.cases import plan_edit
from twin.cases.engine import Cases
from twin.core import Twin
from twin.geo.crs import from_wgs84
from twin.model.view import Role, View, Viewer
from twin.types import Json, LonLat

LAYER = "plan_zones"
PLANNER = Viewer("demo:planner", Role.PLANNER, "demo:planner")
REVIEWER = Viewer("demo:reviewer", Role.REVIEWER, "demo:reviewer")
"""Whom a visitor of the open city acts as, so that they can go on with these cases."""


@dataclass(frozen=True, slots=True)
class Story:
    """One proposal and what became of it: transitions with their reasons, the hours before the birth of each."""

    zone: str
    reason: str
    hours: float
    properties: dict[str, Json] | None = None
    wider_m: float = 0.0
    decision: str = ""
    acts: tuple[tuple[Viewer, str, str], ...] = ()


STORIES: tuple[Story, ...] = (
    Story(
        "CT-c3r2-1:L-0104a", "Đính chính tầng cao theo bản vẽ đã phê duyệt: 6 tầng, hồ sơ số hóa ghi 5.", 30,
        {"floors_max": 6, "height_max": 22.8},
    ),
    Story(
        "CT-c3r2-1:L-0105a", "Mở rộng ô đất ở theo ranh giao đất thực tế (lấn sang ô bên cạnh, cần xem lại).", 20,
        wider_m=4.0,
    ),
    Story(
        "CT-c3r2-2:L-0207a", "Điều chỉnh mật độ xây dựng tối đa theo kiến nghị của chủ đầu tư.", 75,
        {"density_max": 75.0}, acts=((REVIEWER, "return", "Thiếu văn bản của cơ quan phê duyệt đồ án."),),
    ),
    Story(
        "CT-c3r2-2:L-0208b", "Bỏ khoảng lùi để đồng bộ với dãy nhà hiện hữu.", 100, {"setback_m": 0.0},
        acts=((REVIEWER, "reject", "Khoảng lùi do đồ án quy định, không đính chính được."),),
    ),
    Story(
        "CT-c3r2-2:L-0208a", "Đính chính khoảng lùi: quyết định phê duyệt ghi 4 m.", 120, {"setback_m": 4.0},
        decision="118/QĐ-UBND (tổng hợp)", acts=((REVIEWER, "approve", "Khớp với bản gốc."),),
    ),
)  # fmt: skip


def put_plan_edits(t: Twin, birth: datetime) -> int:
    """Open the proposals and carry them on; how many there are."""
    for story in STORIES:
        opened = birth - timedelta(hours=story.hours)
        zone = _zone(t, story)
        middle = zone.representative_point()
        place = LonLat(round(middle.x, 6), round(middle.y, 6))
        case = _at(t, opened).open(PLANNER, plan_edit.NAME, _body(zone, story), place=place)
        for number, (viewer, transition, reason) in enumerate(story.acts, 1):
            later = _at(t, opened + timedelta(hours=4 * number))
            case = later.act(viewer, case.id, transition, seen=case.version, reason=reason)
    return len(STORIES)


def _at(t: Twin, moment: datetime) -> Cases:
    return Cases(t.store, now=lambda: moment)


def _zone(t: Twin, story: Story) -> BaseGeometry:
    (zone,) = t.store.features(View(PLANNER), LAYER, fids=[story.zone])
    assert zone.geometry is not None
    return zone.geometry


def _body(zone: BaseGeometry, story: Story) -> dict[str, Json]:
    change: dict[str, Json] = {"fid": story.zone, "properties": dict(story.properties) if story.properties else None}
    if story.wider_m:
        drawn = from_wgs84([zone], CRS)[0].buffer(story.wider_m, join_style="mitre")
        change |= {"geometry": mapping(drawn), "crs": CRS}
    return {"layer": LAYER, "changes": [change], "reason": story.reason, "decision": story.decision}
