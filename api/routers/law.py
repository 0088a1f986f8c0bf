"""The law: rules with their source and confidence, what changes when, the calendar; proposing and countersigning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from api.access import AccessMode
from api.context import Context, Ctx, Seen, needs
from api.params import parse_moment
from api.shape import answered, json_response
from twin.errors import NotFoundError, ParameterError
from twin.law import editing
from twin.law.book import Law, Moment
from twin.law.layout import sheets, words
from twin.law.rule import Confidence, Kind, Rule, Stamp, State, Version, day_of, transition_body
from twin.law.shipped import RECORD
from twin.law.tables import rows_confidence
from twin.model.view import Right, View, Viewer
from twin.types import Json, format_time

router = APIRouter(prefix="/app/law", tags=["law"])

LONGEST = timedelta(days=3700)
Text = Annotated[str, Query(max_length=200)]
Day = Annotated[str | None, Query(description="A date, 2027-01-01", max_length=40)]
Editor = Annotated[Viewer, needs(Right.LAW)]


class Proposal(BaseModel):
    """A proposed version."""

    model_config = ConfigDict(extra="forbid")
    rule: dict[str, Any]
    seen: int
    reason: str


class Countersignature(BaseModel):
    """Which record, and which of its versions, is countersigned."""

    model_config = ConfigDict(extra="forbid")
    seen: int
    number: int | None = None


@router.get("")
def rules(
    ctx: Ctx,
    view: Seen,
    *,
    q: Text = "",
    kind: Kind | None = None,
    document: Text = "",
    confidence: Confidence | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    offset: Annotated[int, Query(ge=0)] = 0,
    at: Annotated[str | None, Query(description="Only rules in force then; absent: every rule")] = None,
) -> Response:
    """Rules whose words match, ignoring case and diacritics, narrowed by kind, document and confidence."""
    law = law_of(ctx, view)
    when = view.at if at is not None else None
    found = law.search(q, at=when, kind=kind, document=document, confidence=confidence)
    page = [described(law, v, view.viewer) for v in found[offset : offset + limit]]
    return answered(view, {"rules": page, "total": len(found)})


@router.get("/changes")
def changes(ctx: Ctx, view: Seen, *, start: Day = None, end: Day = None) -> Response:
    """What begins or ends to hold, by date; from today for two years if nothing is said."""
    first, last = _between(start, end, timedelta(days=731))
    found = law_of(ctx, view).changes(first, last)
    return answered(view, {"changes": [_change(m) for m in found]})


@router.get("/calendar")
def calendar(ctx: Ctx, view: Seen, *, start: Day = None, end: Day = None) -> Response:
    """Working days and days off; from today for a year if nothing is said."""
    first, last = _between(start, end, timedelta(days=365))
    working = law_of(ctx, view).calendar(view.at)
    days = [
        {
            "date": d.date.isoformat(),
            "working": d.working,
            "name": d.name,
            "name_en": d.name_en,
            "source": d.source,
            "confidence": d.confidence,
            "provisional": d.provisional,
        }
        for d in working.days(first, last)
    ]
    hours = [[f"{a:%H:%M}", f"{b:%H:%M}"] for a, b in working.office_hours]
    return answered(view, {"version": working.version, "office_hours": hours, "days": days})


@router.get("/{id}")
def rule(ctx: Ctx, view: Seen, id: str, number: Annotated[int | None, Query(ge=1)] = None) -> Response:  # noqa: A002  the contract's word
    """One rule with its content, in the version that holds at ``at`` (or the nearest), or that of ``number``."""
    law = law_of(ctx, view)
    known = law.rule(id)
    version = known.nearest(day_of(view.at or datetime.now(UTC))) if number is None else known.number(number)
    if version is None:
        raise NotFoundError(f"{id} has no version {number}")
    return answered(view, _whole(ctx, law, known, version, view))


@router.post("/{id}")
def propose(ctx: Ctx, viewer: Editor, id: str, body: Proposal) -> Response:  # noqa: A002  as above
    """Propose a version; it is a draft until another person countersigns it."""
    known = editing.propose(ctx.store, viewer, id, body.rule, seen=body.seen, reason=body.reason)
    view = ctx.store.resolve(View(viewer))
    return json_response(_whole(ctx, law_of(ctx, view), known, known.versions[-1], view), status=201)


@router.post("/{id}/countersign")
def countersign(ctx: Ctx, viewer: Editor, id: str, body: Countersignature) -> Response:  # noqa: A002  as above
    """Countersign a version that somebody else entered, or that was shipped."""
    known = editing.countersign(ctx.store, viewer, id, seen=body.seen, number=body.number)
    view = ctx.store.resolve(View(viewer))
    signed = [v for v in known.versions if v.state is State.SIGNED and (v.number == body.number or not body.number)]
    newest = max(signed, key=lambda v: (format_time(v.countersigned.at) if v.countersigned else "", v.number))
    return json_response(_whole(ctx, law_of(ctx, view), known, newest, view))


def law_of(ctx: Context, view: View) -> Law:
    """The law under a View. A closed twin of a real city uses countersigned versions only; citizens see no draft."""
    production = ctx.gate.mode is AccessMode.CLOSED and not ctx.twin.info().get("synthetic")
    law = Law.of(ctx.store, known_at=view.known_at, production=production)
    return law if view.viewer.is_staff else law.without_drafts()


def described(law: Law, version: Version, viewer: Viewer) -> dict[str, Json]:
    """A version as RULE in ``docs/http.md``."""
    return {
        "id": version.rule,
        "kind": version.kind.value,
        "title": version.title,
        "title_en": version.title_en,
        "document": version.document,
        "clause": version.clause,
        "valid_from": _iso(version.valid_from),
        "valid_to": _iso(version.valid_to),
        "transition": [transition_body(t) for t in version.transition],
        "confidence": version.confidence.value,
        "weakest": rows_confidence(version).value,
        "source": ", ".join(version.sources),
        "countersigned": _stamp(version.countersigned, viewer),
        "entered": _stamp(version.entered, viewer),
        "state": version.state.value,
        "usable": law.usable(version),
        "may_refuse": version.may_refuse,
        "number": version.number,
        "version": version.record_version,
        "note": version.note,
        "note_en": version.note_en,
    }


def _whole(ctx: Context, law: Law, known: Rule, version: Version, view: View) -> dict[str, Json]:
    history = ctx.store.record_history(RECORD, known.id)
    recorded = {r.version: r for r in history}
    return {
        **described(law, version, view.viewer),
        "reason": version.reason if view.viewer.is_staff else "",
        "sources": _sources(law, version),
        "content": {**words(version), "sheets": list[Json](sheets(version)), "data": dict(version.content)},
        "versions": [_listed(v, recorded, view.viewer) for v in known.versions],
    }


def _listed(version: Version, recorded: dict[int, Any], viewer: Viewer) -> dict[str, Json]:
    """A version with the time during which the record held it in this state."""
    first = next(
        (r for _, r in sorted(recorded.items()) if any(v["number"] == version.number for v in r.body["versions"])), None
    )
    return {
        "number": version.number,
        "version": version.record_version,
        "state": version.state.value,
        "document": version.document,
        "valid_from": _iso(version.valid_from),
        "valid_to": _iso(version.valid_to),
        "replaces": version.replaces,
        "countersigned": _stamp(version.countersigned, viewer),
        "recorded_from": format_time(first.recorded_from) if first else None,
    }


def _sources(law: Law, version: Version) -> list[Json]:
    known = {row["code"]: row for row in law.rows("law.sources")} if "law.sources" in law.rules else {}
    return [
        {"key": key, "title": known.get(key, {}).get("title", key), "title_en": known.get(key, {}).get("title_en", key)}
        for key in version.sources
    ]


def _change(moment: Moment) -> dict[str, Json]:
    v = moment.version
    said = f"{v.document} · {v.title}" if v.document else v.title
    said_en = f"{v.document} · {v.title_en}" if v.document else v.title_en
    verb, verb_en = ("có hiệu lực", "comes into force") if moment.begins else ("hết hiệu lực", "ends")
    transition = " ".join(t.text for t in v.transition)
    transition_en = " ".join(t.text_en for t in v.transition)
    return {
        "date": moment.day.isoformat(),
        "rule": v.rule,
        "number": v.number,
        "title": v.title,
        "title_en": v.title_en,
        "document": v.document,
        "confidence": v.confidence.value,
        "what": "begins" if moment.begins else "ends",
        "text": f"{said}: {verb} từ ngày {moment.day:%d/%m/%Y}. {transition}".strip(),
        "text_en": f"{said_en}: {verb_en} on {moment.day:%d/%m/%Y}. {transition_en}".strip(),
    }


def _stamp(stamp: Stamp | None, viewer: Viewer) -> Json:
    """Who and when; a citizen sees when."""
    if stamp is None:
        return None
    return {"by": stamp.name if viewer.is_staff else "", "at": format_time(stamp.at)}


def _between(start: str | None, end: str | None, default: timedelta) -> tuple[date, date]:
    first = _day(start, "start") or day_of(datetime.now(UTC))
    last = _day(end, "end") or first + min(default, date.max - first)
    if not timedelta() <= last - first <= LONGEST:
        raise ParameterError(f"from {first} to {last} is no span, or too long a one", where="end")
    return first, last


def _day(text: str | None, where: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        moment = parse_moment(text, where=where)
        return None if moment is None else day_of(moment)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
