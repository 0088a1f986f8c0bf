"""The extract of a look-up, on the drawing of the look-up's own tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from layers.planning.extract import extract
from tests.layers.planning.test_lookup import CRS, SOURCE, parcel, square, t  # noqa: F401  the drawing is a fixture
from twin.core import Twin
from twin.documents.content import Content, Table
from twin.documents.register import document, issue, verify_token
from twin.documents.verdict import Outcome
from twin.errors import ForbiddenError, NotFoundError, ParameterError
from twin.model.layer import Layer
from twin.model.view import CITIZEN, Access, Role, Viewer

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PLANNER = Viewer("nguyen.van.a", Role.PLANNER)


def rows(content: Content, title: str) -> tuple[tuple[str, ...], ...]:
    (section,) = (s for s in content.sections if s.title.startswith(title))
    table = section.blocks[0]
    assert isinstance(table, Table)
    return table.rows


def put_parcel(twin: Twin, **more: object) -> None:
    twin.store.write_features(
        "parcels", [parcel("p", 14, 125, "Phường Bình Phước", square(2, 1, 8, 1), **more)], SOURCE
    )


def test_it_says_what_a_citizen_must_be_told(t: Twin) -> None:  # noqa: F811
    put_parcel(t, area_certificate_m2=80_010.0, old_commune="Xã Tân Phú", old_sheet=3, old_plot=9)
    made = extract(t, parcel="14/125")
    facts = dict(made.facts)
    assert facts["Thửa đất"] == "số 125, tờ 14, Phường Bình Phước"
    assert facts["Số hiệu trước sắp xếp"] == "số 9, tờ 3, Xã Tân Phú"
    # Eight squares of 10 002 m².
    area = facts["Diện tích tính từ bản đồ"].removesuffix("\u202fm²").replace("\u202f", "").replace(",", ".")
    assert float(area) == pytest.approx(8 * 10_002, rel=2e-4)
    assert [row[0:2] + row[3:] for row in rows(made, "Chức năng")] == [
        ("o", "Đất o", "50,0\u202f%", "Đồ án QHC"),
        ("o", "Đất o", "12,5\u202f%", "Đồ án PK1"),
        ("duong", "Đất duong", "12,5\u202f%", "Đồ án PK1"),
        ("–", "Chưa có dữ liệu: không có đồ án đang hiệu lực trong dữ liệu", "25,0\u202f%", "–"),
    ]
    figures = {row[0]: row[1:] for row in rows(made, "Chỉ tiêu")}
    assert figures["1 – Đất o"] == ("70\u202f%", "2", "5", "–", "–", "3\u202fm")
    assert figures["A – Đất o"] == ("–",) * 6
    assert {row[1] for row in rows(made, "Đồ án")} == {"QHC/QĐ, 01/03/2024", "PK1/QĐ, 01/03/2024"}
    assert made.disclaimer.startswith("Thông tin mang tính tham khảo")
    assert "không có nghĩa là không vướng quy hoạch" in str(made.sections)


def test_its_map_is_in_the_parcels_own_zone_and_marks_the_parcel(t: Twin) -> None:  # noqa: F811
    put_parcel(t)
    made = extract(t, parcel="14/125")
    assert made.map is not None
    assert made.map.crs == CRS
    assert [layer.name for layer in made.map.layers][-1] == "asked"
    zones = next(layer for layer in made.map.layers if layer.name == "plan_zones")
    assert {feature.group for feature in zones.features} == {"QHC", "PK1"}
    issued = issue(t.as_viewer(PLANNER), made, now=NOW)
    assert issued.canonical["map"]["crs"] == CRS


def test_where_nothing_is_known_it_says_so(t: Twin) -> None:  # noqa: F811
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(20, 20))], SOURCE)
    made = extract(t, parcel="1/1")
    assert "Chưa có dữ liệu" in made.summary
    assert rows(made, "Quy hoạch sử dụng đất") == ()


def test_no_parcel_and_several_parcels_are_refused(t: Twin) -> None:  # noqa: F811
    both = [parcel("a", 1, 1, "X", square(0, 0)), parcel("b", 1, 1, "Y", square(1, 0))]
    t.store.write_features("parcels", both, SOURCE)
    with pytest.raises(NotFoundError, match="no such parcel"):
        extract(t, parcel="9/9")
    with pytest.raises(ParameterError, match=r"several parcels match.*X.*Y"):
        extract(t, parcel="1/1")


def test_it_is_public_only_if_a_citizen_is_answered_the_same(t: Twin) -> None:  # noqa: F811
    put_parcel(t)
    assert extract(t, parcel="14/125").public
    citizen = t.as_viewer(CITIZEN)
    assert issue(citizen, extract(citizen, parcel="14/125"), now=NOW).public
    plans = t.store.layer(t.view(), "plan_zones").layer
    t.store.put_layer(Layer(**{n: getattr(plans, n) for n in plans.__slots__} | {"access": Access.STAFF}))  # type: ignore[attr-defined]
    hidden = extract(t, parcel="14/125")
    assert not hidden.public
    with pytest.raises(ForbiddenError):
        issue(citizen, hidden, now=NOW)


def test_what_is_restricted_later_takes_the_public_extract_with_it(t: Twin) -> None:  # noqa: F811
    put_parcel(t)
    neighbour = parcel("n", 14, 126, "Phường Bình Phước", square(10, 1, 12, 1))
    t.store.write_features("parcels", [neighbour], SOURCE)
    citizen = t.as_viewer(CITIZEN)
    made = issue(citizen, extract(citizen, parcel="14/125"), now=NOW)
    assert document(citizen, made.id).public
    put_parcel(t, note="sửa")  # another version of what it shows takes nothing from anybody
    assert document(citizen, made.id).id == made.id
    t.store.write_features(
        "parcels", [replace(neighbour, properties={**neighbour.properties, "land_use": "CQP"})], SOURCE
    )
    with pytest.raises(NotFoundError):
        document(citizen, made.id)
    told = verify_token(citizen, made.token.text)
    assert (told.outcome, (told.canonical or {}).get("data")) == (Outcome.VALID, None)
    assert document(t.as_viewer(PLANNER), made.id).id == made.id
