"""Styles on paper, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from layers.cartography import layer_map, map_layer
from twin.core import create, open_twin
from twin.errors import NotFoundError, ParameterError
from twin.model.layer import FeatureChange, Field, FieldType, Layer, Source
from twin.types import BBox

BOX = BBox(106.90, 11.50, 106.91, 11.51)
STYLE = {
    "fill": {
        "by": "code", "opacity": 0.5, "outline": "#111111", "color": "#999999", "label": "Khác",
        "classes": [
            {"value": "ODT", "color": "#ff00ff80", "label": "Đất ở", "pattern": "hatch"},
            {"value": ["DGT", "DTL"], "color": "#00ff00"},
        ],
    },
    "label": {"field": "code", "size": 10, "priority": 3},
}  # fmt: skip


@pytest.fixture
def t(tmp_path: Path):
    create(tmp_path / "c.duckdb")
    with open_twin(tmp_path / "c.duckdb") as opened:
        fields = (Field("code", FieldType.STRING), Field("width", FieldType.NUMBER))
        opened.store.put_layer(Layer("zones", "Ô", geometry_type="Polygon", fields=fields, style=STYLE))
        road = {"line": {"color": "#ffffff", "width": 2, "width_by": "width", "dash": [3, 1], "casing": "#777777"}}
        opened.store.put_layer(Layer("roads", "Đường", geometry_type="LineString", fields=fields, style=road))
        shape = shapely.box(106.901, 11.501, 106.902, 11.502)
        changes = [FeatureChange(c, shape, {"code": c}) for c in ("ODT", "DTL", "XYZ")]
        opened.store.write_features("zones", changes, Source("file", "x"))
        line = shapely.LineString([(106.9, 11.5), (106.91, 11.51)])
        opened.store.write_features("roads", [FeatureChange("r", line, {"width": 7.5})], Source("file", "x"))
        yield opened


def drawn(t, name: str):
    view = t.store.resolve(t.view())
    return map_layer(t, t.store.layer(view, name), view=view, box=BOX)


def test_each_class_is_a_symbol_and_each_feature_takes_its_own(t) -> None:
    layer = drawn(t, "zones")
    assert [s.label for s in layer.symbols] == ["Đất ở", "DGT, DTL", "Khác"]
    taken = {f.label: layer.symbols[f.symbol].label for f in layer.features}
    assert taken == {"ODT": "Đất ở", "DTL": "DGT, DTL", "XYZ": "Khác"}
    first = layer.symbols[0]
    assert (first.color, first.pattern, first.outline) == ("#ff00ff", "hatch", "#111111")
    assert first.opacity == pytest.approx(0.5 * 128 / 255)


def test_lines_are_thinner_on_paper_and_as_wide_on_the_ground_as_their_attribute(t) -> None:
    layer = drawn(t, "roads")
    (symbol,) = layer.symbols
    assert symbol.width_mm == pytest.approx(0.4)
    assert symbol.dash_mm == pytest.approx((1.2, 0.4))
    assert layer.features[0].width_m == 7.5


def test_a_map_names_its_layers_and_refuses_what_is_not_there(t) -> None:
    made = layer_map(t, ["zones", "roads"], bbox=BOX, view=t.view())
    assert made.title == "Ô, Đường"
    assert [layer.revision for layer in made.map.layers] == [1, 1]
    with pytest.raises(NotFoundError):
        layer_map(t, ["chua_he_co"], bbox=BOX, view=t.view())
    with pytest.raises(ParameterError, match="a map needs layers"):
        layer_map(t, [], bbox=BOX, view=t.view())
