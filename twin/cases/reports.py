"""Citizens' field reports: sending one, its public status, the reporter's answer, its photos."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from twin.access.audit import audited
from twin.cases import case as model
from twin.cases.case import Case, case_of, log_of, step_of
from twin.cases.clocks import Phase, stamp
from twin.cases.engine import Cases
from twin.cases.field_report import DUPLICATE_H, DUPLICATE_M, NAME, PHOTO, SHOWN
from twin.cases.photos import Box, Photo, cover
from twin.errors import ForbiddenError, NotFoundError, ParameterError, TwinError
from twin.files.blobs import Files
from twin.files.registry import FILE, disuse, file_body, use
from twin.files.vault import FORGOTTEN, Vault
from twin.geo.geodesy import box_around, distance_between
from twin.law.answer import Found
from twin.law.book import Law
from twin.law.rule import rule_of
from twin.law.shipped import RECORD
from twin.model.record import Condition, Put, Range, Record
from twin.model.view import Right, Viewer
from twin.types import BBox, Json, LonLat

MOST_PHOTOS: Final = 5
_BLOCK: Final = 500
_MAINLAND_AND_ISLANDS: Final = BBox(102.0, 6.0, 118.0, 24.0)
"""Viet Nam with Hoàng Sa and Trường Sa, roughly: a report from elsewhere is a slip."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A report that was taken."""

    case: Case
    secret: str
    """For who sent it alone: with it they confirm or reopen. Kept as a hash."""
    duplicate_of: str | None


@dataclass(frozen=True, slots=True)
class ReportPhoto:
    """A photo of a report, as officers see it listed."""

    photo: int
    width: int
    height: int
    boxes: tuple[Box, ...]
    file: str | None
    """What is shown of it in public, if anything is."""


class Reports:
    """The field reports of a twin.

    Parameters
    ----------
    cases
        The engine.
    vault, files
        Where photos are sealed, and where what is shown of them lies.
    """

    def __init__(self, cases: Cases, vault: Vault, files: Files) -> None:
        self.cases = cases
        self.store = cases.store
        self._vault = vault
        self._files = files

    # -- sending ------------------------------------------------------------------------------------------------

    def send(
        self,
        viewer: Viewer,
        *,
        category: str,
        text: str,
        place: LonLat,
        contact: str = "",
        danger: bool = False,
        photos: Sequence[Photo] = (),
    ) -> Sent:
        """Take a report from anybody.

        Raises
        ------
        ParameterError
            If something is missing or not of its kind, or the place is not in Viet Nam.
        """
        _require_here(place, str(self.store.info().get("country", "")))
        if len(photos) > MOST_PHOTOS:
            raise ParameterError(f"at most {MOST_PHOTOS} photos", where="photo")
        secret = secrets.token_urlsafe(18)
        body: dict[str, Json] = {
            "category": category, "text": text, "danger": danger, "secret_hash": _hash(secret),
            **({"contact": contact} if contact.strip() else {}),
        }  # fmt: skip
        with _sending:  # two at once about one thing: the second finds the first
            earlier = self.earlier(category, place)
            links: list[dict[str, Json]] = [{"rel": "duplicate_of", "case": earlier.id}] if earlier else []
            case = self.cases.open(viewer, NAME, body, place=place, links=links)
        for number, photo in enumerate(photos, 1):
            self._keep(case.id, number, photo)
        return Sent(case, secret, earlier.id if earlier else None)

    def earlier(self, category: str, place: LonLat, *, now: datetime | None = None) -> Case | None:
        """The report this one probably repeats: same category, within 30 m and 24 h; the first of its row.

        Distances are geodesic; how far and how long are those of the law room's ``reports.times``.
        """
        within_m, within_h = self._duplicate_rule()
        since = (now or self._now()) - timedelta(hours=within_h)
        box = box_around(place, within_m)
        where: dict[str, Condition] = {
            "kind": NAME,
            "opened": Range(stamp(since), None),
            "lon": Range(box.west, box.east),
            "lat": Range(box.south, box.north),
            "body": {"category": category},
        }
        near = [
            (metres, case)
            for case in (case_of(r.key, r.body) for r in self.store.records(model.KIND, where=where))
            if case.state != "rejected"
            and case.place is not None
            and (metres := distance_between(place, case.place)) <= within_m
        ]
        if not near:
            return None
        nearest = min(near, key=lambda found: (found[0], found[1].opened))[1]
        first = duplicate_of(nearest)
        return self._case(first) if first else nearest

    def _duplicate_rule(self) -> tuple[float, float]:
        """Metres and hours within which two reports are one: the store's rule, else the one that was shipped."""
        try:
            record = self.store.record(RECORD, "reports.times")
        except NotFoundError:
            return DUPLICATE_M, DUPLICATE_H
        law = Law({record.key: rule_of(record.key, record.body, record.version)})
        metres, hours = (law.parameter(record.key, name) for name in ("duplicate_m", "duplicate_h"))
        return (
            float(metres.value) if isinstance(metres, Found) else DUPLICATE_M,
            float(hours.value) if isinstance(hours, Found) else DUPLICATE_H,
        )

    def _keep(self, case: str, number: int, photo: Photo) -> None:
        by = f"case:{case}"
        sealed = self._vault.seal(by, photo.jpeg, retention="report_photo", by=by)
        body: dict[str, Json] = {
            "case": case,
            "photo": number,
            "sealed": sealed.digest,
            "width": photo.width,
            "height": photo.height,
            "boxes": [box.as_json() for box in photo.boxes],
            "made": None,
        }
        self.store.write_records([Put(PHOTO, f"{case}:{number}", body, expect=0)])

    def _now(self) -> datetime:
        return self.cases.now()

    # -- in public ------------------------------------------------------------------------------------------------

    def categories(self) -> list[dict[str, Json]]:
        """Categories of the newest version of the kind, with the working days to resolve them."""
        kind = self.cases.kinds.get(NAME)
        field, clock = kind.field("category"), kind.clock("resolve")
        return [
            {
                "value": choice.value,
                "title": choice.title,
                "title_en": choice.title_en,
                "days": clock.amount({"category": choice.value}).number if clock else None,
            }
            for choice in (field.choices if field else ())
        ]

    def status(self, code: str) -> dict[str, Json]:
        """What anybody may know of a report: nothing but its state before it was accepted; never personal data.

        NotFoundError if there is none.
        """
        case = self._case(code)
        kind = self.cases.kinds.get(NAME, case.kind_version)
        state = kind.state(case.state)
        body: dict[str, Json] = {
            "code": case.id,
            "state": case.state,
            "state_title": state.title if state else case.state,
            "state_title_en": state.title_en if state else case.state,
            "opened": stamp(case.opened),
            "changed": stamp(case.changed),
            "category": None, "category_title": None, "category_title_en": None, "lon": None, "lat": None,
            "due": None, "steps": self._steps(case), "text": None, "answer": None, "photos": [], "duplicates": 0,
            "duplicate_of": None, "reason": None, "unit": None, "may_answer": case.state == "resolved",
        }  # fmt: skip
        if case.state == "rejected":
            body["reason"] = case.body.get("public_reason")
        if case.state == "duplicate":
            body["duplicate_of"] = self._shown_code(str(case.body.get("duplicate_of", "")))
        return body | self._shown(case) if is_public(case) else body

    def public(
        self,
        *,
        bbox: BBox | None = None,
        category: str = "",
        state: str = "",
        limit: int = 100,
    ) -> list[dict[str, Json]]:
        """Reports that are shown, newest first."""
        where: dict[str, Condition] = {"kind": NAME, "state": [s for s in SHOWN if state in ("", s)]}
        if category:
            where["body"] = {"category": category}
        if bbox is not None:
            where["lon"], where["lat"] = Range(bbox.west, bbox.east), Range(bbox.south, bbox.north)
        found = self.store.records(model.KIND, where=where, order="opened", descending=True, limit=limit)
        return [self.status(record.key) for record in found]

    def _shown(self, case: Case) -> dict[str, Json]:
        field = self.cases.kind_of(case).field("category")  # of the version it began with: a newer may have dropped it
        choice = next((c for c in (field.choices if field else ()) if c.value == case.body["category"]), None)
        clock = case.clocks.get("resolve")
        due = clock.due if clock and clock.phase is Phase.RUNNING else None
        published = cast("list[dict[str, Any]]", case.body.get("published") or [])
        return {
            "category": case.body["category"],
            "category_title": choice.title if choice else None,
            "category_title_en": choice.title_en if choice else None,
            "lon": None if case.place is None else round(case.place.lon, 5),
            "lat": None if case.place is None else round(case.place.lat, 5),
            "due": None if due is None else stamp(due),
            "text": case.body.get("public_text"),
            "answer": case.body.get("answer"),
            "photos": [f"/app/reports/{case.id}/public/{item['photo']}.jpg" for item in published],
            "duplicates": self._count_duplicates(case.id),
            "unit": case.body.get("unit"),
        }

    def _steps(self, case: Case) -> list[Json]:
        kind = self.cases.kinds.get(NAME, case.kind_version)
        steps: list[Json] = []
        for step in map(step_of, self.store.entries(log_of(case.id))):
            state = kind.state(step.to)
            if step.act in ("open", "transition") and step.source != step.to and state is not None:
                steps.append(
                    {
                        "state": state.name,
                        "title": state.title,
                        "title_en": state.title_en,
                        "time": stamp(step.time),
                    }
                )
        return steps

    def _count_duplicates(self, code: str) -> int:
        linked: dict[str, Condition] = {"kind": NAME, "links": {"rel": "duplicate_of", "case": code}}
        marked: dict[str, Condition] = {"kind": NAME, "body": {"duplicate_of": code}}
        found = {r.key: r.body for where in (linked, marked) for r in self.store.records(model.KIND, where=where)}
        return sum(1 for body in found.values() if body["state"] != "rejected")

    def _shown_code(self, code: str) -> str | None:
        try:
            return code if is_public(self._case(code)) else None
        except NotFoundError:
            return None

    def shown_duplicate(self, code: str | None) -> str | None:
        """The code of the report another repeats, if that one may be shown."""
        return self._shown_code(code) if code else None

    # -- the reporter's answer ------------------------------------------------------------------------------------

    def answer(self, viewer: Viewer, code: str, secret: str, *, confirm: bool, text: str = "") -> Case:
        """The reporter says that it is mended, or that it is not.

        Raises
        ------
        ForbiddenError
            If the secret is not the one given to who reported.
        ConflictError
            If nothing is to be answered now.
        """
        case = self._case(code)
        known = str(case.body.get("secret_hash") or "")
        if not known or not hmac.compare_digest(known, _hash(secret)):
            raise ForbiddenError("mã bí mật không đúng (this is not the secret of this report)", where="secret")
        changes: dict[str, Json] = {} if confirm else {"reopen_text": text}
        name = "confirm" if confirm else "reopen"
        return self.cases.act(viewer, code, name, seen=case.version, changes=changes, as_opener=True)

    # -- photos ---------------------------------------------------------------------------------------------------

    def photos(self, viewer: Viewer, code: str) -> list[ReportPhoto]:
        """Photos of a report, with what was found in them; for officers."""
        case = self._for_officers(viewer, code)
        shown = {item["photo"]: item["file"] for item in _published(case)}
        return [
            ReportPhoto(
                cast("int", body["photo"]),
                cast("int", body["width"]),
                cast("int", body["height"]),
                tuple(Box(**box) for box in cast("list[dict[str, Any]]", body["boxes"])),
                shown.get(body["photo"]),
            )
            for body in self._photo_bodies(code)
        ]

    def photo(self, viewer: Viewer, code: str, number: int) -> bytes | None:
        """A photo as it was sent (freed of all but the picture), audited; ``None`` once it was forgotten."""
        self._for_officers(viewer, code)
        sealed = str(self._photo(code, number).body["sealed"])
        entry = audited(viewer, "report.photo", f"case:{code}", details={"photo": number})
        self.store.write_records([entry])
        return self._vault.read(sealed)

    def publish(self, viewer: Viewer, code: str, number: int, boxes: Sequence[Box], *, seen: int) -> Case:
        """Show a photo with everything in the boxes made unrecognisable. The officer answers for the rest of it.

        Raises
        ------
        NotFoundError
            If there is no such photo, or it was forgotten.
        CaseChangedError
            If somebody was faster.
        """
        self.cases.require_seen(self._for_officers(viewer, code), seen)
        plain = self._vault.read(str(self._photo(code, number).body["sealed"]))
        if plain is None:
            raise NotFoundError(f"photo {number} of {code} was forgotten")
        picture = cover(plain, boxes)
        with _publishing:  # two at once may make the same picture: the second must not take it from the first
            return self._publish(viewer, code, number, boxes, picture, seen)

    def _publish(self, viewer: Viewer, code: str, number: int, boxes: Sequence[Box], picture: bytes, seen: int) -> Case:
        case = self._for_officers(viewer, code)
        self.cases.require_seen(case, seen)
        record = self._photo(code, number)
        digest = self._files.put(picture)
        made: dict[str, Json] = {
            "file": digest,
            "boxes": [box.as_json() for box in boxes],
            "by": viewer.person or viewer.name,
        }
        held = file_body(len(picture), retention="report_public", sealed=None, since=self._now())
        self.store.write_records(
            [
                Put(PHOTO, record.key, {**record.body, "made": made}, expect=record.version),
                Put(FILE, digest, held),
                use(digest, f"case:{code}"),
            ]
        )
        shown: list[Json] = [item for item in _published(case) if item["photo"] != number]
        before = {str(item["file"]) for item in _published(case)}
        try:
            done = self._show(viewer, case, [*shown, {"photo": number, "file": digest}], seen)
        except TwinError:
            self.store.write_records([Put(PHOTO, record.key, record.body)])
            self._destroy(code, {digest} - before)
            raise
        # What was shown before may show what the officer now covered.
        self._destroy(code, before - {str(item["file"]) for item in _published(done)})
        return done

    def withdraw(self, viewer: Viewer, code: str, number: int, *, seen: int) -> Case:
        """Show a photo no more; what was shown is destroyed."""
        with _publishing:
            return self._withdraw(viewer, code, number, seen)

    def _withdraw(self, viewer: Viewer, code: str, number: int, seen: int) -> Case:
        case = self._for_officers(viewer, code)
        gone = [item["file"] for item in _published(case) if item["photo"] == number]
        if not gone:
            raise NotFoundError(f"photo {number} of {code} is not shown")
        left: list[Json] = [item for item in _published(case) if item["photo"] != number]
        done = self._show(viewer, case, left, seen)
        self._destroy(code, {*gone})
        return done

    def _destroy(self, code: str, digests: set[str]) -> None:
        """Take away what was, or was to be, shown."""
        for digest in digests:
            record = self.store.record(FILE, digest)
            self.store.write_records(
                [Put(FILE, digest, {**record.body, "state": FORGOTTEN}), disuse(digest, f"case:{code}")]
            )
        self._files.remove(digests, wait=False)

    def public_photo(self, code: str, number: int) -> bytes:
        """What is shown of a photo; NotFoundError if nothing is."""
        case = self._case(code)
        digest = next((str(item["file"]) for item in _published(case) if item["photo"] == number), None)
        if digest is None or not is_public(case):
            raise NotFoundError(f"there is no photo {number} of {code}")
        with self._files.open(digest) as file:
            return file.read()

    def _show(self, viewer: Viewer, case: Case, shown: list[Json], seen: int) -> Case:
        ordered = sorted(shown, key=lambda item: cast("dict[str, int]", item)["photo"])
        return self.cases.act(viewer, case.id, f"photos_{case.state}", seen=seen, changes={"published": ordered})

    def _photo_bodies(self, code: str) -> Iterator[dict[str, Json]]:
        found = [record.body for record in self.store.records(PHOTO, where={"case": code})]
        yield from sorted(found, key=lambda body: cast("int", body["photo"]))

    def _photo(self, code: str, number: int) -> Record:
        try:
            return self.store.record(PHOTO, f"{code}:{number}")
        except NotFoundError:
            raise NotFoundError(f"there is no photo {number} of {code}") from None

    def _for_officers(self, viewer: Viewer, code: str) -> Case:
        case = self.cases.get(viewer, code)
        if not viewer.may(Right.CASES):
            raise ForbiddenError("only who works on cases may see photos", where=code)
        if case.kind != NAME:
            raise NotFoundError(f"there is no report {code!r}")
        return case

    def _case(self, code: str) -> Case:
        missing = NotFoundError(f"there is no report {code!r}")
        try:
            case = case_of(code, self.store.record(model.KIND, code).body)
        except (NotFoundError, ParameterError):
            raise missing from None
        if case.kind != NAME:
            raise missing
        return case


_sending = threading.Lock()
_publishing = threading.Lock()


def is_public(case: Case) -> bool:
    """Whether a report may be shown: an officer accepted it, and nobody set it aside."""
    return case.state in SHOWN


def duplicate_of(case: Case) -> str:
    """The report that this one probably repeats; ``""`` if none."""
    marked = case.body.get("duplicate_of")
    if isinstance(marked, str):
        return marked
    return next((str(link["case"]) for link in case.links if link.get("rel") == "duplicate_of"), "")


def _published(case: Case) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", case.body.get("published") or [])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.strip().encode()).hexdigest()


def _require_here(place: LonLat, country: str) -> None:
    box = _MAINLAND_AND_ISLANDS
    if country == "VN" and not (box.west <= place.lon <= box.east and box.south <= place.lat <= box.north):
        raise ParameterError(
            f"{place.lon:g}, {place.lat:g} is not in Viet Nam", where="lon, lat", hint="lon is about 106, lat about 11."
        )
