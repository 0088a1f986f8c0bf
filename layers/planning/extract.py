"""The planning look-up as a document: information on plans, which it is called, never a certificate.

What it has to hold follows from what a citizen must be told: the parcel as found; each plan that touches it with its
decision and state; functions with areas; figures, or that the plan sets none; the plan of the land law apart; what
contradicts; dates, accuracy and transformation; and what is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import shapely
from shapely.geometry.base import BaseGeometry

from layers.cartography import map_of
from layers.planning.answer import FIGURES, NO_DATA, LandUse, Option, Parcel, ParcelAnswer, Part, PlanNote
from layers.planning.lookup import lookup
from twin.core import Twin
from twin.documents.content import Block, Content, Facts, MapContent, Paragraph, Section, Table
from twin.documents.map.frame import zone_for
from twin.documents.map.symbols import MapFeature, MapLayer, Symbol
from twin.documents.wording import day, number, plain
from twin.errors import CrsError, NotFoundError, ParameterError
from twin.geo.geodesy import geodesic_circle
from twin.model.view import CITIZEN, View
from twin.types import LonLat

LAYERS = ("plan_zones", "parcels", "building_lines", "red_lines")
"""What the map shows around the parcel, where the viewer has it; the lowest first."""
_REACH_M = 400.0
_AROUND_POINT_M = 40.0

LEVELS = {"general": "quy hoạch chung", "subdivision": "quy hoạch phân khu", "detailed": "quy hoạch chi tiết"}
STATES = {
    "hieu_luc": "đang hiệu lực",
    "dang_dieu_chinh": "đang hiệu lực, đang điều chỉnh",
    "du_thao": "dự thảo",
    "het_hieu_luc": "hết hiệu lực",
}
_FIGURES = {
    "density_max": ("mật độ xây dựng tối đa", "%"),
    "floors_min": ("số tầng tối thiểu", ""),
    "floors_max": ("số tầng tối đa", ""),
    "height_max": ("chiều cao tối đa", "m"),
    "far_max": ("hệ số sử dụng đất tối đa", ""),
    "setback_m": ("khoảng lùi", "m"),
}
NOT_SET = "đồ án không quy định"


def extract(
    t: Twin,
    *,
    lon: float | None = None,
    lat: float | None = None,
    parcel: str | None = None,
    commune: str | None = None,
    area_m2: float | None = None,
    view: View | None = None,
    crs: str | None = None,
    scale: int | None = None,
) -> Content:
    """The extract for a place or a parcel, named as for :func:`layers.planning.lookup.lookup`.

    It is public if a citizen would be answered the same.

    Raises
    ------
    NotFoundError
        If there is no such parcel.
    ParameterError
        If several parcels match; the text names them.
    """
    resolved = t.store.resolve(view or t.view())
    named = {"lon": lon, "lat": lat, "parcel": parcel, "commune": commune, "area_m2": area_m2}
    answer = lookup(t, **named, view=resolved)  # type: ignore[arg-type]
    _require_one(answer)
    as_citizen = View(CITIZEN, resolved.at, resolved.known_at)
    public = not resolved.viewer.is_staff
    if not public:
        public = lookup(t, **named, view=as_citizen).as_dict() == answer.as_dict()  # type: ignore[arg-type]
    # What anybody may see must not show on its map what they may not.
    drawn_for = as_citizen if public else resolved
    return content_of(answer, public=public, drawn=_map(t, answer, drawn_for, crs, scale))


def _require_one(answer: ParcelAnswer) -> None:
    if answer.status == "not_found":
        raise NotFoundError("there is no such parcel", hint="Check sheet, plot and commune.")
    if answer.status == "several":
        told = "; ".join(
            f"thửa {p.plot} tờ {p.sheet}, {p.commune} ({number(p.area_m2, 1)} m²)" for p in answer.candidates
        )
        raise ParameterError(f"several parcels match: {told}", where="parcel", hint="Name the commune or the area.")


def content_of(answer: ParcelAnswer, *, public: bool, drawn: MapContent | None) -> Content:
    """The extract of an answer."""
    return Content(
        template="planning_extract",
        title="Trích thông tin quy hoạch",
        title_en="Extract of planning information",
        subtitle=_subtitle(answer),
        at=answer.at,
        known_at=answer.known_at,
        data_date=answer.data_date,
        summary=answer.summary,
        facts=_facts(answer),
        sections=_sections(answer),
        data={"answer": answer.as_dict()},
        disclaimer=answer.disclaimer,
        map=drawn,
        public=public,
    )


def _subtitle(answer: ParcelAnswer) -> str:
    if answer.parcel is not None:
        p = answer.parcel
        return f"Thửa đất số {p.plot}, tờ bản đồ số {p.sheet}, {p.commune or 'không rõ xã, phường'}"
    assert answer.point is not None
    return f"Vị trí {plain(answer.point.lat)}° bắc, {plain(answer.point.lon)}° đông (không tìm thấy thửa đất)"


def _facts(answer: ParcelAnswer) -> tuple[tuple[str, str], ...]:
    p = answer.parcel
    if p is None:
        return (("Thửa đất", "không có trong dữ liệu tại vị trí này"),)
    rows = [
        ("Thửa đất", f"số {p.plot}, tờ {p.sheet}, {p.commune}{f' (mã {p.commune_code})' if p.commune_code else ''}")
    ]
    if p.old_commune or p.old_plot:
        old = f"số {p.old_plot or '–'}, tờ {p.old_sheet or '–'}, {p.old_commune or '–'}"
        rows.append(("Số hiệu trước sắp xếp", old))
    rows += [
        ("Diện tích theo hồ sơ", NO_DATA if p.area_certificate_m2 is None else number(p.area_certificate_m2, 1, "m²")),
        ("Diện tích tính từ bản đồ", number(p.area_m2, 1, "m²")),
        ("Hệ tọa độ của tờ bản đồ", _crs(p)),
    ]
    return tuple(rows)


def _crs(parcel: Parcel) -> str:
    return parcel.crs or "không rõ"


def _sections(answer: ParcelAnswer) -> tuple[Section, ...]:
    measured = answer.parcel is not None
    made = [
        Section("Chức năng sử dụng đất theo quy hoạch", (_functions(answer.parts, answer.plans, measured=measured),)),
        Section("Chỉ tiêu quy hoạch", _figures(answer.parts)),
        Section("Đồ án quy hoạch tại vị trí này", (_plans(answer.plans),)),
        Section("Quy hoạch sử dụng đất theo pháp luật đất đai", (_land_use(answer.land_use),)),
    ]
    if answer.flags:
        made.append(Section("Điều cần lưu ý", tuple(Paragraph(f.text, "warning") for f in answer.flags)))
    made.append(Section("Dữ liệu", (_data(answer),)))
    return tuple(made)


def _functions(parts: Sequence[Part], plans: Sequence[PlanNote], *, measured: bool) -> Table:
    names = {plan.code: plan.name or plan.code for plan in plans}
    rows = [_function(part, names, measured=measured) for part in parts]
    return Table(
        ("Mã", "Chức năng", "Diện tích (m²)", "Tỷ lệ", "Theo đồ án"),
        tuple(rows),
        widths=(2.3, 2.5, 1.5, 1.0, 2.9),
        numbers=(2, 3),
        empty="Chưa có dữ liệu quy hoạch tại đây; không có nghĩa là không vướng quy hoạch.",
    )


def _function(part: Part, names: dict[str, str], *, measured: bool) -> tuple[str, ...]:
    area = number(part.area_m2, 1) if measured and part.area_m2 is not None else "–"
    share = number(part.share * 100, 1, "%") if measured and part.share is not None else "–"
    if part.kind == "no_data":
        return (
            "–",
            f"{NO_DATA.capitalize()}: {part.reason}" if part.reason else NO_DATA.capitalize(),
            area,
            share,
            "–",
        )
    codes = " / ".join(dict.fromkeys(o.function for o in part.options))
    said = " hoặc ".join(dict.fromkeys(o.function_name for o in part.options))
    if part.kind == "conflict":
        said = f"Chưa xác định ({said})"
    return (codes, said, area, share, "; ".join(dict.fromkeys(names.get(o.plan, o.plan) for o in part.options)))


def _figures(parts: Sequence[Part]) -> tuple[Block, ...]:
    options = {(o.plan, o.zone): o for part in parts for o in part.options}
    if not options:
        return (Paragraph("Không có đồ án nào trả lời tại đây nên không có chỉ tiêu.", "note"),)
    rows = tuple((_zone(o), *(_figure(o, name) for name in FIGURES)) for o in options.values())
    head = ("Ô quy hoạch", "Mật độ", "Tầng tối thiểu", "Tầng tối đa", "Cao tối đa", "Hệ số SDĐ", "Khoảng lùi")
    table = Table(head, rows, widths=(2.4, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2))
    return table, Paragraph(f"“–”: {NOT_SET}.", "note")


def _zone(option: Option) -> str:
    return f"{option.zone or option.function} – {option.function_name}"


def _figure(option: Option, name: str) -> str:
    value = getattr(option.figures, name)
    return "–" if value is None else plain(value, _FIGURES[name][1])


def _plans(plans: Sequence[PlanNote]) -> Table:
    rows = tuple((_plan(p), _decision(p), STATES.get(p.status, p.status or "không rõ"), p.reason) for p in plans)
    return Table(
        ("Đồ án", "Quyết định", "Tình trạng", "Áp dụng tại đây"),
        rows,
        widths=(3.2, 2.4, 1.8, 2.6),
        empty="Không có đồ án nào trong dữ liệu tại vị trí này.",
    )


def _plan(plan: PlanNote) -> str:
    level = LEVELS.get(plan.level, plan.level or "không rõ cấp")
    scale = f", tỷ lệ {plan.scale}" if plan.scale else ""
    return f"{plan.name or plan.code} ({level}{scale}). Mã thông tin: {plan.code}"


def _decision(plan: PlanNote) -> str:
    when = plan.decision_date.strftime("%d/%m/%Y") if plan.decision_date else "không rõ ngày"
    return f"{plan.decision or 'không rõ số'}, {when}{f', {plan.authority}' if plan.authority else ''}"


def _land_use(uses: Sequence[LandUse]) -> Table:
    rows = tuple(
        (
            use.code or "–",
            use.name,
            "–" if use.area_m2 is None else number(use.area_m2, 1),
            "–" if use.share is None else number(use.share * 100, 1, "%"),
        )
        for use in uses
    )
    return Table(
        ("Mã", "Loại đất", "Diện tích (m²)", "Tỷ lệ"),
        rows,
        widths=(1.0, 5.0, 1.6, 1.2),
        numbers=(2, 3),
        empty="Chưa có dữ liệu quy hoạch sử dụng đất tại đây.",
    )


def _data(answer: ParcelAnswer) -> Facts:
    missing = ", ".join(answer.missing_layers)
    rows = [
        ("Cập nhật dữ liệu quy hoạch", day(answer.data_date) if answer.data_date else "không rõ"),
        ("Độ chính xác vị trí", "không rõ (hồ sơ số không kèm sai số)"),
        ("Phép chuyển tọa độ", answer.crs_operation or "không dùng"),
        ("Phần đất trong chỉ giới đường đỏ", "chưa tính được; xem đường chỉ giới trên sơ đồ, nếu có"),
    ]
    if missing:
        rows.append(("Lớp dữ liệu chưa có", missing))
    return Facts(tuple(rows))


def _map(t: Twin, answer: ParcelAnswer, view: View, crs: str | None, scale: int | None) -> MapContent | None:
    shape, found = _place(t, answer, view)
    if shape is None:
        return None
    symbol = Symbol("line", "Thửa đất được tra cứu" if found else "Vị trí tra cứu", "#b3261e", width_mm=0.7)
    label = f"{answer.parcel.sheet}/{answer.parcel.plot}" if answer.parcel else ""
    marked = MapLayer(
        "asked", symbol.label, (symbol,), (MapFeature(shape, 0, label),), label_size_pt=7.5, label_color="#7d1a14",
        label_priority=1e9,
    )  # fmt: skip
    west, south, east, north = shape.bounds
    reach = _REACH_M + 4 * 111_000 * max(east - west, north - south)
    zone = crs or _own_zone(answer, shape)
    drawn = map_of(
        t, LAYERS, view=view, extent=[shape], reach_m=reach, crs=zone, scale=scale, over=[marked], optional=True,
        title="Sơ đồ vị trí thửa đất",
    )  # fmt: skip
    answering = {plan.code for plan in answer.plans if plan.answers}
    return replace(drawn, layers=tuple(_for_print(layer, answering) for layer in drawn.layers))


def _for_print(layer: MapLayer, answering: set[str]) -> MapLayer:
    """Zones of the plans that answer alone, so that each spot has one colour, that of the legend; dark borders."""
    if layer.name == "plan_zones":
        return replace(layer, features=tuple(f for f in layer.features if f.group in answering))
    if layer.name == "parcels":
        symbol = Symbol("line", "Ranh giới thửa đất", "#3d4642", width_mm=0.15)
        return replace(layer, symbols=(symbol,) * len(layer.symbols))
    return layer


def _place(t: Twin, answer: ParcelAnswer, view: View) -> tuple[BaseGeometry | None, bool]:
    if answer.parcel is not None:
        features = t.store.features(view, "parcels", fids=[answer.parcel.fid])
        if features and features[0].geometry is not None:
            return features[0].geometry, True
    if answer.point is not None:
        return geodesic_circle(LonLat(answer.point.lon, answer.point.lat), _AROUND_POINT_M), False
    return None, False


def _own_zone(answer: ParcelAnswer, shape: BaseGeometry) -> str | None:
    """The zone the parcel's sheet is drawn in, if it is drawn in one."""
    try:
        return zone_for(shapely.envelope(shape), answer.parcel.crs) if answer.parcel and answer.parcel.crs else None
    except CrsError:
        return None
