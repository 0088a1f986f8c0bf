from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import shapely

import layers
from layers.export import to_csv, to_geojson, to_geopackage
from twin.core import Twin
from twin.errors import NotFoundError
from twin.model.layer import FeatureChange, Field, FieldType, Layer, Source
from twin.model.view import CITIZEN, Access, View

SOURCE = Source("user", "hand")


def at(number: int) -> shapely.Point:
    return shapely.Point(106.9 + number / 1000, 11.5)


@pytest.fixture
def lamps(city: Twin) -> Twin:
    fields = (
        Field("name", FieldType.STRING),
        Field("power_w", FieldType.NUMBER),
        Field("note", FieldType.STRING, access=Access.STAFF),
    )
    city.store.put_layer(Layer("lamps", "Đèn", geometry_type="Point", fields=fields, access=Access.PUBLIC))
    names = ["=HYPERLINK(1)", "+84", "-2+3", "@SUM(A1)", "Đường Lý Thường Kiệt"]
    changes = [
        FeatureChange(
            f"l{i}", shapely.Point(106.9 + i / 1000, 11.5), {"name": n, "power_w": -i * 1.5, "note": "secret"}
        )
        for i, n in enumerate(names)
    ]
    city.store.write_features("lamps", changes, SOURCE)
    return city


def test_cells_that_look_like_formulas_are_neutralised_and_numbers_are_not(lamps: Twin, tmp_path: Path) -> None:
    assert to_csv(lamps, "lamps", tmp_path / "l.csv") == 5
    with (tmp_path / "l.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["name"] for r in rows] == ["'=HYPERLINK(1)", "'+84", "'-2+3", "'@SUM(A1)", "Đường Lý Thường Kiệt"]
    assert [float(r["power_w"]) for r in rows] == [0, -1.5, -3, -4.5, -6]
    assert float(rows[1]["lon"]) == 106.901


@pytest.mark.parametrize(("write", "name"), [(to_csv, "l.csv"), (to_geojson, "l.geojson"), (to_geopackage, "l.gpkg")])
def test_an_export_holds_what_its_viewer_sees_and_nothing_else(lamps: Twin, tmp_path: Path, write, name: str) -> None:
    lamps.store.put_layer(Layer("vault", "Kho"))
    (tmp_path / "staff").mkdir()
    write(lamps, "lamps", tmp_path / "staff" / name)
    write(lamps, "lamps", tmp_path / name, view=View(CITIZEN))
    told, told_staff = (tmp_path / name).read_bytes(), (tmp_path / "staff" / name).read_bytes()
    for mark in (b"secret", b"note"):
        assert mark in told_staff
        assert mark not in told
    refused = []
    for layer in ("vault", "never"):
        with pytest.raises(NotFoundError) as caught:
            write(lamps, layer, tmp_path / f"{layer}-{name}", view=View(CITIZEN))
        refused.append(str(caught.value).replace(layer, ""))
        assert not (tmp_path / f"{layer}-{name}").exists()
    assert refused[0] == refused[1]


def test_what_is_exported_can_be_imported_again(lamps: Twin, tmp_path: Path) -> None:
    to_geojson(lamps, "lamps", tmp_path / "l.geojson")
    to_geopackage(lamps, "lamps", tmp_path / "l.gpkg", crs="EPSG:9212")
    for name in ("l.geojson", "l.gpkg"):
        report = layers.import_file(lamps, tmp_path / name, layer=name.replace(".", "_"))
        assert report.stored == 5
    first = json.loads((tmp_path / "l.geojson").read_text(encoding="utf-8"))["features"][0]["geometry"]["coordinates"]
    back = {f.properties["name"]: f for f in lamps.store.features(lamps.view(), "l_gpkg")}["=HYPERLINK(1)"]
    assert back.crs == "EPSG:9212"
    assert (back.geometry.x, back.geometry.y) == pytest.approx(tuple(first), abs=1e-9)
