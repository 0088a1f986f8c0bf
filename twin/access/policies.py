"""Policies: what stands, what another one would change, and publishing it.

A policy (:mod:`twin.model.policy`) is checked for holes and tried on the store before it holds. Publishing names the
version that was seen, gives a reason, and is one commit with its entry in the audit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import shapely

from twin.access.audit import audited
from twin.errors import NotFoundError, ParameterError, SchemaError
from twin.model.layer import Layer
from twin.model.policy import CURRENT, DEFAULT, DEFENCE, KIND, Policies, RoleRule, from_json, to_json
from twin.model.record import Body, Put, Record, canonical
from twin.model.secrecy import EVERY, GROUP, Secrecy, SecrecyRule, Selection, class_of_layer, plain
from twin.model.view import CITIZEN, Access, Role, Viewer
from twin.store.base import AccessChange, Rehearsal, Store
from twin.types import BBox, Json

GROUPS = frozenset(
    {
        "base",
        "planning",
        "infrastructure",
        "sensors",
        "cameras",
        "events",
        "simulation",
        "buildings",
        "social",
        "imported",
    }
)
"""Groups that a policy may name although no layer stands in them yet."""

TITLES = {
    Role.CITIZEN: ("Người dân", "citizens"),
    Role.PLANNER: ("Cán bộ quy hoạch", "planners"),
    Role.REVIEWER: ("Cán bộ thẩm định cấp phép", "permit reviewers"),
    Role.OPERATOR: ("Cán bộ vận hành phòng chống ngập", "flood operators"),
    Role.DUTY_OFFICER: ("Trực ban", "duty officers"),
    Role.INTEGRATOR: ("Đơn vị tích hợp", "integrators"),
    Role.ADMINISTRATOR: ("Quản trị viên", "administrators"),
}


@dataclass(frozen=True, slots=True)
class Version:
    """A policy that holds or held. Version 0 is the built-in one."""

    version: int
    policy: Body
    since: datetime | None = None
    until: datetime | None = None
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a policy. An ``error`` keeps it from being published, a ``warning`` does not."""

    level: str
    where: str
    text: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a role would gain and lose on a layer (or of an attribute), counted, in two sentences."""

    role: Role
    layer: str
    attribute: str
    gains: int
    loses: int
    text: str
    text_en: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What is wrong with a policy, and who would gain or lose access by it."""

    problems: tuple[Problem, ...]
    changes: tuple[Change, ...]

    @property
    def publishable(self) -> bool:
        """Whether nothing keeps it from being published."""
        return not any(p.level == "error" for p in self.problems)


# -- what stands -----------------------------------------------------------------------------------------------------


def current(store: Store) -> Version:
    """The policy in force."""
    try:
        return _version(store.record(KIND, CURRENT))
    except NotFoundError:
        return Version(0, to_json(DEFAULT))


def history(store: Store) -> list[Version]:
    """Every policy that held, newest first; the built-in one last."""
    published = [_version(record) for record in store.record_history(KIND, CURRENT)]
    first = Version(0, to_json(DEFAULT), until=published[0].since if published else None)
    return [*reversed(published), first]


def _version(record: Record) -> Version:
    said = record.body
    return Version(
        record.version,
        cast("Body", said["policy"]),
        record.recorded_from,
        record.recorded_to,
        str(said.get("by", "")),
        str(said.get("reason", "")),
    )


# -- what another one would change -----------------------------------------------------------------------------------


def dry_run(store: Store, body: Json) -> DryRun:
    """What is wrong with a policy and what it would change; nothing is kept.

    What cannot be read as a policy is one problem and changes nothing.
    """
    try:
        policies = from_json(body)
    except SchemaError as exc:
        return DryRun((Problem("error", exc.where, _unreadable(exc), str(exc)),), ())
    tried = store.rehearse_policy(to_json(policies))
    problems = sorted(_problems(policies, tried), key=lambda p: p.level != "error")
    return DryRun(tuple(problems), tuple(map(_told, tried.changes)))


def _unreadable(exc: SchemaError) -> str:
    return f"Không đọc được chính sách tại {exc.where}: {exc.message}."


def publish(store: Store, viewer: Viewer, body: Json, *, seen: int, reason: str) -> Version:
    """Bring a policy into force.

    Parameters
    ----------
    seen
        Version that was seen in force; 0 for the built-in one.

    Raises
    ------
    SchemaError
        If it cannot be read, or has a problem of the level ``error``.
    ConflictError
        If another one was published meanwhile.
    ParameterError
        If no reason is given.
    """
    if not reason.strip():
        raise ParameterError("a policy is published for a reason", where="reason", hint="Say why, for those after you.")
    policies = from_json(body)
    tried = dry_run(store, body)
    for problem in tried.problems:
        if problem.level == "error":
            raise SchemaError(problem.text_en, where=problem.where, hint="A dry run shows every problem.")
    document = to_json(policies)
    kept: Body = {"policy": document, "by": viewer.person or viewer.name, "reason": reason.strip()}
    details: Body = {
        "seen": seen,
        "sha256": hashlib.sha256(canonical(document).encode()).hexdigest(),
        "warnings": len(tried.problems),
        "changes": len(tried.changes),
    }
    act = audited(viewer, "policy.publish", f"{KIND}:{CURRENT}", details=details)
    store.write_records([Put(KIND, CURRENT, kept, expect=seen), act])
    return current(store)


# -- problems --------------------------------------------------------------------------------------------------------


def _problems(policies: Policies, tried: Rehearsal) -> Iterator[Problem]:
    layers = {layer.name: layer for layer, _ in tried.layers}
    for role in Role:
        rule = policies.roles.get(role)
        if rule is None:
            yield _error(f"roles.{role}", f"{TITLES[role][0]} không có quy tắc nào: họ sẽ không thấy gì.",
                         f"There is no rule for {TITLES[role][1]}: they would see nothing.")  # fmt: skip
            continue
        where = f"roles.{role}"
        yield from _unknown(rule.layers, layers, where)
        yield from _unknown(rule.area_layers, layers, f"{where}.area")
        for what, attributes in (("hide", rule.hide), ("show", rule.show)):
            yield from _unknown_attributes(attributes, layers, f"{where}.{what}")
        yield from _outside(rule, tried.layers, where)
        yield from _too_little(role, rule, policies)
        if rule.access is Access.PUBLIC:
            yield from _public_holes(role, rule, layers, where)
    for number, one in enumerate(policies.secrecy):
        yield from _unknown(one.layers, layers, f"secrecy[{number}]")
    yield from _citizen_holes(policies)
    yield from _defence_holes(policies, tried)


def _error(where: str, text: str, text_en: str) -> Problem:
    return Problem("error", where, text, text_en)


def _warning(where: str, text: str, text_en: str) -> Problem:
    return Problem("warning", where, text, text_en)


def _unknown(selection: Selection, layers: Mapping[str, Layer], where: str) -> Iterator[Problem]:
    groups = GROUPS | {layer.group for layer in layers.values()}
    for name in (*selection.chosen, *selection.without):
        group = name.removeprefix(GROUP)
        if name == EVERY or name in layers or (name.startswith(GROUP) and group in groups):
            continue
        yield _error(f"{where}.layers", f"Không có lớp hay nhóm lớp nào tên {name!r}.",
                     f"There is no layer or group of layers {name!r}.")  # fmt: skip


def _unknown_attributes(
    named: Mapping[str, Sequence[str]], layers: Mapping[str, Layer], where: str
) -> Iterator[Problem]:
    for name, attributes in named.items():
        layer = layers.get(name)
        if layer is None:
            yield _error(where, f"Không có lớp nào tên {name!r}.", f"There is no layer {name!r}.")
            continue
        for attribute in attributes:
            if layer.field(attribute) is None:
                yield _error(f"{where}.{name}", f"Lớp {layer.title} không có thuộc tính {attribute!r}.",
                             f"Layer {name} has no attribute {attribute!r}.")  # fmt: skip


def _outside(rule: RoleRule, layers: Iterable[tuple[Layer, BBox | None]], where: str) -> Iterator[Problem]:
    shape = rule.shape()
    boxes = [shapely.box(*box.tuple()) for layer, box in layers if box is not None and rule.area_layers.holds(layer)]
    if shape is not None and boxes and not any(shape.intersects(box) for box in boxes):
        yield _error(f"{where}.area", "Phạm vi nằm ngoài mọi dữ liệu: vai trò này sẽ không thấy đối tượng nào.",
                     "The area lies outside all data: this role would see no feature.")  # fmt: skip


def _too_little(role: Role, rule: RoleRule, policies: Policies) -> Iterator[Problem]:
    if role is Role.ADMINISTRATOR and not rule.full:
        yield _error(f"roles.{role}", "Quản trị viên phải thấy tất cả: chương trình đọc dữ liệu bằng quyền này.",
                     "Administrators must see everything: the program itself reads in this role.")  # fmt: skip
    citizen = policies.roles.get(Role.CITIZEN)
    if role is not Role.CITIZEN and citizen is not None and rule.clearance < citizen.clearance:
        yield _warning(f"roles.{role}.clearance", f"{TITLES[role][0]} thấy ít hơn người dân.",
                       f"{TITLES[role][1].capitalize()} would see less than citizens.")  # fmt: skip


def _public_holes(role: Role, rule: RoleRule, layers: Mapping[str, Layer], where: str) -> Iterator[Problem]:
    for name in rule.layers.chosen:
        layer = layers.get(name)
        if layer is not None and layer.access is Access.STAFF:
            text = f"Lỗ hổng: quy tắc công khai nêu lớp nội bộ “{layer.title}”; hãy công bố lớp, nếu muốn."
            text_en = f"A hole: a public rule names the staff layer {name}; publish the layer if that is meant."
            yield _error(f"{where}.layers", text, text_en)
    for name, attributes in rule.show.items():
        if role is Role.CITIZEN and attributes:
            listed = ", ".join(attributes)
            text = f"Lỗ hổng: thuộc tính nội bộ {listed} của lớp {name} lộ ra cho người dân."
            text_en = f"A hole: staff attributes {listed} of layer {name} would be shown to citizens."
            yield _error(f"{where}.show.{name}", text, text_en)


def _citizen_holes(policies: Policies) -> Iterator[Problem]:
    rule = policies.roles.get(Role.CITIZEN)
    if rule is None:
        return
    if rule.access is not Access.PUBLIC:
        text = "Lỗ hổng: người dân thấy mọi lớp và thuộc tính nội bộ."
        yield _error("roles.citizen.access", text, "A hole: citizens would see every staff layer and attribute.")
    if rule.clearance > Secrecy.PUBLIC:
        text = "Lỗ hổng: người dân thấy dữ liệu mật hoặc nội bộ, kể cả đất quốc phòng, an ninh."
        text_en = "A hole: citizens would see secret rows, land of national defence and security among them."
        yield _error("roles.citizen.clearance", text, text_en)


def _defence_holes(policies: Policies, tried: Rehearsal) -> Iterator[Problem]:
    """Layers, also those to come, on which land of national defence and security would not be restricted any more."""
    covering = [rule for rule in policies.secrecy if _covers_defence(rule)]
    if not any(EVERY in rule.layers.chosen for rule in covering):
        text = "Lỗ hổng: trên các lớp nhập sau này, đất quốc phòng, an ninh không phải là mật."
        text_en = "A hole: on layers to come, land of national defence and security would be no secret."
        yield _error("secrecy", text, text_en)
    gained = {c.layer.name: c.gains for c in tried.changes if c.role is Role.CITIZEN and not c.attribute}
    citizen = policies.of(CITIZEN)
    for layer, _ in tried.layers:
        if class_of_layer(policies.secrecy, layer) is Secrecy.RESTRICTED:
            continue
        if not any(rule.layers.holds(layer) for rule in covering):
            n = gained.get(layer.name, 0)
            text = f"Lỗ hổng: trên lớp “{layer.title}”, đất quốc phòng, an ninh không còn là mật"
            text_en = f"A hole: on layer {layer.name}, land of national defence and security would be no secret"
            more, more_en = f"; người dân thấy thêm {_number(n)} đối tượng.", f"; citizens gain {n} features."
            # Citizens never see such land; of a layer they do not have it is told and allowed.
            found = _error if citizen.sees_layer(layer) else _warning
            yield found("secrecy", text + more, text_en + more_en)


def _covers_defence(rule: SecrecyRule) -> bool:
    """Whether a rule restricts at least what the built-in one does."""
    if rule.secrecy is not Secrecy.RESTRICTED or EVERY not in rule.attributes:
        return False
    return all(
        set(map(plain, wanted)) <= set(map(plain, given))
        for wanted, given in (
            (DEFENCE.codes, rule.codes), (DEFENCE.names, rule.names), (DEFENCE.phrases, rule.phrases),
        )
    )  # fmt: skip


# -- sentences -------------------------------------------------------------------------------------------------------


def _told(change: AccessChange) -> Change:
    role, role_en = TITLES[change.role]
    layer, layer_en = change.layer.title, change.layer.title_en or change.layer.title
    if change.attribute:
        field = change.layer.field(change.attribute)
        name = (field.title if field else "") or change.attribute
        name_en = (field.title_en if field else "") or change.attribute
        text, text_en = _of_attribute(change, name, name_en, layer, layer_en)
    else:
        text, text_en = _of_layer(change, layer, layer_en)
    return Change(
        change.role, change.layer.name, change.attribute, change.gains, change.loses, f"{role} {text}.",
        f"{role_en.capitalize()} {text_en}.",
    )  # fmt: skip


def _of_attribute(change: AccessChange, name: str, name_en: str, layer: str, layer_en: str) -> tuple[str, str]:
    if change.gains or not change.loses:
        n = _number(change.gains)
        return (
            f"thấy thêm thuộc tính “{name}” trên {n} đối tượng của lớp “{layer}”",
            f"gain the attribute “{name_en}” on {change.gains} features of “{layer_en}”",
        )
    return (
        f"không còn thấy thuộc tính “{name}” trên {_number(change.loses)} đối tượng của lớp “{layer}”",
        f"lose the attribute “{name_en}” on {change.loses} features of “{layer_en}”",
    )


def _of_layer(change: AccessChange, layer: str, layer_en: str) -> tuple[str, str]:
    if change.before != change.after:
        n = change.gains if change.after else change.loses
        if change.after:
            return (
                f"thấy thêm cả lớp “{layer}” ({_number(n)} đối tượng)",
                f"gain the whole layer “{layer_en}” ({n} features)",
            )
        return (
            f"không còn thấy lớp “{layer}” ({_number(n)} đối tượng)",
            f"lose the whole layer “{layer_en}” ({n} features)",
        )
    parts, parts_en = [], []
    if change.gains:
        parts.append(f"thấy thêm {_number(change.gains)} đối tượng")
        parts_en.append(f"gain {change.gains} features")
    if change.loses:
        parts.append(f"không còn thấy {_number(change.loses)} đối tượng")
        parts_en.append(f"lose {change.loses} features")
    return f"{', '.join(parts)} của lớp “{layer}”", f"{' and '.join(parts_en)} of “{layer_en}”"


def _number(n: int) -> str:
    """A whole number as it is written in Viet Nam."""
    return f"{n:,}".replace(",", ".")
