from __future__ import annotations

from dataclasses import replace

import pytest

from layers.styles import (
    check_style,
    default_style,
    equal_stops,
    legend,
    raster_stops,
    styled_fields,
    visible_style,
)
from twin.errors import SchemaError
from twin.model.layer import Field, FieldType, Layer, LayerKind
from twin.scenario.flood_layer import depth_style

ZONES = Layer(
    "zones",
    "Vùng quy hoạch",
    title_en="Zones",
    geometry_type="Polygon",
    fields=(Field("code", FieldType.STRING),),
    style={
        "minzoom": 10,
        "fill": {
            "by": "code",
            "classes": [
                {"value": "ODT", "color": "#a57c00", "label": "Đất ở", "label_en": "Housing"},
                {"value": ["DGT", "DGD"], "color": "#656565", "pattern": "hatch"},
            ],
            "color": "#cccccc",
            "label": "Khác",
            "label_en": "Other",
        },
        "label": {"field": "code", "size": 11},
    },
)


def test_a_style_of_the_vocabulary_is_accepted() -> None:
    check_style(ZONES.style)
    check_style(depth_style())
    for kind in ("Polygon", "LineString", "Point", "Any"):
        check_style(default_style(kind))


@pytest.mark.parametrize(
    ("style", "place"),
    [
        ({"colour": "#fff"}, "style"),
        ({"fill": {"color": "red"}}, "style.fill.color"),
        ({"fill": {"by": "code"}}, "style.fill"),
        ({"fill": {"by": "a", "classes": [{"value": 1}]}}, r"style.fill.classes\[0\]"),
        ({"point": {"shape": "star"}}, "style.point.shape"),
        ({"raster": {"stops": [{"to": 1, "color": "#000000"}]}}, r"style.raster.stops\[0\]"),
        ({"minzoom": 99}, "style.minzoom"),
        ({"fill": {"opacity": True}}, "style.fill.opacity"),
    ],
)
def test_a_style_outside_the_vocabulary_is_refused_with_its_place(style: dict, place: str) -> None:
    with pytest.raises(SchemaError, match=place):
        check_style(style)


def test_the_legend_has_one_entry_for_each_class_and_one_for_the_rest() -> None:
    entries = legend(ZONES)
    assert [e["label"] for e in entries] == ["Đất ở", "DGT, DGD", "Khác"]
    assert entries[0]["label_en"] == "Housing"
    assert entries[1]["symbol"]["pattern"] == "hatch"
    assert entries[0]["symbol"] == {"kind": "fill", "color": "#a57c00", "color_night": "#a57c00"}


def test_a_style_by_a_hidden_attribute_shows_neither_its_name_nor_its_values() -> None:
    seen = replace(ZONES, fields=())
    assert visible_style(seen) == {
        "minzoom": 10,
        "fill": {"color": "#cccccc", "label": "Khác", "label_en": "Other"},
    }
    assert [e["label"] for e in legend(seen)] == ["Khác"]


def test_drawing_needs_the_fields_that_the_style_names() -> None:
    style = {
        "point": {"azimuth": "bearing", "range": 40},
        "label": {"field": "name"},
        "live": {"key": "level"},
    }
    assert styled_fields(style) == {"bearing", "name"}


def test_the_depth_legend_reads_in_vietnamese_and_english() -> None:
    layer = Layer("depth", "Độ sâu", kind=LayerKind.RASTER, style=depth_style())
    entries = legend(layer, unit="m")
    assert entries[0]["label"] == "Mắt cá chân (0,05–0,2 m)"
    assert entries[4]["label_en"] == "Above the door (over 2 m)"


def test_a_grid_without_a_style_gets_equal_steps_over_its_range() -> None:
    stops = equal_stops(60.0, 120.0)
    assert [s["from"] for s in stops] == [60.0, 70.0, 80.0, 90.0, 100.0, 110.0]
    assert "to" not in stops[-1]
    assert raster_stops(Layer("dem", "Địa hình", kind=LayerKind.RASTER)) == []


def test_a_range_without_a_label_is_written_with_a_decimal_comma() -> None:
    style = {"point": {"by": "v", "classes": [{"from": 0.5, "to": 2, "color": "#000000"}]}}
    layer = Layer("gauges", "Trạm", geometry_type="Point", fields=(Field("v", FieldType.NUMBER),), style=style)
    assert legend(layer)[0]["label"] == "0,5–2"
