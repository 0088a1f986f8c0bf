"""The city's layers: titles, attributes, who sees them, and how they are drawn (``layers/styles.py``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from api.demo.blocks import FUNCTIONS
from ingestion.events import CAMERA_EVENTS
from twin.law.book import Law
from twin.law.codes import land_use
from twin.model.layer import Field, FieldType, Layer, LayerKind
from twin.model.view import Access
from twin.types import Json

NOTE = "Dữ liệu tổng hợp: vẽ ra để trình diễn, không phải số liệu thật."
ATTRIBUTION = "Đồng Xoài thu nhỏ (dữ liệu tổng hợp)"
LICENCE = "CC0-1.0"

_S, _N, _I, _D = FieldType.STRING, FieldType.NUMBER, FieldType.INTEGER, FieldType.DATE
_STAFF = Access.STAFF


def _layer(
    name: str,
    title: str,
    title_en: str,
    geometry_type: str,
    group: str,
    order: int,
    fields: Sequence[Field],
    style: dict[str, Json],
    *,
    kind: LayerKind = LayerKind.FEATURE,
    access: Access = Access.PUBLIC,
    description: str = "",
    min_zoom: int = 0,
) -> Layer:
    return Layer(
        name=name, title=title, title_en=title_en, kind=kind, geometry_type=geometry_type, group=group,
        order=order, fields=tuple(fields), style=style, access=access, min_zoom=min_zoom,
        description=f"{description} {NOTE}".strip(), attribution=ATTRIBUTION, licence=LICENCE, synthetic=True,
    )  # fmt: skip


def _label(field: str, size: int, min_zoom: int, *, placement: str = "point", priority: int = 0) -> dict[str, Json]:
    return {"field": field, "size": size, "color": "#3a4541", "color_night": "#a9b5b0", "halo": "#ffffff",
            "halo_night": "#0d1312", "min_zoom": min_zoom, "placement": placement, "priority": priority}  # fmt: skip


def _paint(day: str, night: str, **more: Json) -> dict[str, Json]:
    return {"color": day, "color_night": night, **more}


def _dot(day: str, night: str, shape: str, radius: float, **more: Json) -> dict[str, Json]:
    return _paint(day, night, shape=shape, radius=radius, stroke="#ffffff", stroke_night="#0d1312", stroke_width=1,
                  **more)  # fmt: skip


def _function_classes() -> list[Json]:
    patterns = {"DAT_HTKT_DuongGT": "hatch", "DAT_KHAC_Songsuoi": "dots", "DAT_HTXH_CayxanhCC": "dots",
                "DAT_O_Honhop_Nhomo": "hatch_back", "DAT_Dichvu": "cross"}  # fmt: skip
    groups: dict[tuple[str, str], list[str]] = {}
    for use in FUNCTIONS.values():
        groups.setdefault((use.colour, patterns.get(use.code, "")), []).append(use.code)
    first: dict[str, str] = {}
    classes: list[Json] = []
    for use in FUNCTIONS.values():
        if use.colour in first:
            continue
        codes = [f.code for f in FUNCTIONS.values() if f.colour == use.colour]
        first[use.colour] = use.code
        entry: dict[str, Json] = {"value": list(codes), "color": use.colour, "label": use.name, "label_en": use.name_en}
        if use.code in patterns:
            entry["pattern"] = patterns[use.code]
        classes.append(entry)
    return classes


def _land_classes() -> list[Json]:
    """The land law's colours of the codes in use, where the record has one."""
    used = dict.fromkeys(use.land_code for use in FUNCTIONS.values())
    found = [code for name in used for code in land_use(Law.shipped(), name)]
    return [{"value": c.code, "color": c.rgb} for c in found if c.rgb is not None]


_PLAN_STATUS: list[Json] = [
    {"value": "hieu_luc", "color": "#353f3b", "color_night": "#cbd4d0", "label": "Đang hiệu lực",
     "label_en": "In force"},
    {"value": "dang_dieu_chinh", "color": "#74500a", "color_night": "#e6bd6a", "label": "Đang điều chỉnh",
     "label_en": "Being adjusted"},
    {"value": "du_thao", "color": "#76817b", "color_night": "#6d7b76", "label": "Dự thảo", "label_en": "Draft"},
    {"value": "het_hieu_luc", "color": "#c2cac5", "color_night": "#384541", "label": "Hết hiệu lực",
     "label_en": "Expired"},
]  # fmt: skip

_NAME = Field("name", _S, "Tên", "Name")


def base_layers() -> list[Layer]:
    """Ground, water, streets, names."""
    return [
        _layer("provinces_overview", "Việt Nam (đường nét sơ đồ)", "Viet Nam (schematic outline)", "Polygon", "base", 1,
               [_NAME, Field("name_en", _S, "Tên tiếng Anh", "English name")],
               {"maxzoom": 11, "fill": _paint("#e9ece7", "#161f1d", opacity=1.0, outline="#8d8796",
                                               outline_night="#7a8580")},
               description="Vài chục điểm vẽ tay, chỉ để định hướng; không dùng để xác định ranh giới."),
        _layer("place_names", "Địa danh toàn quốc", "Names over the country", "Point", "base", 2,
               [_NAME, Field("name_en", _S, "Tên tiếng Anh", "English name"), Field("rank", _I, "Hạng", "Rank")],
               {"maxzoom": 11, "label": _label("name", 12, 0, priority=90)}),
        _layer("communes", "Phường, xã", "Wards and communes", "Polygon", "base", 3,
               [_NAME, Field("code", _S, "Mã", "Code"), Field("population", _I, "Dân số", "Population", "người"),
                Field("area_km2", _N, "Diện tích", "Area", "km²"), Field("now", _S, "Nay thuộc", "Now part of"),
                Field("note", _S, "Ghi chú", "Note")],
               {"line": _paint("#8d8796", "#7a8580", width=1.2, dash=[4, 3]),
                "label": _label("name", 12, 10, priority=60)}),
        _layer("water", "Mặt nước", "Water", "Polygon", "base", 4, [_NAME, Field("kind", _S, "Loại", "Kind")],
               {"fill": _paint("#bcd7e4", "#173a4c", opacity=1.0), "label": _label("name", 11, 13, priority=40)}),
        _layer("stream", "Tim suối", "Stream centre lines", "LineString", "base", 5,
               [_NAME, Field("width_m", _N, "Rộng", "Width", "m")],
               {"minzoom": 9, "line": _paint("#8fbcd2", "#20506a", width=1.2),
                "label": _label("name", 11, 12, placement="line", priority=45)}),
        _layer("roads", "Đường", "Streets", "LineString", "base", 6,
               [_NAME, Field("class", _S, "Cấp đường", "Class"), Field("width_m", _N, "Rộng", "Width", "m"),
                Field("planned_width_m", _N, "Lộ giới quy hoạch", "Planned width", "m"),
                Field("label", _S, "Chữ trên bản đồ", "Text on the map")],
               {"line": _paint("#ffffff", "#222d2a", width=1.5, width_by="width_m", casing="#cfd6d0",
                               casing_night="#2f3b38", casing_width=1),
                "label": _label("label", 11, 13, placement="line", priority=50)}),
        _layer("bridges", "Cầu", "Bridges", "Polygon", "base", 7,
               [_NAME, Field("road", _S, "Trên đường", "Road"), Field("water", _S, "Qua", "Over"),
                Field("length_m", _N, "Dài", "Length", "m")],
               {"minzoom": 13, "fill": _paint("#ffffff", "#2f3b38", opacity=1.0, outline="#5f6a65",
                                              outline_night="#7a8580"),
                "label": _label("name", 11, 14, priority=55)}),
    ]  # fmt: skip


def planning_layers() -> list[Layer]:
    """Plans, zones, land use, parcels, red and building lines."""
    return [
        _layer("land_use", "Quy hoạch sử dụng đất", "Land-use plan (land law)", "Polygon", "planning", 20,
               [Field("code", _S, "Mã loại đất", "Code"), Field("name", _S, "Loại đất", "Land use")],
               {"minzoom": 11, "fill": {"by": "code", "opacity": 0.35, "color": "#fffffe",
                                        "classes": _land_classes()}},
               description="Theo pháp luật đất đai; lớp riêng với quy hoạch đô thị."),
        _layer("plan_zones", "Ô chức năng quy hoạch", "Planning zones", "Polygon", "planning", 21,
               [Field("plan", _S, "Đồ án", "Plan"), Field("zone", _S, "Ký hiệu ô", "Zone"),
                Field("function", _S, "Mã chức năng", "Function code"),
                Field("function_name", _S, "Chức năng", "Function"),
                Field("density_max", _N, "Mật độ xây dựng tối đa", "Density, at most", "%"),
                Field("floors_min", _I, "Tầng cao tối thiểu", "Floors, at least", "tầng"),
                Field("floors_max", _I, "Tầng cao tối đa", "Floors, at most", "tầng"),
                Field("height_max", _N, "Chiều cao tối đa", "Height, at most", "m"),
                Field("far_max", _N, "Hệ số sử dụng đất tối đa", "Floor area ratio, at most"),
                Field("setback_m", _N, "Khoảng lùi tối thiểu", "Setback, at least", "m")],
               {"minzoom": 11, "fill": {"by": "function", "opacity": 0.3, "color": "#95a09a",
                                        "outline": "#5f6a65", "outline_night": "#97a49f",
                                        "classes": _function_classes()},
                "label": _label("zone", 10, 16)}),
        _layer("plans", "Ranh giới đồ án quy hoạch", "Plan boundaries", "Polygon", "planning", 22,
               [Field("code", _S, "Mã đồ án", "Code"), _NAME, Field("level", _S, "Cấp đồ án", "Level"),
                Field("scale", _S, "Tỷ lệ", "Scale"), Field("decision", _S, "Quyết định", "Decision"),
                Field("decision_date", _D, "Ngày quyết định", "Date of decision"),
                Field("authority", _S, "Cơ quan phê duyệt", "Authority"), Field("status", _S, "Tình trạng", "Status"),
                Field("adjusts", _S, "Điều chỉnh đồ án", "Adjusts plan")],
               {"line": {"by": "status", "color": "#353f3b", "color_night": "#cbd4d0", "width": 1.4,
                         "dash": [6, 2, 1, 2],
                         "classes": _PLAN_STATUS},
                "label": _label("name", 10, 15, priority=30)}),
        _layer("parcels", "Thửa đất", "Parcels", "Polygon", "planning", 23,
               [Field("sheet", _I, "Tờ bản đồ", "Sheet"), Field("plot", _I, "Số thửa", "Plot"),
                Field("commune", _S, "Phường, xã", "Ward or commune"),
                Field("commune_code", _S, "Mã xã", "Commune code"),
                Field("old_commune", _S, "Xã cũ", "Former commune"), Field("old_sheet", _I, "Tờ cũ", "Former sheet"),
                Field("old_plot", _I, "Thửa cũ", "Former plot"),
                Field("area_certificate_m2", _N, "Diện tích trên giấy", "Area on certificate", "m²"),
                Field("purpose", _S, "Mục đích", "Purpose"), Field("came_from", _S, "Tách từ thửa", "Divided from")],
               {"minzoom": 15, "line": _paint("#c3cac3", "#3a4743", width=0.7), "label": _label("plot", 10, 18)},
               description="Không có chủ sử dụng đất.", min_zoom=14),
        _layer("red_lines", "Chỉ giới đường đỏ", "Red lines", "LineString", "planning", 24,
               [Field("road", _S, "Đường", "Road"), Field("width_m", _N, "Lộ giới", "Width between red lines", "m"),
                Field("setback_m", _N, "Lùi", "Setback", "m")],
               {"minzoom": 14, "line": _paint("#c2281d", "#f58a93", width=1.3, dash=[6, 2, 1, 2])}),
        _layer("building_lines", "Chỉ giới xây dựng", "Building lines", "LineString", "planning", 25,
               [Field("road", _S, "Đường", "Road"), Field("width_m", _N, "Lộ giới", "Width between red lines", "m"),
                Field("setback_m", _N, "Khoảng lùi", "Setback from the red line", "m")],
               {"minzoom": 15, "line": _paint("#4a5550", "#b4bfba", width=1, dash=[3, 2])}),
    ]  # fmt: skip


def built_layers() -> list[Layer]:
    """Buildings, networks, services, terrain."""
    return [
        _layer("buildings", "Công trình lân cận", "Neighbouring buildings", "Polygon", "buildings", 30,
               [_NAME, Field("height_m", _N, "Chiều cao", "Height", "m"), Field("storeys", _I, "Số tầng", "Storeys"),
                Field("use", _S, "Công năng", "Use")],
               {"minzoom": 14, "fill": _paint("#d9ded8", "#212b29", opacity=1.0, outline="#b7bfb8",
                                              outline_night="#34403c")}, min_zoom=13),
        _layer("drains", "Cống thoát nước mưa", "Storm drains", "LineString", "infrastructure", 40,
               [Field("road", _S, "Đường", "Road"), Field("diameter_mm", _I, "Đường kính", "Diameter", "mm"),
                Field("material", _S, "Vật liệu", "Material"), Field("built", _I, "Năm xây", "Built")],
               {"minzoom": 13, "line": _paint("#4f7f9b", "#3f6d87", width=1.2, dash=[2, 2])}),
        _layer("feeders", "Tủ chiếu sáng", "Lighting cabinets", "Point", "infrastructure", 41,
               [_NAME, Field("road", _S, "Đường", "Road"), Field("lamps", _I, "Số đèn", "Lamps"),
                Field("rated_power_w", _N, "Công suất đặt", "Rated power", "W"),
                Field("schedule", _S, "Lịch chiếu sáng", "Dimming schedule")],
               {"minzoom": 13, "point": _dot("#4a5550", "#b4bfba", "square", 5), "label": _label("name", 10, 16)},
               access=_STAFF),
        _layer("schools", "Trường học", "Schools", "Point", "social", 50,
               [_NAME, Field("stage", _S, "Cấp học", "Stage"), Field("pupils", _I, "Học sinh", "Pupils", "người")],
               {"minzoom": 12, "point": _dot("#7f3f3f", "#c99a9a", "square", 4), "label": _label("name", 10, 15)}),
        _layer("clinics", "Cơ sở y tế", "Hospitals and clinics", "Point", "social", 51,
               [_NAME, Field("beds", _I, "Giường bệnh", "Beds")],
               {"minzoom": 12, "point": _dot("#b0207f", "#e58cc6", "diamond", 5), "label": _label("name", 10, 15)}),
        _layer("terrain", "Địa hình", "Terrain", "", "base", 0, [], {"raster": {"opacity": 0.6, "smooth": True}},
               kind=LayerKind.RASTER),
    ]  # fmt: skip


def _station(
    name: str, title: str, title_en: str, order: int, fields: Sequence[Field], style: dict[str, Json]
) -> Layer:
    common = [_NAME, Field("maintainer", _S, "Đơn vị bảo trì", "Maintained by", access=_STAFF)]
    return _layer(name, title, title_en, "Point", "sensors", order, [*common, *fields], style)


def device_layers() -> list[Layer]:
    """Lamps, cameras and stations: features that are things as well."""
    camera = [
        Field("kind", _S, "Loại camera", "Kind"), Field("road", _S, "Đường", "Road"),
        Field("azimuth_deg", _N, "Hướng nhìn", "Bearing", "°"), Field("angle_deg", _N, "Góc mở", "Angle of view", "°"),
        Field("range_m", _N, "Tầm nhìn", "Range", "m"),
    ]  # fmt: skip
    kinds: list[Json] = [
        {"value": "analytic", "color": "#0b5f57", "color_night": "#64cdbd", "label": "Camera phân tích",
         "label_en": "Analytic"},
        {"value": "ptz", "color": "#353f3b", "color_night": "#ecf1ef", "label": "Camera cao, xoay quét",
         "label_en": "High pan-tilt"},
        {"value": "plain", "color": "#95a09a", "color_night": "#6d7b76", "label": "Camera thường", "label_en": "Plain"},
    ]  # fmt: skip
    lit: list[Json] = [
        {"value": "on", "color": "#c08a1e", "color_night": "#f3e2b0", "label": "Đang sáng", "label_en": "Lit"},
        {"value": "off", "color": "#ffffff", "color_night": "#0d1312", "label": "Tắt (vòng rỗng)",
         "label_en": "Off (hollow)"},
    ]  # fmt: skip
    return [
        _station("lamps", "Đèn đường kết nối", "Connected street lamps", 60,
                 [Field("road", _S, "Đường", "Road"), Field("number", _I, "Số", "Number"),
                  Field("feeder", _S, "Tủ", "Feeder"), Field("rated_power_w", _N, "Công suất", "Rated power", "W"),
                  Field("schedule", _S, "Lịch chiếu sáng", "Dimming schedule")],
                 {"minzoom": 13, "point": _dot("#c08a1e", "#f3e2b0", "circle", 4),
                  "live": {"key": "lamp_state", "classes": lit}}),
        _station("gauges", "Trạm mực nước", "Water level stations", 61,
                 [Field("kind", _S, "Loại trạm", "Kind"), Field("bd1_m", _N, "BĐ1", "Alarm 1", "m"),
                  Field("bd2_m", _N, "BĐ2", "Alarm 2", "m"), Field("bd3_m", _N, "BĐ3", "Alarm 3", "m"),
                  Field("datum", _S, "Cao độ 0", "Zero"),
                  Field("sensor_level_m", _N, "Cao độ đầu đo", "Sensor level", "m")],
                 {"point": _dot("#0b3560", "#7cc0de", "triangle", 6), "label": _label("name", 11, 13, priority=70)}),
        _station("rain_gauges", "Trạm mưa", "Rain gauges", 62, [],
                 {"minzoom": 10, "point": _dot("#1f6aa3", "#93c6e2", "diamond", 5), "label": _label("name", 10, 14)}),
        _station("air_stations", "Trạm không khí", "Air stations", 63, [],
                 {"minzoom": 10, "point": _dot("#5f6a65", "#b4bfba", "square", 5), "label": _label("name", 10, 14)}),
        _layer("cameras", "Camera", "Cameras", "Point", "cameras", 70, [_NAME, *camera],
               {"minzoom": 12, "point": {"by": "kind", "classes": kinds, "color": "#95a09a", "shape": "circle",
                                         "radius": 3.5, "stroke": "#ffffff", "stroke_night": "#0d1312",
                                         "stroke_width": 1, "cluster": True, "azimuth": "azimuth_deg"}},
               access=_STAFF),
        _layer("camera_views", "Vùng nhìn của camera", "What cameras see", "Polygon", "cameras", 71,
               [Field("camera", _S, "Camera", "Camera"), Field("kind", _S, "Loại camera", "Kind"),
                Field("range_m", _N, "Tầm nhìn", "Range", "m")],
               {"minzoom": 16, "fill": {"by": "kind", "classes": kinds, "color": "#95a09a", "opacity": 0.18}},
               access=_STAFF, min_zoom=15, description="Trên mặt đất phẳng, không vật che."),
    ]  # fmt: skip


def layers() -> list[Layer]:
    """Every layer the demonstration makes."""
    return [*base_layers(), *planning_layers(), *built_layers(), *device_layers()]


def camera_events() -> Layer:
    """The layer ingestion writes camera events to, said to be synthetic."""
    kinds: list[Json] = [
        {"value": "passage", "color": "#0b5f57", "color_night": "#64cdbd", "label": "Xe qua", "label_en": "Passage"},
        {"value": "object", "color": "#353f3b", "color_night": "#ecf1ef", "label": "Đối tượng", "label_en": "Object"},
    ]
    style: dict[str, Json] = {
        "minzoom": 12,
        "point": {"by": "kind", "classes": kinds, **_dot("#353f3b", "#ecf1ef", "diamond", 5), "cluster": True},
    }
    return replace(
        CAMERA_EVENTS, synthetic=True, attribution=ATTRIBUTION, licence=LICENCE, style=style, order=80,
        description=f"{CAMERA_EVENTS.description} {NOTE}",
    )  # fmt: skip
