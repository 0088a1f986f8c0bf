"""Which rows are land of national defence and security, and which only look alike."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest

from twin.errors import SchemaError
from twin.model.layer import Field, FieldType, Layer
from twin.model.policy import DEFAULT, DEFENCE, EVERYTHING, Policies, RoleRule, from_json, to_json
from twin.model.secrecy import Secrecy, SecrecyRule, Selection, judge, suspicion
from twin.model.view import CITIZEN, Access, Role, Viewer

SQUARE = {"type": "Polygon", "coordinates": [[[106, 11], [107, 11], [107, 12], [106, 12], [106, 11]]]}


SECRET: list[dict[str, object]] = [
    {"code": "CQP"},
    {"loai_dat": "CAN"},
    {"LOAIDAT": "cqp"},
    {"purpose": "ONT+CQP"},
    {"purpose": "ONT + CQP + CLN"},
    {"purpose": "CQP/CAN"},
    {"purpose": "ONT;CQP"},
    {"purpose": "ODT CQP"},
    {"purpose": " CQP "},
    {"mdsd": "CQP 125.4 m2"},
    {"mdsd": "CQP: 125,4"},
    {"label": "ONT(CAN)"},
    {"label": "CQP-01"},
    {"change": "ONT -> CQP"},
    {"change": "ONT → CAN"},
    {"change": "ONT>CQP"},
    {"label": "CQP."},
    {"label": "CQP?"},
    {"label": "“CQP”"},
    {"label": "CQP @ 12.5 m2"},
    {"note": "Thửa đất CQP (cũ)"},
    {"label": "C\u200bQP"},
    {"label": "\ufeffCAN"},
    {"label": "ＣＱＰ"},
    {"note": "Đất quốc\u00ad phòng"},
    {"label": "CQP12"},
    {"label": "ONT_CQP"},
    {"codes": ["ONT", "CQP"]},
    {"land": {"uses": [{"code": "CAN"}]}},
    {"purpose": '["ONT","CQP"]'},
    {"function": "DAT_Quocphong"},
    {"function": "DAT_NDD_Anninh"},
    {"layer": "QHPK_DAT_Anninh"},
    {"function_name": "Đất quốc phòng"},
    {"function_name": "Quốc phòng, an ninh"},
    {"ten": "ĐẤT AN NINH (Công an phường)"},
    {"note": "Một phần là đất  quốc phòng."},
    {"note": "dat quoc phong"},
    {"note": "Đất quốc phòng"},
    {"label": "ODT\nCQP\n125"},
    {"label": "ODT\x0bCQP"},
    {"note": "Đất\nquốc\tphòng"},
]


@pytest.mark.parametrize("properties", SECRET)
def test_land_of_defence_and_security_is_known_however_it_is_written(properties: dict[str, object]) -> None:
    assert judge([DEFENCE], properties) is Secrecy.RESTRICTED


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"code": "ODT"},
        {"code": None, "n": 5},
        {"name": "CAN THO"},
        {"name": "Cần Thơ", "name_en": "Can Tho"},
        {"name": "Cần"},
        {"CQP": "ODT"},
        {"name": "Candle"},
        {"note": "the river can flood"},
        {"decision": "45/QĐ-CAND"},
        {"name": "Trung tâm giáo dục quốc phòng và an ninh"},
        {"name": "An ninh Hải"},
        {"code": "CQPX"},
        {"text": "CQP " * 300},
    ],
)
def test_what_only_looks_alike_is_not_hidden(properties: dict[str, object]) -> None:
    assert judge([DEFENCE], properties) is Secrecy.PUBLIC


def test_a_rule_may_look_at_one_attribute_and_the_highest_class_counts() -> None:
    inner = SecrecyRule(Secrecy.INTERNAL, attributes=("status",), names=("Dự thảo",))
    assert judge([inner], {"status": "dự thảo"}) is Secrecy.INTERNAL
    assert judge([inner], {"name": "dự thảo"}) is Secrecy.PUBLIC
    assert judge([inner, DEFENCE], {"status": "DỰ THẢO", "code": "CAN"}) is Secrecy.RESTRICTED


@pytest.mark.parametrize("properties", SECRET)
def test_what_finds_suspects_misses_none(properties: dict[str, object]) -> None:
    text = json.dumps(properties, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    composed = text.lower()
    folded = "".join(
        c for c in unicodedata.normalize("NFD", composed.replace("đ", "d")) if not unicodedata.combining(c)
    )
    codes, phrases = suspicion([DEFENCE])
    assert re.search(codes, composed) or re.search(phrases, folded)


def test_what_finds_suspects_does_not_suspect_cities_and_roads() -> None:
    codes, phrases = suspicion([DEFENCE])
    assert not re.search(codes, '{"commune":"cần thơ","road":"candle","n":"scan"}')
    assert not re.search(phrases, '{"road":"quoc lo 14","unit":"tinh tay ninh"}')
    accented, _ = suspicion([SecrecyRule(Secrecy.INTERNAL, codes=("ĐQ",))])
    assert re.search(accented, unicodedata.normalize("NFD", '"đq"'))
    assert suspicion([SecrecyRule(Secrecy.INTERNAL, phrases=("x",))])[0] == ""


def test_a_selection_names_layers_and_groups() -> None:
    parcels, lamps = Layer("parcels", "", group="planning"), Layer("lamps", "", group="sensors")
    assert Selection(("group:planning",)).holds(parcels)
    assert not Selection(("group:planning",)).holds(lamps)
    assert not Selection(("*",), ("lamps",)).holds(lamps)
    assert not Selection(()).holds(parcels)


def test_the_built_in_policy_is_what_was_always_true() -> None:
    layer = Layer("a", "", fields=(Field("x", FieldType.STRING, access=Access.STAFF),), access=Access.PUBLIC)
    citizen, officer = DEFAULT.of(CITIZEN), DEFAULT.of(Viewer("o", Role.DUTY_OFFICER))
    assert citizen.sees_layer(layer)
    assert citizen.hidden(layer) == ("x",)
    assert not citizen.sees_layer(Layer("b", ""))
    assert officer.sees_everything
    assert (citizen.sees_internals, officer.sees_internals) == (False, True)
    assert all(rule.full for role, rule in DEFAULT.roles.items() if role is not Role.CITIZEN)


def test_a_policy_comes_back_from_its_json() -> None:
    rule = RoleRule(
        Selection(("parcels", "group:base"), ("roads",)), Access.STAFF, Secrecy.INTERNAL, SQUARE,  # type: ignore[arg-type]
        Selection(("parcels",), ("x",)), {"parcels": ("owner",)}, {"roads": ("note",)},
    )  # fmt: skip
    every = SecrecyRule(Secrecy.INTERNAL, Selection(("cases",)), every=True, title="Hồ sơ")
    policies = Policies({Role.PLANNER: rule, Role.CITIZEN: EVERYTHING}, (DEFENCE, every), 7)
    assert from_json(to_json(policies), 7) == policies


def test_who_sees_the_same_shares_a_key_and_who_does_not_has_another() -> None:
    keys = {role: DEFAULT.of(Viewer("", role)).key for role in Role}
    assert len(set(keys.values())) == 2
    others = Policies(DEFAULT.roles, ())
    assert others.of(CITIZEN).key != keys[Role.CITIZEN]


def test_a_role_without_a_rule_sees_nothing() -> None:
    policy = Policies({}, (DEFENCE,)).of(CITIZEN)
    assert not policy.sees_layer(Layer("a", "", access=Access.PUBLIC))
    assert not policy.sees_internals


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "is not a JSON object"),
        ({"roles": {}}, "a policy has roles"),
        ({"roles": {}, "secrecy": [], "more": 1}, "'more'"),
        ({"roles": {"mayor": {}}, "secrecy": []}, "'mayor' is not a role"),
        ({"roles": {"citizen": {"layer": ["*"]}}, "secrecy": []}, "'layer'"),
        ({"roles": {"citizen": {"layers": "*"}}, "secrecy": []}, "list of texts"),
        ({"roles": {"citizen": {"access": "secret"}}, "secrecy": []}, "is not an access"),
        ({"roles": {"citizen": {"clearance": "top"}}, "secrecy": []}, "is not a class"),
        ({"roles": {"citizen": {"area": {"type": "Point", "coordinates": [1, 2]}}}, "secrecy": []}, "not a polygon"),
        ({"roles": {"citizen": {"area": {"type": "Polygon",
          "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}}}, "secrecy": []}, "no valid polygon"),
        ({"roles": {"citizen": {"area": {"type": "Polygon",
          "coordinates": [[[5e5, 1e6], [6e5, 1e6], [6e5, 2e6], [5e5, 1e6]]]}}}, "secrecy": []}, "WGS 84"),
        ({"roles": {"citizen": {"area": "POLYGON EMPTY"}}, "secrecy": []}, "no GeoJSON"),
        ({"roles": {"citizen": {"hide": ["x"]}}, "secrecy": []}, "attributes by layer"),
        ({"roles": {}, "secrecy": [{"class": "restricted"}]}, "a rule names codes"),
        ({"roles": {}, "secrecy": [{"class": "restricted", "every": True, "codes": ["CQP"]}]}, "a rule names codes"),
        ({"roles": {}, "secrecy": [{"class": "restricted", "codes": ["C+P"]}]}, "is not a code"),
        ({"roles": {}, "secrecy": [{"class": "restricted", "phrases": ["---"]}]}, "at least one letter"),
        ({"roles": {}, "secrecy": [{"class": "restricted", "every": "yes"}]}, "true or false"),
    ],
)  # fmt: skip
def test_a_policy_that_is_none_is_refused_with_its_place(body: object, told: str) -> None:
    with pytest.raises(SchemaError, match=told) as caught:
        from_json(body)
    assert caught.value.where


def test_a_legend_does_not_name_what_only_hidden_rows_have() -> None:
    classes = [
        {"value": "ODT", "color": "#a57c00"},
        {"value": ["SKC", "CQP"], "color": "#5200a5"},
        {"value": "CAN", "color": "#000000"},
    ]
    layer = Layer("land", "", access=Access.PUBLIC, style={"fill": {"by": "code", "classes": classes}})
    shown = DEFAULT.of(CITIZEN).shown(layer).style["fill"]["classes"]  # type: ignore[index,call-overload]
    assert shown == [{"value": "ODT", "color": "#a57c00"}, {"value": ["SKC"], "color": "#5200a5"}]
    assert DEFAULT.of(Viewer("o", Role.PLANNER)).shown(layer) is layer
