"""``twin policy``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.common import BAD, Json, Store, local_time, opened, print_json, say, say_table
from twin.access import policies
from twin.errors import FormatError

policy_app = typer.Typer(help="See, try and publish what each role may see.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A policy as JSON; `twin policy show --json` prints the one in force.")]


@policy_app.command("show", epilog="Example: twin policy show --json > chinh-sach.json")
def show(store: Store = None, as_json: Json = False) -> None:
    """Print the policy in force, and who published it when."""
    with opened(store) as t:
        versions = policies.history(t.store)
    now = versions[0]
    if as_json:
        print_json(now.policy)
        return
    rows = [
        (role, rule["access"], rule["clearance"], " ".join(rule["layers"]), "có" if rule["area"] else "")
        for role, rule in _roles(now.policy).items()
    ]
    say_table(["Vai trò", "Mức", "Độ mật", "Lớp", "Phạm vi"], rows)
    past = [(v.version, local_time(v.since), v.by or "(có sẵn)", v.reason) for v in versions]
    say_table(["Phiên bản", "Từ", "Người ban hành", "Lý do"], past)


def _roles(policy: dict[str, Any]) -> dict[str, dict[str, Any]]:
    roles: dict[str, dict[str, Any]] = policy["roles"]
    return roles


@policy_app.command("dry-run", epilog="Example: twin policy dry-run chinh-sach.json")
def dry_run(file: File, store: Store = None, as_json: Json = False) -> None:
    """Show who would gain or lose access. Exit status 1: it cannot be published."""
    body = _read(file)
    with opened(store) as t:
        tried = policies.dry_run(t.store, body)
    if as_json:
        print_json({"publishable": tried.publishable, **asdict(tried)})
    else:
        for problem in tried.problems:
            say(f"{'✗' if problem.level == 'error' else '!'} {problem.where}: {problem.text}")
        for change in tried.changes:
            say(change.text)
        if not (tried.problems or tried.changes):
            say("Không ai được hay mất quyền xem.")
    if not tried.publishable:
        raise typer.Exit(BAD)


@policy_app.command("publish", epilog="Example: twin policy publish chinh-sach.json --reason 'Quyết định 12/QĐ-UBND'")
def publish(
    file: File,
    reason: Annotated[str, typer.Option(help="Why, for those who come after.")],
    seen: Annotated[int | None, typer.Option(help="Version that was seen in force; else the one that is now.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Bring a policy into force."""
    body = _read(file)
    with opened(store) as t:
        known = policies.current(t.store).version if seen is None else seen
        done = policies.publish(t.store, t.viewer, body, seen=known, reason=reason)
    if as_json:
        print_json(asdict(done))
    else:
        say(f"Chính sách phiên bản {done.version} có hiệu lực từ {local_time(done.since)}.")


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise FormatError(f"cannot be read: {exc.strerror}", where=str(file)) from exc
    except ValueError as exc:
        raise FormatError(f"is not JSON: {exc}", where=str(file)) from exc
