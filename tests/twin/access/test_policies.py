"""Policies: holes are found, a dry run counts who gains and who loses, publishing is seen by everybody at once."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point, box, mapping

from twin.access import audit, policies
from twin.errors import ConflictError, ParameterError, SchemaError
from twin.model.layer import FeatureChange, Field, FieldType, Layer, Source
from twin.model.policy import DEFAULT, DEFENCE, from_json, to_json
from twin.model.secrecy import rule_to_json
from twin.model.view import CITIZEN, Access, Role, View, Viewer
from twin.store.embedded.store import EmbeddedStore
from twin.types import BEGINNING

AN = Viewer("an", Role.ADMINISTRATOR, person="p-an")
SOURCE = Source("user", "test")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """Ten public parcels, two of them of national defence, and a staff layer of five cameras."""
    store = EmbeddedStore(tmp_path / "city.duckdb", create=True)
    owner = Field("owner_note", FieldType.STRING, "Ghi chú chủ", "Owner's note", access=Access.STAFF)
    store.put_layer(
        Layer("parcels", "Thửa đất", title_en="Parcels", access=Access.PUBLIC, group="planning",
              fields=(Field("purpose", FieldType.STRING, "Mục đích", "Purpose", access=Access.PUBLIC), owner))
    )  # fmt: skip
    store.put_layer(Layer("cameras", "Camera", title_en="Cameras", group="cameras"))
    parcels = [
        FeatureChange(
            f"p{n}", box(106 + n, 11, 107 + n, 12), {"purpose": "CQP" if n < 2 else "ODT", "owner_note": "x"}, BEGINNING
        )
        for n in range(10)
    ]
    store.write_features("parcels", parcels, SOURCE)
    cameras = [FeatureChange(f"c{n}", Point(106.5 + n, 11.5), {}, BEGINNING) for n in range(5)]
    store.write_features("cameras", cameras, SOURCE)
    yield store
    store.close()


def changed(**roles: dict[str, Any]) -> Any:
    """The built-in policy with other members of some roles."""
    body = copy.deepcopy(to_json(DEFAULT))
    for role, members in roles.items():
        body["roles"][role] |= members  # type: ignore[index,call-overload,operator]
    return body


def test_the_example_in_the_documentation_is_a_policy() -> None:
    text = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
    example = from_json(json.loads(text.split("```json")[1].split("```")[0]))
    assert set(example.roles) == {Role.CITIZEN, Role.REVIEWER}
    (shown,) = example.secrecy
    assert (set(shown.codes), set(shown.names), set(shown.phrases)) == (
        set(DEFENCE.codes), set(DEFENCE.names), set(DEFENCE.phrases),
    )  # fmt: skip


def test_the_built_in_policy_stands_until_one_is_published(store: EmbeddedStore) -> None:
    now = policies.current(store)
    assert (now.version, now.policy, now.since) == (0, to_json(DEFAULT), None)
    tried = policies.dry_run(store, now.policy)
    assert (tried.problems, tried.changes, tried.publishable) == ((), (), True)


def test_a_dry_run_says_who_gains_and_who_loses(store: EmbeddedStore) -> None:
    area = mapping(box(106.1, 11.1, 107.9, 11.9))
    body = changed(
        planner={"area": area, "area_layers": ["parcels"]},
        reviewer={"hide": {"parcels": ["owner_note"]}},
        operator={"except": ["group:cameras"]},
    )
    body["secrecy"] = []
    found = {(c.role, c.layer, c.attribute): c for c in policies.dry_run(store, body).changes}
    assert {key: (c.gains, c.loses) for key, c in found.items()} == {
        (Role.CITIZEN, "parcels", ""): (2, 0),
        (Role.PLANNER, "parcels", ""): (0, 8),
        (Role.REVIEWER, "parcels", "owner_note"): (0, 10),
        (Role.OPERATOR, "cameras", ""): (0, 5),
    }
    citizens = found[Role.CITIZEN, "parcels", ""]
    assert citizens.text == "Người dân thấy thêm 2 đối tượng của lớp “Thửa đất”."
    assert citizens.text_en == "Citizens gain 2 features of “Parcels”."
    assert found[Role.OPERATOR, "cameras", ""].text_en == (
        "Flood operators lose the whole layer “Cameras” (5 features)."
    )
    assert found[Role.REVIEWER, "parcels", "owner_note"].text == (
        "Cán bộ thẩm định cấp phép không còn thấy thuộc tính “Ghi chú chủ” trên 10 đối tượng của lớp “Thửa đất”."
    )


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (changed(citizen={"access": "staff"}), ("error", "roles.citizen.access")),
        (changed(citizen={"clearance": "restricted"}), ("error", "roles.citizen.clearance")),
        (changed(citizen={"clearance": "internal"}), ("error", "roles.citizen.clearance")),
        (changed(citizen={"layers": ["parcels", "cameras"]}), ("error", "roles.citizen.layers")),
        (changed(citizen={"show": {"parcels": ["owner_note"]}}), ("error", "roles.citizen.show.parcels")),
        (changed(planner={"layers": ["parcel"]}), ("error", "roles.planner.layers")),
        (changed(planner={"layers": ["group:plan"]}), ("error", "roles.planner.layers")),
        (changed(planner={"hide": {"parcels": ["owner"]}}), ("error", "roles.planner.hide.parcels")),
        (changed(planner={"hide": {"plots": ["owner"]}}), ("error", "roles.planner.hide")),
        (changed(planner={"area": mapping(box(0, 0, 1, 1))}), ("error", "roles.planner.area")),
        (changed(planner={"area": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}}),
         ("error", "roles.planner.area")),
        (changed(planner={"clearance": "secret"}), ("error", "roles.planner.clearance")),
        (changed(administrator={"clearance": "public"}), ("error", "roles.administrator")),
        ({**changed(), "secrecy": []}, ("error", "secrecy")),
        ({**changed(), "secrecy": [{"class": "internal", "codes": ["CQP", "CAN"]}]}, ("error", "secrecy")),
        ({**changed(), "secrecy": [{"class": "restricted", "codes": list(DEFENCE.codes)}]}, ("error", "secrecy")),
        ({**changed(), "secrecy": [{**rule_to_json(DEFENCE), "except": ["parcels"]}]}, ("error", "secrecy")),
        ({**changed(), "secrecy": [{**rule_to_json(DEFENCE), "layers": ["group:planning"]}]}, ("error", "secrecy")),
        ({**changed(), "secrecy": [{**rule_to_json(DEFENCE), "except": ["cameras"]}]}, ("warning", "secrecy")),
        ({**changed(), "secrecy": [{"class": "internal", "codes": ["CQP"], "layers": ["plots"]}]},
         ("error", "secrecy[0].layers")),
        ({"roles": {k: v for k, v in changed()["roles"].items() if k != "reviewer"}, "secrecy": []},
         ("error", "roles.reviewer")),
        ({"roles": {"mayor": {}}, "secrecy": []}, ("error", "roles")),
        ("what", ("error", "policy")),
        (None, ("error", "policy")),
    ],
)  # fmt: skip
def test_a_hole_is_found_and_an_error_is_never_published(
    store: EmbeddedStore, body: Any, problem: tuple[str, str]
) -> None:
    tried = policies.dry_run(store, body)
    assert problem in [(p.level, p.where) for p in tried.problems]
    assert all(p.text and p.text_en for p in tried.problems)
    if problem[0] == "error":
        assert not tried.publishable
        with pytest.raises(SchemaError):
            policies.publish(store, AN, body, seen=0, reason="thử")
        assert policies.current(store).version == 0


def test_a_hole_in_the_secrecy_is_counted_by_layer(store: EmbeddedStore) -> None:
    body = changed()
    body["secrecy"][0]["except"] = ["parcels"]
    (problem,) = policies.dry_run(store, body).problems
    assert problem.text_en == (
        "A hole: on layer parcels, land of national defence and security would be no secret; citizens gain 2 features."
    )


def test_a_published_policy_holds_is_audited_and_stays_in_the_history(store: EmbeddedStore) -> None:
    body = changed(citizen={"area": mapping(box(110.5, 11, 120, 12))})
    done = policies.publish(store, AN, body, seen=0, reason=" Quyết định 12/QĐ-UBND ")
    assert (done.version, done.by, done.reason) == (1, "p-an", "Quyết định 12/QĐ-UBND")
    assert [f.fid for f in store.features(View(CITIZEN), "parcels")] == ["p4", "p5", "p6", "p7", "p8", "p9"]
    policies.publish(store, AN, to_json(DEFAULT), seen=1, reason="trả lại")
    assert [v.version for v in policies.history(store)] == [2, 1, 0]
    assert policies.history(store)[1].until == policies.history(store)[0].since
    acts = audit.search(store, object="policy:current")
    assert [(a.action, a.details["seen"]) for a in acts] == [("policy.publish", 1), ("policy.publish", 0)]


def test_two_administrators_cannot_publish_over_each_other(store: EmbeddedStore) -> None:
    policies.publish(store, AN, changed(), seen=0, reason="một")
    with pytest.raises(ConflictError):
        policies.publish(store, AN, changed(), seen=0, reason="hai")
    assert policies.current(store).reason == "một"
    assert len(audit.search(store, action="policy.publish")) == 1


def test_a_policy_without_a_reason_is_refused(store: EmbeddedStore) -> None:
    with pytest.raises(ParameterError, match="reason"):
        policies.publish(store, AN, changed(), seen=0, reason="  ")
