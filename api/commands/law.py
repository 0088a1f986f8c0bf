"""``twin law``."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from api.commands.common import At, Json, KnownAt, Store, moment, opened, print_json, say, say_table
from twin.access import audit
from twin.access.desk import Desk, desk_of
from twin.core import Twin
from twin.errors import ForbiddenError, ParameterError, SecondFactorError
from twin.law import editing
from twin.law.book import Law
from twin.law.layout import sheets, words
from twin.law.rule import Confidence, Kind, Version, day_of, version_body
from twin.model.view import RIGHTS, Right, Role, Viewer

law_app = typer.Typer(help="Rules, tables, code lists and calendars, with source and confidence.", no_args_is_help=True)

_WORDS = {"shipped": "chưa ký", "draft": "dự thảo", "signed": "đã ký", "replaced": "đã thay"}


@law_app.command("list", epilog="Example: twin law list 'mat do' --kind table")
def list_(
    text: Annotated[str, typer.Argument(help="Words to look for, with or without diacritics.")] = "",
    kind: Annotated[Kind | None, typer.Option(help="Only rules of this kind.")] = None,
    document: Annotated[str, typer.Option(help="Only of documents whose name holds this.")] = "",
    confidence: Annotated[Confidence | None, typer.Option(help="Only with this mark.")] = None,
    store: Store = None,
    at: At = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    """List rules."""
    with opened(store) as t:
        law = Law.of(t.store, known_at=moment(known_at, "--known-at"))
        when = moment(at, "--at")
        found = law.search(text, at=when, kind=kind, document=document, confidence=confidence)
    if as_json:
        print_json({"rules": [_brief(v) for v in found], "total": len(found)})
        return
    rows = [
        (v.rule, v.title, v.document, v.clause, _period(v), v.confidence.value, _WORDS[v.state.value]) for v in found
    ]
    say_table(["Mã", "Tên", "Văn bản", "Điều khoản", "Hiệu lực", "Tin cậy", "Ký"], rows)


@law_app.command("show", epilog="Example: twin law show planning.house_density --at 2026-11-23T00:00:00+07:00")
def show(
    rule: Annotated[str, typer.Argument(help="Id of the rule.")],
    store: Store = None,
    at: At = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    """Show a rule with its content, its source and its versions."""
    with opened(store) as t:
        law = Law.of(t.store, known_at=moment(known_at, "--known-at"))
    known = law.rule(rule)
    version = known.nearest(day_of(moment(at, "--at") or datetime.now(UTC)))
    if as_json:
        body = {**version_body(version), "id": rule, "version": known.record_version, "sheets": sheets(version)}
        print_json({**body, "versions": [_brief(v) for v in known.versions]})
        return
    say(f"{version.title} ({rule}, bản {version.number}, {_WORDS[version.state.value]})")
    say(f"{version.document} {version.clause} · {_period(version)} · độ tin cậy {version.confidence.value}")
    for line in (words(version)["text"], version.note, *(t.text for t in version.transition)):
        if line:
            say(line)
    for sheet in sheets(version):
        columns: list[dict[str, str]] = sheet["columns"]  # type: ignore[assignment]
        rows: list[dict[str, dict[str, str]]] = sheet["rows"]  # type: ignore[assignment]
        heads = [f"{c['title']} [{c['unit']}]" if c["unit"] else c["title"] for c in columns]
        say_table(heads, [[row.get(c["name"], {}).get("text", "") for c in columns] for row in rows])
    for v in known.versions:
        say(f"bản {v.number}: {_period(v)}, {_WORDS[v.state.value]}")


@law_app.command("changes", epilog="Example: twin law changes --start 2026-11-23 --end 2027-12-31")
def changes(
    start: Annotated[str | None, typer.Option(help="First date; default today.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date; default two years later.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List what begins or ends to be in force, by date."""
    first = _date(start, "--start") or day_of(datetime.now(UTC))
    last = _date(end, "--end") or first + timedelta(days=731)
    with opened(store) as t:
        found = Law.of(t.store).changes(first, last)
    if as_json:
        said = [
            {"date": m.day.isoformat(), "what": "begins" if m.begins else "ends", **_brief(m.version)} for m in found
        ]
        print_json({"changes": said})
        return
    rows = [
        (f"{m.day:%d/%m/%Y}", "bắt đầu" if m.begins else "hết", m.version.rule, m.version.document, m.version.title)
        for m in found
    ]
    say_table(["Ngày", "", "Mã", "Văn bản", "Tên"], rows)


@law_app.command("countersign", epilog="Example: twin law countersign planning.house_density --account le.van.an")
def countersign(
    rule: Annotated[str, typer.Argument(help="Id of the rule.")],
    account: Annotated[str, typer.Option(help="Account of the person who countersigns; asks for the password.")],
    number: Annotated[int | None, typer.Option(help="Which version, if several wait.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Countersign a version that you have compared with its source, and that somebody else entered."""
    password = _secret("Mật khẩu")
    with opened(store) as t:
        viewer = _signed_in(t, account, password)
        known = Law.of(t.store).rule(rule)
        signed = editing.countersign(t.store, viewer, rule, seen=known.record_version, number=number)
    by = [v for v in signed.versions if v.countersigned]
    if as_json:
        print_json({"id": rule, "version": signed.record_version, "signed": [v.number for v in by]})
    else:
        say(f"Đã ký xác nhận {rule} bằng tài khoản {account}.")


def _signed_in(t: Twin, account: str, password: str) -> Viewer:
    """The person of an account, in a role that may countersign; the session is ended at once."""
    desk = desk_of(t.store, t.keys)
    secret = _opened(desk, account, password)
    session = desk.sessions.find(secret)
    person = desk.people.get(session.person)
    role = next((r for r in person.roles if r is not Role.ADMINISTRATOR and Right.LAW in RIGHTS[r]), None)
    viewer = Viewer(account, role or Role.CITIZEN, person.id)
    desk.sign_in.sign_out(viewer, person.id, session.key)
    if role is None:
        about = f"person:{person.id}"
        audit.write(t.store, viewer, "law.countersign", about, outcome=audit.Outcome.REFUSED)
        raise ForbiddenError("this person has no role that may countersign the law", where=account)
    return viewer


def _opened(desk: Desk, account: str, password: str) -> str:
    try:
        return desk.sign_in.by_password(account, password)
    except SecondFactorError:
        return desk.sign_in.by_password(account, password, code=_secret("Mã xác thực"))


def _secret(prompt: str) -> str:
    """Something secret, typed unseen on a terminal, or a line of the standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _brief(v: Version) -> dict[str, object]:
    body = version_body(v)
    return {"id": v.rule, **{name: value for name, value in body.items() if name != "content"}}


def _period(v: Version) -> str:
    begin = f"từ {v.valid_from:%d/%m/%Y}" if v.valid_from else ""
    end = f"đến hết {v.valid_to - timedelta(days=1):%d/%m/%Y}" if v.valid_to else ""
    return " ".join(part for part in (begin, end) if part) or "không ghi ngày"


def _date(text: str | None, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as exc:
        raise ParameterError(f"{text!r} is not a date", where=option, hint="Write 2027-01-01.") from exc
