"""``twin documents``: issue, verify, withdraw; keys."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.common import BAD, At, Json, KnownAt, Store, local_time, moment, opened, print_json, say, settings_of
from api.commands.common import say_table as table
from api.settings import Settings
from twin.core import Twin
from twin.errors import FormatError, InputError, NotFoundError, ParameterError
from twin.model.view import Role, View, Viewer

app = typer.Typer(help="Documents: issue, verify, withdraw; the keys that sign them.", no_args_is_help=True)

As = Annotated[str, typer.Option("--as", help="Role to act in.")]


@app.command("issue", epilog="Example: twin documents issue layer_map --inputs map.json --paper A3 --out map.pdf")
def issue(
    template: Annotated[str, typer.Argument(help="planning_extract, layer_map, flood_bulletin, report, …")],
    *,
    inputs: Annotated[Path, typer.Option(help="JSON file with the template's inputs; - reads standard input.")],
    out: Annotated[Path, typer.Option(help="Where the PDF is written; its canonical JSON goes beside it.")],
    paper: Annotated[str, typer.Option(help="A4, A3, A2, A1 or A0 (maps).")] = "A4",
    landscape: Annotated[bool, typer.Option("--landscape", help="The sheet lies.")] = False,
    scale: Annotated[int | None, typer.Option(help="500 for 1:500; else the largest usual one that fits.")] = None,
    crs: Annotated[str | None, typer.Option(help="VN-2000 zone, for instance EPSG:9210.")] = None,
    role: As = "planner",
    store: Store = None,
    at: At = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    """Issue a document."""
    from api.documents import content, issuing, shape  # noqa: PLC0415  loaded by this command only
    from twin.documents.compose import Paper  # noqa: PLC0415
    from twin.documents.register import issue as issue_document  # noqa: PLC0415

    given = _read_json(inputs)
    with opened(store) as t:
        acting = t.as_viewer(_viewer(t.viewer.name, role))
        view = acting.view(moment(at, "--at"), moment(known_at, "--known-at"))
        said = content(acting, template, given, view=view, crs=crs, scale=scale)
        how = issuing(settings_of(store))
        issued = issue_document(acting, said, now=datetime.now(UTC), paper=Paper(paper, landscape), issuing=how)
        _write(acting.files.path(issued.pdf).read_bytes(), issued.canonical, out)
    if as_json:
        print_json(shape(issued) | {"file": str(out)})
    else:
        say(f"Đã cấp văn bản {issued.id}: {out}")


@app.command("list", epilog="Example: twin documents list --template planning_extract")
def list_(
    template: Annotated[str, typer.Option(help="Only of this template.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Most documents shown.")] = 50,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List documents, the newest first."""
    from api.documents import shape  # noqa: PLC0415  as above
    from twin.documents.register import documents  # noqa: PLC0415

    with opened(store) as t:
        found = documents(t.as_viewer(_viewer(t.viewer.name, "planner")), template=template, limit=limit)
    if as_json:
        print_json({"documents": [{k: v for k, v in shape(d).items() if k != "canonical"} for d in found]})
        return
    rows = [(d.id, d.template, d.title, local_time(d.issued), d.by, d.state) for d in found]
    table(["Số", "Mẫu", "Tên", "Cấp lúc", "Người cấp", "Tình trạng"], rows)


@app.command("verify", epilog="Example: twin documents verify extract.pdf --keys keys.json")
def verify(
    file: Annotated[str, typer.Argument(help="A PDF, or the code of a document (TWIN1.…).")],
    *,
    keys: Annotated[Path | None, typer.Option(help="File of published keys: no twin is needed then.")] = None,
    canonical: Annotated[Path | None, typer.Option(help="Canonical JSON that belongs to the code.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Say whether a document is genuine and unchanged. Exit status 1: it is not."""
    from twin.documents import pades, register, verdict  # noqa: PLC0415  as above
    from twin.documents.keys import read_published  # noqa: PLC0415
    from twin.documents.typeset import read_pdf  # noqa: PLC0415

    content = None if canonical is None else _read(canonical)
    pdf = None if _is_code(file) else _read(Path(file))
    if keys is not None:
        known = read_published(_parse(_read(keys), keys.name))
        if pdf is not None:
            found = verdict.judge_pdf(pdf, known, read=read_pdf, signature=pades.signature_holds)
        elif content is not None:
            found = verdict.judge_canonical(file, content, known)
        else:
            found = verdict.judge_token(file, known)
    else:
        with opened(store) as t:
            if pdf is not None:
                found = register.verify_pdf(t, pdf)
            elif content is not None:
                found = register.verify_canonical(t, file, content)
            else:
                found = register.verify_token(t, file)
    said: dict[str, Any] = found.as_dict()
    if as_json:
        print_json(said)
    else:
        say(f"{found.outcome.value}: {found.text}")
        for name, value in ((said["document"] or {}).get("facts")) or []:
            say(f"  {name}: {value}")
    if found.outcome is not verdict.Outcome.VALID:
        raise typer.Exit(BAD)


@app.command("withdraw", epilog='Example: twin documents withdraw 20261123-XW3XP03ZJY --reason "sai diện tích"')
def withdraw(
    document: Annotated[str, typer.Argument(help="Number of the document.")],
    *,
    reason: Annotated[str, typer.Option(help="Why.")],
    role: As = "planner",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Withdraw a document; whoever verifies it is told so from now on."""
    from api.documents import shape  # noqa: PLC0415  as above
    from twin.documents.register import revoke_document  # noqa: PLC0415

    with opened(store) as t:
        found = revoke_document(
            t.as_viewer(_viewer(t.viewer.name, role)), document, reason=reason, now=datetime.now(UTC)
        )
    if as_json:
        print_json(shape(found))
    else:
        say(f"Đã thu hồi văn bản {found.id}")


@app.command("keys", epilog="Example: twin documents keys --out keys.json")
def keys(
    out: Annotated[Path | None, typer.Option(help="Write the file that verifies anywhere.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Show the published keys."""
    from twin.documents.keys import published  # noqa: PLC0415  as above

    with opened(store) as t:
        known = published(t)
    if out is not None:
        _put(out, json.dumps(known.as_dict(), ensure_ascii=False, indent=2).encode() + b"\n")
    if as_json:
        print_json(known.as_dict())
        return
    rows = [
        (k.id, local_time(k.valid_from), local_time(k.valid_to), local_time(k.revoked), k.reason) for k in known.keys
    ]
    table(["Khóa", "Ký từ", "Ký đến", "Thu hồi từ", "Lý do"], rows)


@app.command("rotate", epilog="Example: twin documents rotate")
def rotate(store: Store = None, as_json: Json = False) -> None:
    """Make a new key that signs from now on; what the one before signed stays valid."""
    from twin.documents.keys import rotate as change  # noqa: PLC0415  as above

    if settings_of(store).signing_key:
        raise ParameterError(
            "the signing key is given by TWIN_SIGNING_KEY",
            hint="Refer to another key there; the next document takes it.",
        )
    with opened(store) as t:
        made = change(t, datetime.now(UTC))
    if as_json:
        print_json(made.as_dict())
    else:
        say(f"Khóa mới: {made.id}")


@app.command("revoke", epilog='Example: twin documents revoke 3e9e9da35d8b52f7 --reason "lộ khóa"')
def revoke(
    key: Annotated[str, typer.Argument(help="Name of the key.")],
    *,
    reason: Annotated[str, typer.Option(help="Why.")],
    since: Annotated[str | None, typer.Option(help="What it signed from then on is refused; default now.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Withdraw a key, for instance because it was stolen."""
    from twin.documents.keys import revoke as withdraw_key  # noqa: PLC0415  as above

    with opened(store) as t:
        gone = withdraw_key(t, key, datetime.now(UTC), reason=reason, since=moment(since, "--since"))
    if as_json:
        print_json(gone.as_dict())
    else:
        say(f"Đã thu hồi khóa {gone.id} từ {local_time(gone.revoked)}")


def issue_extract(t: Twin, asked: dict[str, Any], view: View, out: Path, settings: Settings) -> None:
    """Issue the extract of a look-up and write it to a file."""
    from api.documents import content, issuing  # noqa: PLC0415  as above
    from twin.documents.register import issue as issue_document  # noqa: PLC0415

    said = content(t, "planning_extract", asked, view=view, crs=None, scale=None)
    issued = issue_document(t, said, now=datetime.now(UTC), issuing=issuing(settings))
    _write(t.files.path(issued.pdf).read_bytes(), issued.canonical, out)


def _viewer(name: str, role: str) -> Viewer:
    try:
        return Viewer(name, Role(role))
    except ValueError:
        raise ParameterError(f"{role!r} is not a role", where="--as", hint=f"Use one of {', '.join(Role)}.") from None


def _is_code(text: str) -> bool:
    return "TWIN1." in text and not Path(text).is_file()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as exc:
        raise NotFoundError(f"there is no file {path}") from exc
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc


def _read_json(path: Path) -> dict[str, Any]:
    content = typer.get_binary_stream("stdin").read() if str(path) == "-" else _read(path)
    value = _parse(content, path.name)
    if not isinstance(value, dict):
        raise FormatError("the inputs are not a JSON object", where=path.name)
    return value


def _parse(content: bytes, where: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise FormatError(f"not JSON: {exc}", where=where) from exc


def _write(pdf: bytes, canonical: dict[str, Any], out: Path) -> None:
    from twin.documents.canonical import canonical_bytes  # noqa: PLC0415  as above

    _put(out, pdf)
    _put(out.with_suffix(".json"), canonical_bytes(canonical))


def _put(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {os.strerror(exc.errno or 0)}") from exc
