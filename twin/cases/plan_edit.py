"""The kind ``plan_edit``: changes of a layer that somebody proposes and another person publishes.

The body is ``{"layer", "changes": [{"fid", "geometry", "properties", "valid_from", "valid_to", "crs"?}], "decision",
"reason", "known_at"?}``. In a change a ``geometry`` of null keeps the geometry there is, ``properties`` of null keep
the attributes, otherwise those named are set; with both null the feature ends. What is published is one commit with
the transition that approves it, and only if nothing was recorded about those features since the proposal was made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from twin.cases.case import Case
from twin.cases.extension import Act, Effects, Write
from twin.cases.kind import (
    OPENER,
    Amount,
    Body,
    CaseKind,
    Clock,
    Escalation,
    FormField,
    Reason,
    State,
    Transition,
    Unit,
)
from twin.cases.sight import policies_in
from twin.errors import ConflictError, NotFoundError, ParameterError
from twin.geo.crs import from_wgs84, to_wgs84
from twin.model.layer import Feature, FeatureChange, Layer, LayerKind, Source
from twin.model.record import ExpectFeatures
from twin.model.secrecy import judge
from twin.model.view import Role, View, Viewer
from twin.store.base import Store
from twin.types import Json, format_time, parse_time

NAME: Final = "plan_edit"
MOST_CHANGES = 1000
WGS84 = "EPSG:4326"
_CRS = re.compile(r"EPSG:\d{4,6}")
"""A code alone: other texts that name a system may make the library read files."""

_DECISION = FormField("decision", "text", "Số quyết định", "Decision number")

KIND: Final = CaseKind(
    name=NAME,
    code="PA",
    title="Sửa quy hoạch",
    title_en="Plan edit",
    initial="proposed",
    states=(
        State("proposed", "Chờ thẩm tra", "Under review"),
        State("returned", "Trả lại để sửa", "Returned for correction"),
        State("published", "Đã công bố", "Published", end=True),
        State("rejected", "Không chấp thuận", "Rejected", end=True),
        State("withdrawn", "Đã rút", "Withdrawn", end=True),
    ),
    transitions=(
        Transition(
            "approve", ("proposed",), "published", "Duyệt và công bố", "Approve and publish",
            roles=("planner", "reviewer"), separate=True, form=(_DECISION,), checks=("plan_edit_publishable",),
            effect="plan_edit_publish",
        ),
        Transition(
            "return", ("proposed",), "returned", "Trả lại để sửa", "Return for correction",
            roles=("planner", "reviewer"), separate=True, reason=Reason.REQUIRED,
        ),
        Transition(
            "resubmit", ("returned",), "proposed", "Nộp lại", "Submit again", roles=(OPENER,),
            edits=("changes", "decision", "reason", "known_at"), effect="plan_edit_base",
        ),
        Transition(
            "reject", ("proposed",), "rejected", "Không chấp thuận", "Reject", roles=("planner", "reviewer"),
            separate=True, reason=Reason.REQUIRED,
        ),
        Transition(
            "withdraw", ("proposed", "returned"), "withdrawn", "Rút đề xuất", "Withdraw", roles=(OPENER,),
        ),
    ),
    clocks=(
        # Our own figure, not the law's: administrators set their own.
        Clock(
            "review", Amount(5, Unit.WORKING_DAYS), runs=("proposed",), stops=("returned",),
            meets=("published", "rejected", "withdrawn"), title="Thẩm tra", title_en="Review",
            escalations=(Escalation(0.8, tell=("reviewer",)),),
        ),
    ),
    form=(
        FormField("layer", "text", "Lớp", "Layer", required=True),
        FormField("changes", "json", "Thay đổi", "Changes", required=True),
        _DECISION,
        FormField("reason", "longtext", "Lý do", "Reason", required=True),
        FormField("known_at", "text", "Dữ liệu đã xem đến", "Data seen as known at"),
    ),
    open_roles=("planner",),
    seen_by=("planner", "reviewer", "administrator"),
    checks=("plan_edit_body",),
    on_open="plan_edit_base",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a proposal, read."""

    fid: str
    geometry: BaseGeometry | None
    """In ``crs``; ``None`` keeps what there is."""
    properties: Body | None
    valid_from: datetime | None
    valid_to: datetime | None
    crs: str = WGS84

    @property
    def ends(self) -> bool:
        """Whether the feature ends."""
        return self.geometry is None and self.properties is None

    @property
    def world(self) -> BaseGeometry | None:
        """The geometry in longitude and latitude."""
        if self.geometry is None or self.crs == WGS84:
            return self.geometry
        return to_wgs84([self.geometry], self.crs)[0]


def read_edits(changes: Json) -> list[Edit]:
    """The changes of a body; ParameterError names the one that cannot be read."""
    if not isinstance(changes, list) or not 1 <= len(changes) <= MOST_CHANGES:
        raise ParameterError(f"changes are a list of 1 to {MOST_CHANGES}", where="changes")
    edits = [_read_edit(change, f"changes[{n}]") for n, change in enumerate(changes)]
    fids = [edit.fid for edit in edits]
    twice = next((fid for fid in fids if fids.count(fid) > 1), None)
    if twice is not None:
        raise ParameterError(f"feature {twice!r} is changed twice", where="changes", hint="Say it in one change.")
    return edits


_MEMBERS = ("fid", "geometry", "properties", "valid_from", "valid_to", "crs")


def _read_edit(change: Json, where: str) -> Edit:
    if not isinstance(change, dict):
        raise ParameterError("a change is an object", where=where)
    unknown = sorted(set(change) - set(_MEMBERS))
    if unknown:
        raise ParameterError(f"{unknown[0]!r} is not known", where=where, hint=f"Known are {', '.join(_MEMBERS)}.")
    fid, properties, crs = change.get("fid"), change.get("properties"), change.get("crs", WGS84)
    if not isinstance(fid, str) or not 1 <= len(fid) <= 200:
        raise ParameterError("fid has 1 to 200 characters", where=where)
    if not isinstance(properties, dict | None):
        raise ParameterError("properties are an object, or null", where=where)
    if not isinstance(crs, str) or not _CRS.fullmatch(crs):
        raise ParameterError(
            f"crs {str(crs)[:40]!r} is not the code of a coordinate system", where=where, hint="For instance EPSG:9210."
        )
    start, end = (_moment(change.get(name), f"{where}.{name}") for name in ("valid_from", "valid_to"))
    if start and end and end <= start:
        raise ParameterError("valid_to is not after valid_from", where=where)
    edit = Edit(fid, _geometry(change.get("geometry"), where), properties, start, end, crs)
    _ = edit.world  # a coordinate system that is not known is refused here
    return edit


def _geometry(value: Json, where: str) -> BaseGeometry | None:
    if value is None:
        return None
    try:
        made = shapely.force_2d(shape(cast("Any", value)))
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError, IndexError) as exc:
        raise ParameterError(f"the geometry is no GeoJSON: {exc}", where=f"{where}.geometry") from exc
    if made.is_empty:
        raise ParameterError("the geometry is empty", where=f"{where}.geometry")
    return made


def _moment(value: Json, where: str) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ParameterError("a time is a text", where=where, hint="Write 2026-11-23T19:42:00+07:00.")
    return parse_time(value, where=where)


def layer_of(store: Store, viewer: Viewer, name: str) -> Layer:
    """The layer a proposal is about, as the viewer sees it; ParameterError if it is none of features."""
    try:
        layer = store.layer(View(viewer), name).layer
    except NotFoundError:
        raise ParameterError(f"there is no layer {name!r}", where="layer") from None
    if layer.kind is not LayerKind.FEATURE:
        raise ParameterError(f"layer {name!r} holds no features", where="layer")
    return layer


def versions_at(store: Store, viewer: Viewer, layer: str, edits: Sequence[Edit]) -> dict[str, Feature]:
    """What each feature is where its change begins to hold, by id; those that are not are left out."""
    found: dict[str, Feature] = {}
    moments: dict[datetime | None, list[str]] = {}
    for edit in edits:
        moments.setdefault(edit.valid_from, []).append(edit.fid)
    for moment, fids in moments.items():
        found |= {f.fid: f for f in store.features(View(viewer, moment), layer, fids=fids)}
    return found


def whole_view(store: Store) -> Viewer:
    """Somebody from whom the policy hides nothing: what is kept of a feature must be all of it.

    Raises
    ------
    ConflictError
        If the policy lets nobody see everything.
    """
    held = policies_in(store)
    for role in Role:
        viewer = Viewer("system", role)
        if held.of(viewer).sees_everything:
            return viewer
    raise ConflictError(
        "no role sees every attribute, so that none could be kept", hint="Let one role see everything in the policy."
    )


def visible(store: Store, viewer: Viewer, case: Case) -> bool:
    """Whether the policy lets a viewer see all that a proposal speaks of."""
    rules = policies_in(store).of(viewer)
    if rules.sees_everything:
        return True
    try:
        name = str(case.body["layer"])
        layer = store.layer(View(viewer), name).layer
    except NotFoundError:
        return False
    edits = read_edits(case.body["changes"])
    named = {attribute for edit in edits for attribute in edit.properties or {}}
    whole = whole_view(store)
    if named & {f.name for f in store.layer(View(whole), name).layer.fields} - {f.name for f in layer.fields}:
        return False
    if any(judge(rules.secrecy, edit.properties or {}) > rules.rule.clearance for edit in edits):
        return False
    area = rules.rule.shape() if rules.limits_area(layer) else None
    if area is not None and any((shape := e.world) is not None and not area.intersects(shape) for e in edits):
        return False
    there, seen = versions_at(store, whole, name, edits), versions_at(store, viewer, name, edits)
    return all(fid in seen for fid in there)


def check_body(act: Act) -> None:
    """Refuse a proposal that cannot be read, or is about what the proposer does not see."""
    name = str(act.body["layer"])
    layer_of(act.store, act.viewer, name)
    edits = read_edits(act.body["changes"])
    fids = [edit.fid for edit in edits]
    known = versions_at(act.store, whole_view(act.store), name, edits)
    seen = versions_at(act.store, act.viewer, name, edits)
    hidden = [fid for fid in fids if fid in known and fid not in seen]
    if hidden:
        raise ParameterError(f"the id {hidden[0]!r} cannot be used", where="changes")


def keep_base(act: Act) -> Effects:
    """Note up to when the proposer knew the features; what is recorded later stands against the proposal."""
    given = act.body.get("known_at")
    known_at = parse_time(given, where="known_at") if isinstance(given, str) and given else None
    base = act.store.resolve(View(act.viewer, known_at=known_at)).known_at
    assert base is not None
    layer, edits = str(act.body["layer"]), read_edits(act.body["changes"])
    title = f"{layer_of(act.store, act.viewer, layer).title}: {', '.join(e.fid for e in edits[:3])}"
    more = f" (+{len(edits) - 3})" if len(edits) > 3 else ""
    return Effects(changes={"_base": format_time(base)}, title=title + more)


def base_of(body: Body) -> datetime:
    """Up to when the proposer knew the features."""
    return parse_time(str(body["_base"]), where="plan_edit")


def publish(act: Act) -> Effects:
    """The write that makes the proposal a new version, in the commit of the approving transition."""
    layer, edits = str(act.body["layer"]), read_edits(act.body["changes"])
    before = versions_at(act.store, whole_view(act.store), layer, edits)
    changes = [feature_change(edit, before.get(edit.fid)) for edit in edits]
    proposer = act.case.opener if act.case else None
    source = Source(
        "user",
        f"{act.kind.title} {act.id}",
        decision=str(act.body.get("decision") or ""),
        actor=act.viewer.person,
        report={"case": act.id, "proposed_by": proposer.person if proposer else "", "approved_by": act.viewer.person},
    )
    expected = ExpectFeatures(layer, tuple(e.fid for e in edits), base_of(act.body))
    return Effects(ops=(expected,), write=Write("write_features", (layer, changes, source)))


def feature_change(edit: Edit, before: Feature | None) -> FeatureChange:
    """What the store is told: the change laid over what the feature was."""
    if edit.ends:
        return FeatureChange(edit.fid, None, None, edit.valid_from, edit.valid_to)
    properties = {**(before.properties if before else {}), **(edit.properties or {})}
    geometry, crs = edit.geometry, edit.crs
    if geometry is None and before is not None and before.geometry is not None:
        geometry, crs = before.geometry, before.crs
        if crs != WGS84:
            geometry = from_wgs84([geometry], crs)[0]
    return FeatureChange(edit.fid, geometry, properties, edit.valid_from, edit.valid_to, crs)


def check_publishable(act: Act) -> None:
    """Refuse to publish what has a problem that a person must solve first."""
    from twin.cases.plan_preview import preview  # noqa: PLC0415  the two read each other's words

    if not act.body.get("decision"):
        raise ParameterError("the decision that publishes it has no number", where="decision")
    found = [p for p in preview(act.store, act.viewer, act.body).problems if p.blocks]
    if not found:
        return
    raise ConflictError(f"{found[0].fid}: {found[0].text_en}", where=act.id, hint="Return it for correction.")
