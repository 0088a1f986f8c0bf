"""``twin audit``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.commands.common import BAD, Json, Store, local_time, moment, opened, print_json, say, say_table, settings_of
from twin.access import audit
from twin.access.audit_head import audit_folder, export_head, heads, own_public_key, sign_head, verify
from twin.core import Twin
from twin.signing import from_text

audit_app = typer.Typer(help="Search the audit, check it, sign its head.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option("--heads", help="Folder of signed heads; else TWIN_AUDIT_FOLDER.")]


@audit_app.command("search", epilog="Example: twin audit search --object layer:parcels --action policy.publish")
def search(
    person: Annotated[str | None, typer.Option(help="Id of a person, or an account's name.")] = None,
    what: Annotated[str | None, typer.Option("--object", help="What was acted on, as kind:key.")] = None,
    action: Annotated[str | None, typer.Option(help="What was done, as case.act.")] = None,
    start: Annotated[str | None, typer.Option(help="From, RFC 3339.")] = None,
    end: Annotated[str | None, typer.Option(help="Until, RFC 3339.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most entries shown.")] = 50,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List who did what to what, newest first."""
    with opened(store) as t:
        found = audit.search(
            t.store,
            person=person,
            object=what,
            action=action,
            start=moment(start, "--start"),
            end=moment(end, "--end"),
            limit=limit,
        )
    if as_json:
        print_json({"entries": [asdict(act) for act in found]})
        return
    rows = [(a.number, local_time(a.time), a.name, a.role, a.action, a.object, a.outcome.value) for a in found]
    say_table(["Số", "Lúc", "Ai", "Vai trò", "Việc", "Đối tượng", "Kết quả"], rows)


@audit_app.command("verify", epilog="Example: twin audit verify --heads /mnt/evidence")
def verify_(
    folder: Folder = None,
    key: Annotated[str | None, typer.Option(help="Public key of the heads; else the twin's own.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Check the chain against itself and against every signed head. Exit status 1: something is wrong."""
    with opened(store) as t:
        exported = heads(_folder(t, store, folder))
        found = verify(t.store, exported, public=from_text(key) if key else own_public_key(t.keys))
    if as_json:
        print_json({"ok": found.ok, **asdict(found)})
    else:
        for problem in found.problems:
            say(f"✗ {problem}")
        say(f"{found.entries} mục, {found.heads} đầu chuỗi đã ký: {'nguyên vẹn' if found.ok else 'KHÔNG nguyên vẹn'}")
    if not found.ok:
        raise typer.Exit(BAD)


@audit_app.command("head", epilog="Example: twin audit head --export")
def head(
    export: Annotated[bool, typer.Option("--export", help="Lay it into the folder of heads, once a day.")] = False,
    folder: Folder = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Sign the newest entry's number and hash."""
    now = datetime.now(UTC)
    with opened(store) as t:
        signed = sign_head(t.store, t.keys, now)
        place = export_head(t.store, t.keys, _folder(t, store, folder), now) if export else None
    if as_json:
        print_json({**asdict(signed), "exported": str(place) if place else None})
        return
    say(f"{signed.number} {signed.hash} ký bằng {signed.key} lúc {signed.signed_at}")
    if export:
        say(f"Đã ghi {place}" if place else "Hôm nay đã ghi rồi")


def _folder(t: Twin, store: str | None, given: Path | None) -> Path:
    return given or settings_of(store).audit_folder or audit_folder(t.store.path)
