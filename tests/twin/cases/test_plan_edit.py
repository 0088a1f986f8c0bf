"""A plan edit: proposed, reviewed by another person, published as a new version in one commit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from case_support import ADMIN, OTHER, PLANNER, REVIEWER
from shapely.geometry import box, mapping
from support import SOURCE, day

from twin.cases import plan_edit
from twin.cases.case import log_of, replay
from twin.cases.engine import Cases
from twin.cases.plan_preview import preview
from twin.errors import ConflictError, ForbiddenError, ParameterError
from twin.model.layer import FeatureChange, Field, FieldType, Layer, LayerKind
from twin.model.view import Access, View
from twin.store.base import Store
from twin.types import Json, format_time

WEST, SOUTH, STEP = 106.90, 11.50, 0.001
CODE = {"code": "ODT", "floors": 5}


def plot(number: int) -> object:
    return box(WEST + number * STEP, SOUTH, WEST + (number + 1) * STEP, SOUTH + STEP)


@pytest.fixture
def plans(store: Store) -> Store:
    """Two plots side by side in WGS 84, a third drawn in VN-2000."""
    from twin.geo.crs import from_wgs84

    fields = (Field("code", FieldType.STRING), Field("floors", FieldType.INTEGER), Field("since", FieldType.DATE))
    store.put_layer(Layer("zones", "Ô quy hoạch", geometry_type="Polygon", fields=fields, access=Access.PUBLIC))
    store.put_layer(Layer("seen", "Sự kiện", kind=LayerKind.EVENT))
    third = from_wgs84([plot(2)], "EPSG:9212")[0]  # type: ignore[list-item]
    store.write_features(
        "zones",
        [
            FeatureChange("z0", plot(0), dict(CODE), day(0)),  # type: ignore[arg-type]
            FeatureChange("z1", plot(1), dict(CODE), day(0)),  # type: ignore[arg-type]
            FeatureChange("z2", third, dict(CODE), day(0), crs="EPSG:9212"),
        ],
        SOURCE,
    )
    return store


@pytest.fixture
def edits(plans: Store, make: Callable[..., Cases]) -> Cases:
    """The wall clock is real here: valid times of commits are."""
    return Cases(plans)


def body(*changes: dict[str, Json], **more: Json) -> dict[str, Json]:
    return {"layer": "zones", "changes": list(changes), "reason": "đính chính tầng cao", **more}


def floors(fid: str, number: int) -> dict[str, Json]:
    return {"fid": fid, "properties": {"floors": number}}


def state(store: Store, fid: str) -> dict[str, Json]:
    found = store.features(View(REVIEWER), "zones", fids=[fid])
    return found[0].properties if found else {}


def test_a_proposal_becomes_a_new_version_with_its_decision_when_another_person_approves(edits: Cases) -> None:
    case = edits.open(PLANNER, "plan_edit", body(floors("z0", 7)))
    assert (case.id[:3], case.title) == ("PA-", "Ô quy hoạch: z0")
    with pytest.raises(ForbiddenError, match="wrote it"):
        edits.act(PLANNER, case.id, "approve", seen=1, changes={"decision": "12/QĐ"})
    assert state(edits.store, "z0")["floors"] == 5
    done = edits.act(REVIEWER, case.id, "approve", seen=1, changes={"decision": "12/QĐ-UBND"})
    assert (done.state, done.is_open) == ("published", False)
    (feature,) = edits.store.features(View(REVIEWER), "zones", fids=["z0"])
    assert feature.properties == {"code": "ODT", "floors": 7}
    source = edits.store.source(View(REVIEWER), feature.source)
    assert (source.kind, source.decision, source.report["case"]) == ("user", "12/QĐ-UBND", case.id)
    assert (source.report["proposed_by"], source.report["approved_by"]) == ("p-an", "p-binh")


def test_the_new_version_and_the_transition_are_one_commit(edits: Cases) -> None:
    case = edits.open(PLANNER, "plan_edit", body(floors("z0", 7), decision="1"))
    edits.act(REVIEWER, case.id, "approve", seen=1)
    (feature,) = edits.store.features(View(REVIEWER), "zones", fids=["z0"])
    entry = edits.store.entries(log_of(case.id))[-1]
    assert entry.recorded_at == feature.recorded_from == edits.store.record("case", case.id).recorded_from
    assert replay(edits.store.entries(log_of(case.id))) == edits.store.record("case", case.id).body


def test_what_was_recorded_meanwhile_is_shown_and_not_overwritten(edits: Cases) -> None:
    case = edits.open(PLANNER, "plan_edit", body(floors("z0", 7), decision="1"))
    edits.store.write_features("zones", [FeatureChange("z0", plot(0), {"code": "TMD", "floors": 5}, day(1))], SOURCE)  # type: ignore[arg-type]
    problems = preview(edits.store, REVIEWER, edits.get(REVIEWER, case.id).body).problems
    assert [(p.code, p.fid, p.blocks) for p in problems] == [("changed", "z0", True)]
    with pytest.raises(ConflictError, match="changed since the proposal"):
        edits.act(REVIEWER, case.id, "approve", seen=1)
    assert state(edits.store, "z0") == {"code": "TMD", "floors": 5}
    edits.act(REVIEWER, case.id, "return", seen=1, reason="dữ liệu đã đổi")
    edits.act(PLANNER, case.id, "resubmit", seen=2, changes={"changes": [floors("z0", 8)]})
    edits.act(REVIEWER, case.id, "approve", seen=3)
    assert state(edits.store, "z0") == {"code": "TMD", "floors": 8}


def test_what_was_recorded_in_the_last_moment_is_not_overwritten_either(edits: Cases) -> None:
    """The check lies in the commit itself: between looking and writing nothing can slip in."""
    case = edits.open(PLANNER, "plan_edit", body(floors("z0", 7), decision="1"))
    act = plan_edit.publish
    seen: list[str] = []

    def late(it: object) -> object:
        effects = act(it)  # type: ignore[arg-type]
        edits.store.write_features("zones", [FeatureChange("z0", plot(0), {"code": "SKC"}, day(2))], SOURCE)  # type: ignore[arg-type]
        seen.append("late")
        return effects

    from dataclasses import replace

    from twin.cases.builtin import EXTENSIONS

    slow = Cases(
        edits.store,
        extensions=replace(EXTENSIONS, effects={**EXTENSIONS.effects, "plan_edit_publish": late}),  # type: ignore[dict-item]
    )
    with pytest.raises(ConflictError, match="zones/z0 has changed meanwhile"):
        slow.act(REVIEWER, case.id, "approve", seen=1)
    assert seen == ["late"]
    assert state(edits.store, "z0") == {"code": "SKC"}
    assert edits.get(REVIEWER, case.id).state == "proposed"


def test_a_change_known_to_rest_on_older_data_is_measured_from_there(edits: Cases) -> None:
    before = edits.store.resolve(View(PLANNER)).known_at
    assert before is not None
    edits.store.write_features("zones", [FeatureChange("z1", plot(1), {"code": "TMD"}, day(1))], SOURCE)  # type: ignore[arg-type]
    case = edits.open(PLANNER, "plan_edit", body(floors("z1", 9), decision="1", known_at=format_time(before)))
    assert [p.code for p in preview(edits.store, PLANNER, case.body).problems] == ["changed"]


def test_the_preview_says_what_was_and_what_will_be(edits: Cases) -> None:
    wider = box(WEST - STEP, SOUTH, WEST + STEP, SOUTH + STEP)
    change = {"fid": "z0", "geometry": mapping(wider), "properties": {"code": "TMD"}}
    case = edits.open(PLANNER, "plan_edit", body(change, {"fid": "z1"}))
    said = preview(edits.store, REVIEWER, case.body).as_json()
    assert [f["id"] for f in said["before"]["features"]] == ["z0", "z1"]  # type: ignore[index,call-overload]
    assert [f["id"] for f in said["after"]["features"]] == ["z0"]  # type: ignore[index,call-overload]
    first, second = said["changes"]  # type: ignore[misc]
    assert (first["what"], second["what"]) == ("changed", "ends")  # type: ignore[index,call-overload]
    assert first["attributes"] == [{"name": "code", "before": "ODT", "after": "TMD"}]  # type: ignore[index,call-overload]
    # Twice as wide; the geodesic area of a box of 0.001° at 11.5° N is 109.1 m by 110.6 m.
    assert first["area_after_m2"] == pytest.approx(2 * first["area_before_m2"], rel=1e-6)  # type: ignore[index,operator,call-overload]
    assert first["area_before_m2"] == pytest.approx(109.09 * 110.60, rel=2e-3)  # type: ignore[index,call-overload]
    assert said["problems"] == []


def test_an_overlap_with_a_neighbour_is_shown_with_its_area(edits: Cases) -> None:
    over = box(WEST, SOUTH, WEST + 1.5 * STEP, SOUTH + STEP)
    case = edits.open(PLANNER, "plan_edit", body({"fid": "z0", "geometry": mapping(over)}, decision="1"))
    (problem,) = preview(edits.store, REVIEWER, case.body).problems
    assert (problem.code, problem.fid, problem.blocks) == ("overlap", "z0", False)
    assert problem.area_m2 == pytest.approx(109.09 * 110.60 / 2, rel=2e-3)
    assert problem.text.startswith("chồng lên z1 60")
    assert edits.act(REVIEWER, case.id, "approve", seen=1).state == "published"


def test_neighbours_that_give_way_in_the_same_proposal_do_not_overlap(edits: Cases) -> None:
    half = WEST + 1.5 * STEP
    case = edits.open(
        PLANNER,
        "plan_edit",
        body(
            {"fid": "z0", "geometry": mapping(box(WEST, SOUTH, half, SOUTH + STEP))},
            {"fid": "z1", "geometry": mapping(box(half, SOUTH, WEST + 2 * STEP, SOUTH + STEP))},
        ),
    )
    assert preview(edits.store, REVIEWER, case.body).problems == ()


BOW_TIE: Json = {
    "type": "Polygon",
    "coordinates": [[[106.8, 11.5], [106.81, 11.51], [106.81, 11.5], [106.8, 11.51], [106.8, 11.5]]],
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"fid": "z0", "properties": {"colour": "red"}}, "attribute"),
        ({"fid": "z0", "properties": {"floors": "bảy"}}, "type"),
        ({"fid": "z0", "properties": {"floors": 7.5}}, "type"),
        ({"fid": "z0", "properties": {"since": "30/02/2026"}}, "type"),
        ({"fid": "z0", "geometry": BOW_TIE}, "invalid"),
        ({"fid": "z0", "geometry": {"type": "Point", "coordinates": [106.9, 11.5]}}, "geometry_type"),
        ({"fid": "z0", "geometry": mapping(box(570000, 1275000, 570100, 1275100))}, "outside"),
        ({"fid": "nowhere"}, "unknown"),
        ({"fid": "new", "properties": {"code": "ODT"}}, "geometry"),
    ],
)
def test_what_is_wrong_blocks_publication_and_changes_nothing(edits: Cases, change: dict[str, Json], code: str) -> None:
    case = edits.open(PLANNER, "plan_edit", body(change, decision="1"))
    assert code in [p.code for p in preview(edits.store, REVIEWER, case.body).problems if p.blocks]
    before = edits.store.last_seq()
    with pytest.raises(ConflictError):
        edits.act(REVIEWER, case.id, "approve", seen=1)
    assert edits.store.last_seq() == before


def test_a_change_that_would_undo_a_later_version_must_end_before_it(edits: Cases) -> None:
    edits.store.write_features("zones", [FeatureChange("z0", plot(0), {"code": "TMD"}, day(400))], SOURCE)  # type: ignore[arg-type]
    first = edits.open(PLANNER, "plan_edit", body({**floors("z0", 7), "valid_from": format_time(day(300))}))
    assert [p.code for p in preview(edits.store, PLANNER, first.body).problems] == ["later_version"]
    until = {"valid_from": format_time(day(300)), "valid_to": format_time(day(400))}
    second = edits.open(PLANNER, "plan_edit", body({**floors("z0", 7), **until}, decision="1"))
    edits.act(REVIEWER, second.id, "approve", seen=1)

    def at(moment: float) -> dict[str, Json]:
        return edits.store.features(View(REVIEWER, day(moment)), "zones", fids=["z0"])[0].properties

    assert [at(299)["floors"], at(301)["floors"], at(401)["code"]] == [5, 7, "TMD"]


def test_keeping_the_outline_keeps_it_in_the_system_it_was_drawn_in(edits: Cases) -> None:
    (before,) = edits.store.features(View(PLANNER), "zones", fids=["z2"])
    case = edits.open(PLANNER, "plan_edit", body(floors("z2", 9), decision="1"))
    edits.act(REVIEWER, case.id, "approve", seen=1)
    (after,) = edits.store.features(View(PLANNER), "zones", fids=["z2"])
    assert after.crs == before.crs == "EPSG:9212"
    assert before.geometry is not None
    assert after.geometry is not None
    assert after.geometry.hausdorff_distance(before.geometry) < 1e-9  # degrees: a tenth of a millimetre


def test_an_outline_may_be_given_in_survey_coordinates(edits: Cases) -> None:
    survey = mapping(box(570000, 1275000, 570100, 1275100))
    case = edits.open(PLANNER, "plan_edit", body({"fid": "n", "geometry": survey, "properties": CODE,
                                                  "crs": "EPSG:9212"}, decision="1"))  # fmt: skip
    edits.act(REVIEWER, case.id, "approve", seen=1)
    (made,) = edits.store.features(View(PLANNER), "zones", fids=["n"])
    assert made.crs == "EPSG:9212"
    assert made.geometry is not None
    assert 106 < made.geometry.centroid.x < 108


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"layer": "nothing"}, "no layer"),
        ({"layer": "seen"}, "holds no features"),
        ({"changes": []}, "is needed"),
        ({"changes": "z0"}, "list of 1 to"),
        ({"changes": [3]}, "an object"),
        ({"changes": [{"fid": ""}]}, "1 to 200"),
        ({"changes": [{"fid": "a"}, {"fid": "a"}]}, "changed twice"),
        ({"changes": [{"fid": "a", "colour": 1}]}, "not known"),
        ({"changes": [{"fid": "a", "geometry": {"type": "Blob"}}]}, "no GeoJSON"),
        ({"changes": [{"fid": "a", "geometry": {"type": "Polygon", "coordinates": []}}]}, "empty"),
        ({"changes": [{"fid": "a", "properties": 3}]}, "object, or null"),
        ({"changes": [{"fid": "a", "valid_from": "2026-01-01"}]}, "date-time"),
        ({"changes": [{"fid": "a", "crs": "EPSG:1", "geometry": {"type": "Point", "coordinates": [1, 1]}}]}, "EPSG:1"),
        ({"known_at": "2999-01-01T00:00:00Z"}, "2999"),
    ],
)
def test_what_cannot_be_read_opens_no_case(edits: Cases, changed: dict[str, Json], text: str) -> None:
    from twin.errors import InputError

    with pytest.raises(InputError, match=text):
        edits.open(PLANNER, "plan_edit", {**body(floors("z0", 7)), **changed})
    assert edits.find(PLANNER) == ([], 0)


def test_it_can_be_rejected_with_a_reason_or_withdrawn_by_who_proposed_it(edits: Cases) -> None:
    first = edits.open(PLANNER, "plan_edit", body(floors("z0", 7)))
    with pytest.raises(ParameterError, match="reason"):
        edits.act(REVIEWER, first.id, "reject", seen=1)
    assert edits.act(REVIEWER, first.id, "reject", seen=1, reason="trái đồ án").state == "rejected"
    second = edits.open(PLANNER, "plan_edit", body(floors("z0", 7)))
    with pytest.raises(ForbiddenError):
        edits.act(REVIEWER, second.id, "withdraw", seen=1)
    assert edits.act(PLANNER, second.id, "withdraw", seen=1).state == "withdrawn"
    assert state(edits.store, "z0")["floors"] == 5


def test_nothing_is_published_without_the_number_of_a_decision(edits: Cases) -> None:
    case = edits.open(PLANNER, "plan_edit", body(floors("z0", 7)))
    with pytest.raises(ParameterError, match="no number"):
        edits.act(REVIEWER, case.id, "approve", seen=1)
    with pytest.raises(ForbiddenError):
        edits.act(ADMIN, case.id, "approve", seen=1, changes={"decision": "1"})


def test_only_planners_propose(edits: Cases) -> None:
    for who in (REVIEWER, ADMIN, OTHER):
        with pytest.raises(ForbiddenError, match="may not open"):
            edits.open(who, "plan_edit", body(floors("z0", 7)))


def test_what_the_reviewer_may_not_see_of_a_feature_is_kept_all_the_same(edits: Cases) -> None:
    from dataclasses import replace

    from twin.model import policy
    from twin.model.record import Put
    from twin.model.view import Role

    blind = replace(policy.EVERYTHING, hide={"zones": ("code",)})
    roles = {**policy.DEFAULT.roles, **dict.fromkeys((Role.PLANNER, Role.REVIEWER, Role.ADMINISTRATOR), blind)}
    held = policy.to_json(replace(policy.DEFAULT, roles=roles))
    edits.store.write_records([Put(policy.KIND, policy.CURRENT, {"policy": held})])
    case = edits.open(PLANNER, "plan_edit", body(floors("z0", 7), decision="1"))
    assert "code" not in str(preview(edits.store, REVIEWER, case.body).as_json()["before"])
    edits.act(REVIEWER, case.id, "approve", seen=1)
    assert state(edits.store, "z0") == {"floors": 7}
    edits.store.write_records([Put(policy.KIND, policy.CURRENT, {"policy": policy.to_json(policy.DEFAULT)})])
    assert state(edits.store, "z0") == {"code": "ODT", "floors": 7}
    nobody = policy.to_json(replace(policy.DEFAULT, roles=dict.fromkeys(Role, blind)))
    second = edits.open(PLANNER, "plan_edit", body(floors("z0", 8), decision="2"))
    edits.store.write_records([Put(policy.KIND, policy.CURRENT, {"policy": nobody})])
    with pytest.raises(ConflictError, match="no role sees"):
        edits.act(REVIEWER, second.id, "approve", seen=1)


def test_land_the_proposer_may_not_see_cannot_be_overwritten_under_its_id(edits: Cases) -> None:
    from dataclasses import replace

    from twin.model import policy
    from twin.model.record import Put
    from twin.model.secrecy import Secrecy
    from twin.model.view import Role

    edits.store.write_features("zones", [FeatureChange("q1", plot(5), {"code": "CQP"}, day(0))], SOURCE)  # type: ignore[arg-type]
    uncleared = replace(policy.EVERYTHING, clearance=Secrecy.PUBLIC)
    held = policy.to_json(replace(policy.DEFAULT, roles={**policy.DEFAULT.roles, Role.PLANNER: uncleared}))
    edits.store.write_records([Put(policy.KIND, policy.CURRENT, {"policy": held})])
    with pytest.raises(ParameterError, match="cannot be used"):
        edits.open(PLANNER, "plan_edit", body({"fid": "q1", "geometry": mapping(plot(5)), "properties": CODE}))


def test_another_process_proposes_and_publishes_through_the_owner_of_the_store(edits: Cases) -> None:
    from twin.store.remote import Owner, connect

    with Owner(edits.store):
        remote = connect(edits.store.path)
        try:
            there = Cases(remote)
            case = there.open(PLANNER, "plan_edit", body(floors("z0", 7), decision="1"))
            late = there.open(PLANNER, "plan_edit", body(floors("z0", 8), decision="2"))
            assert there.act(REVIEWER, case.id, "approve", seen=1).state == "published"
            with pytest.raises(ConflictError, match="changed since"):
                there.act(REVIEWER, late.id, "approve", seen=1)
        finally:
            remote.close()
    assert state(edits.store, "z0")["floors"] == 7


def test_a_proposal_about_what_the_policy_hides_is_none_to_whom_it_hides_it(edits: Cases) -> None:
    from dataclasses import replace

    from twin.cases.engine import CaseFilter
    from twin.errors import NotFoundError
    from twin.model import policy
    from twin.model.record import Put
    from twin.model.secrecy import Secrecy
    from twin.model.view import Role

    def reviewers_see(**limits: object) -> None:
        rule = replace(policy.EVERYTHING, **limits)  # type: ignore[arg-type]
        held = policy.to_json(replace(policy.DEFAULT, roles={**policy.DEFAULT.roles, Role.REVIEWER: rule}))
        edits.store.write_records([Put(policy.KIND, policy.CURRENT, {"policy": held})])

    edits.store.write_features("zones", [FeatureChange("q1", plot(5), {"code": "CQP"}, day(0))], SOURCE)  # type: ignore[arg-type]
    plain = edits.open(PLANNER, "plan_edit", body(floors("z0", 7)))
    secret = edits.open(PLANNER, "plan_edit", body(floors("q1", 3)))
    fresh = edits.open(
        PLANNER, "plan_edit", body({"fid": "q2", "geometry": mapping(plot(7)), "properties": {"code": "CQP"}})
    )
    recoded = edits.open(PLANNER, "plan_edit", body({"fid": "z1", "properties": {"code": "TMD"}}))

    def seen() -> set[str]:
        found, total = edits.find(REVIEWER, CaseFilter(kind="plan_edit"))
        assert total == len(found)
        assert {c.id for c in edits.find(REVIEWER, CaseFilter(text="đính chính"))[0]} == {c.id for c in found}
        return {c.id for c in found}

    everything = {plain.id, secret.id, fresh.id, recoded.id}
    assert seen() == everything
    reviewers_see(clearance=Secrecy.PUBLIC)
    assert seen() == {plain.id, recoded.id}
    for hidden in (secret, fresh):
        with pytest.raises(NotFoundError):
            edits.get(REVIEWER, hidden.id)
        with pytest.raises(NotFoundError):
            edits.act(REVIEWER, hidden.id, "reject", seen=1, reason="x")
    reviewers_see(hide={"zones": ("code",)})
    assert seen() == {plain.id, secret.id}
    reviewers_see(area=mapping(box(WEST, SOUTH, WEST + STEP / 2, SOUTH + STEP)))
    assert seen() == {plain.id}
    assert {c.id for c in edits.find(PLANNER, CaseFilter(kind="plan_edit"))[0]} == everything
