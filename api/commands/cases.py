"""``twin case`` and ``twin case-kind``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.case_shape import CaseShaper, dry_run, kind
from api.commands.common import BAD, Json, Store, local_end, local_time, opened, print_json, say, say_table
from twin.cases.case import CaseChangedError
from twin.cases.engine import CaseFilter
from twin.cases.kind import kind_from_json
from twin.core import Twin
from twin.errors import FormatError, ParameterError
from twin.model.view import Role, Viewer
from twin.types import parse_time

case_app = typer.Typer(help="List, show and work on cases.", no_args_is_help=True)
kind_app = typer.Typer(help="Kinds of cases: states, transitions, clocks, forms.", no_args_is_help=True)

As = Annotated[str | None, typer.Option("--as", help="Role to act in; default administrator. Nobody can approve here.")]


@case_app.command("list", epilog="Example: twin case list --kind plan_edit --open --order due")
def list_(
    kind_name: Annotated[str, typer.Option("--kind", help="Only of this kind.")] = "",
    state: Annotated[str, typer.Option(help="Only in this state.")] = "",
    text: Annotated[str, typer.Option("--text", help="Only with this text.")] = "",
    is_open: Annotated[bool | None, typer.Option("--open/--ended", help="Only open, or only ended ones.")] = None,
    order: Annotated[str, typer.Option(help="due, changed or opened.")] = "changed",
    limit: Annotated[int, typer.Option(min=1, help="Most cases shown.")] = 50,
    role: As = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List cases."""
    with opened(store) as t:
        cases, viewer = t.cases, _viewer(t, role)
        which = CaseFilter(kind=kind_name, state=state, is_open=is_open, text=text)
        found, total = cases.find(viewer, which, order=order, limit=limit)
        shaper = CaseShaper(cases, datetime.now(UTC))
        shown = [shaper.brief(case) for case in found]
    if as_json:
        print_json({"cases": shown, "total": total})
        return
    rows = [(c["code"], c["kind_title"], c["title"], c["state_title"], _due(c), _when(c["changed"])) for c in shown]
    say_table(["Mã", "Loại", "Tên", "Trạng thái", "Hạn", "Thay đổi"], rows)
    say(f"{len(shown)} / {total}")


@case_app.command("show", epilog="Example: twin case show PA-2026-000001")
def show(
    case: Annotated[str, typer.Argument(help="Code of the case.")],
    role: As = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Show a case: what it says, what happened, what may be done."""
    with opened(store) as t:
        cases, viewer = t.cases, _viewer(t, role)
        shown = CaseShaper(cases, datetime.now(UTC)).whole(cases.get(viewer, case), viewer)
    if as_json:
        print_json(shown)
    else:
        _print(shown)


@case_app.command(
    "act", epilog="Example: twin case act PA-2026-000001 return --seen 1 --as reviewer --reason 'thiếu sơ đồ'"
)
def act(
    case: Annotated[str, typer.Argument(help="Code of the case.")],
    transition: Annotated[str, typer.Argument(help="What to do; `twin case show` lists what may be done.")],
    seen: Annotated[int, typer.Option(min=1, help="Version of the case you decide by.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    changes: Annotated[str, typer.Option(help="Fields of the form, as JSON.")] = "{}",
    role: As = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Carry out a transition. Exit status 1: somebody was faster; what changed is shown."""
    fields = _object(changes, "--changes")
    with opened(store) as t:
        cases, viewer = t.cases, _viewer(t, role)
        shaper = CaseShaper(cases, datetime.now(UTC))
        try:
            done = cases.act(viewer, case, transition, seen=seen, reason=reason, changes=fields)
        except CaseChangedError as error:
            _say_changed(error, shaper, as_json=as_json)
            raise typer.Exit(BAD) from None
        shown = shaper.brief(done)
    if as_json:
        print_json(shown)
    else:
        say(f"{shown['code']}: {shown['state_title']} (phiên bản {shown['version']})")


def _say_changed(error: CaseChangedError, shaper: CaseShaper, *, as_json: bool) -> None:
    changed = shaper.log(error.changed)
    if as_json:
        print_json({"type": "urn:twin:problem:conflict", "detail": error.message, "changed": changed})
        return
    say(str(error))
    _print_log(changed)


@kind_app.command("list", epilog="Example: twin case-kind list --json")
def kinds(store: Store = None, as_json: Json = False) -> None:
    """List the kinds of cases."""
    with opened(store) as t:
        found = [kind(one) for one in t.cases.kinds.all()]
    if as_json:
        print_json({"kinds": found})
        return
    say_table(
        ["Tên", "Phiên bản", "Gọi là", "Trạng thái"],
        [(k["name"], k["version"], k["title"], len(k["states"])) for k in found],
    )


@kind_app.command("show", epilog="Example: twin case-kind show plan_edit > plan_edit.json")
def show_kind(
    name: Annotated[str, typer.Argument(help="Name of the kind.")], store: Store = None, as_json: Json = False
) -> None:
    """Print a kind as JSON, to be edited; with --json in one line."""
    with opened(store) as t:
        found = kind(t.cases.kinds.get(name))
    if as_json:
        print_json(found)
        return
    say(json.dumps(found, ensure_ascii=False, indent=2))


@kind_app.command("dry-run", epilog="Example: twin case-kind dry-run plan_edit.json")
def dry_run_(
    file: Annotated[Path, typer.Argument(help="The edited kind, as JSON.")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Say what an edited kind would mean for open cases; changes nothing. Exit status 1: it cannot be worked by."""
    wanted = _kind_of(file)
    with opened(store) as t:
        shown = dry_run(t.cases.kinds.dry_run(kind_from_json(wanted)))
    if as_json:
        print_json(shown)
    else:
        for problem in shown["problems"]:
            say(f"✗ {problem['where']}: {problem['text']}")
        say(f"Hồ sơ đang mở: {shown['open']}, chuyển được ngay: {shown['unaffected']}")
        for case in shown["affected"]:
            say(f"  {case['id']}: {case['text']}")
    if shown["problems"]:
        raise typer.Exit(BAD)


@kind_app.command("publish", epilog="Example: twin case-kind publish plan_edit.json --seen 1 --reason 'thêm bước'")
def publish(
    file: Annotated[Path, typer.Argument(help="The edited kind, as JSON.")],
    seen: Annotated[int, typer.Option(min=0, help="Version the edit is based on; 0: a new kind.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Publish a version of a kind. Cases in progress keep theirs."""
    wanted = kind_from_json(_kind_of(file))
    with opened(store) as t:
        made = kind(t.cases.kinds.put(t.viewer, wanted, seen=seen, reason=reason))
    if as_json:
        print_json(made)
    else:
        say(f"{made['name']}: phiên bản {made['version']}")


def _kind_of(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise FormatError(f"{file} cannot be read: {type(exc).__name__}", where=str(file)) from exc
    body = _object(text, str(file))
    return {name: value for name, value in body.items() if name not in ("version", "versions")}


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except json.JSONDecodeError as exc:
        raise FormatError(f"not JSON: {exc}", where=where) from exc
    if not isinstance(body, dict):
        raise ParameterError("an object is needed", where=where)
    return body


def _viewer(t: Twin, role: str | None) -> Viewer:
    if role is None:
        return t.viewer
    try:
        return Viewer(t.viewer.name, Role(role))
    except ValueError:
        known = ", ".join(r.value for r in Role)
        raise ParameterError(f"{role!r} is not a role", where="--as", hint=f"Use one of {known}.") from None


def _print(shown: dict[str, Any]) -> None:
    say(f"{shown['code']}  {shown['title']}")
    say(f"{shown['kind_title']}: {shown['state_title']}, phiên bản {shown['version']}")
    for clock in shown["clocks"]:
        due = local_end(parse_time(clock["due"], where="due")) if clock["due"] else "không hạn"
        say(f"{clock['title']}: {clock['state']}, {due}, đã dùng {round(clock['share'] * 100)} %")
    _print_log(shown["log"])
    if shown["actions"]:
        say(f"Có thể làm: {', '.join(shown['actions'])}")


def _print_log(log: list[dict[str, Any]]) -> None:
    rows = [
        (
            s["number"],
            _when(s["time"]),
            s["actor"],
            s["role"],
            s["transition"] or s["act"],
            s["to"],
            s["reason"] or s["note"],
        )
        for s in log
    ]
    say_table(["Số", "Lúc", "Ai", "Vai trò", "Việc", "Trạng thái", "Lý do"], rows)


def _due(case: dict[str, Any]) -> str:
    running = [c["due"] for c in case["clocks"] if c["state"] in ("running", "missed") and c["due"] and not c["ended"]]
    return local_end(parse_time(min(running), where="due")) if running else ""


def _when(text: str | None) -> str:
    return local_time(parse_time(text, where="time")) if text else ""
