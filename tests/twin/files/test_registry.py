"""Files that nobody refers to go; those that anything ever mentioned stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from shapely.geometry import Point
from support import SOURCE, day

from twin.core import Twin
from twin.files import registry
from twin.model.layer import FeatureChange, Layer, LayerKind, RasterItem
from twin.model.record import Append, Put
from twin.types import BBox

LATER = timedelta(days=2)
BOX = BBox(106, 11, 107, 12)


def later() -> datetime:
    return datetime.now(UTC) + LATER


def grid(t: Twin, content: bytes) -> str:
    digest = t.files.put(content)
    layer = Layer("depth", "Độ sâu", kind=LayerKind.RASTER, geometry_type="")
    item = RasterItem("depth", digest, "EPSG:4326", BOX, day(0), None, "m", 0.0, 1.0)
    t.store.put_rasters([item], SOURCE, define=[layer])
    return digest


def model(t: Twin, content: bytes) -> str:
    digest = t.files.put(content)
    if "buildings" not in [x.name for x in t.layers()]:
        t.store.put_layer(Layer("buildings", "Công trình"))
    t.store.write_features("buildings", [FeatureChange("b", Point(106, 11), {"ifc_file": digest}, day(0))], SOURCE)
    return digest


def test_what_nobody_mentions_is_collected_after_its_grace(t: Twin) -> None:
    digest = t.files.put(b"left over")
    assert registry.collect(t.store, t.files).files == 0
    found = registry.collect(t.store, t.files, now=later())
    assert (found.files, found.bytes, t.files.holds(digest)) == (1, 9, False)


def test_every_way_of_referring_keeps_a_file(t: Twin) -> None:
    used, noted, logged = (t.files.put(text) for text in (b"used", b"noted", b"logged"))
    t.store.write_records(
        [
            registry.use(used, "case:7"),
            Put("job", "1", {"result": {"files": [{"sha256": noted}]}}),
            Append("case:7", {"changes": {"photo": logged}}),
        ]
    )
    kept = {used, noted, logged, grid(t, b"grid"), model(t, b"model")}
    assert registry.collect(t.store, t.files, now=later()).files == 0
    assert {b.digest for b in t.files.all()} == kept
    assert registry.users(t.store, used) == ["case:7"]


def test_what_was_known_once_is_kept_for_who_asks_about_then(t: Twin) -> None:
    old_grid, new_grid = grid(t, b"grid 1"), grid(t, b"grid 2")
    old_model, new_model = model(t, b"model 1"), model(t, b"model 2")
    registry.collect(t.store, t.files, now=later())
    assert {b.digest for b in t.files.all()} == {old_grid, new_grid, old_model, new_model}


def test_what_is_no_longer_used_is_collected(t: Twin) -> None:
    digest = t.files.put(b"draft")
    t.store.write_records([registry.use(digest, "case:7"), registry.use(digest, "case:8")])
    t.store.write_records([registry.disuse(digest, "case:7")])
    assert registry.collect(t.store, t.files, now=later()).files == 0
    t.store.write_records([registry.disuse(digest, "case:8")])
    assert registry.collect(t.store, t.files, now=later()).files == 1


@pytest.mark.parametrize("make", [grid, model], ids=["grid", "model"])
def test_a_lost_file_is_noticed_with_who_refers_to_it(t: Twin, make: object) -> None:
    digest = make(t, b"content")
    t.files.path(digest).unlink()
    (lost,) = registry.missing(t.store, t.files)
    assert lost.digest == digest
    assert lost.by in {("layer:depth",), ("layer:buildings",)}
    assert t.broken_files() == [digest]


def test_a_lost_sealed_file_is_noticed_and_a_forgotten_one_is_not(t: Twin) -> None:
    lost = t.vault.seal("case:7", b"x", retention="report_contact", by="case:7")
    t.vault.seal("case:8", b"y", retention="report_contact", by="case:8")
    t.forget("case:8", reason="r")
    t.files.path(lost.digest).unlink()
    assert t.broken_files() == [lost.digest]


def test_a_sealed_file_that_no_case_came_to_is_collected(t: Twin) -> None:
    made = t.vault.seal("case:7", b"x", retention="report_contact", by="")
    assert registry.collect(t.store, t.files, now=later()).files == 1
    assert not t.files.holds(made.digest)


def test_what_looks_like_a_hash_is_not_taken_for_a_lost_file(t: Twin) -> None:
    t.store.write_records([Put("document", "1", {"sha256": "ab" * 32})])
    assert registry.missing(t.store, t.files) == []
