"""``twin files``, ``twin retention``, ``twin forget``: kept files, how long data is kept, forgetting on request."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.commands.common import (
    BAD,
    At,
    Json,
    Store,
    local_time,
    moment,
    opened,
    print_json,
    say,
    say_table,
    working,
)
from twin.access.audit import audited
from twin.files import classes, registry, retention
from twin.files.verifying import verify
from twin.types import parse_time

files_app = typer.Typer(help="Check kept files, take away what nobody refers to.", no_args_is_help=True)
retention_app = typer.Typer(help="How long data is kept, and by which rule.", no_args_is_help=True)

Reason = Annotated[str, typer.Option(help="Why; it stands in the audit.")]
Subject = Annotated[str, typer.Argument(help="Whose data: case:PAHT-2026-000012, person:…, batch:….")]


@files_app.command("check", epilog="Example: twin files check --json")
def check(
    read_mb: Annotated[int | None, typer.Option("--mb", min=0, help="Read about this much, in MB; else all.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Read the kept files again and look for lost ones. Exit status 1: some are damaged or missing."""
    with opened(store) as t, working("Đang đọc lại các tệp…", quiet=as_json):
        seen = verify(t.files, budget=None if read_mb is None else read_mb << 20)
        lost = registry.missing(t.store, t.files)
    if as_json:
        missing = [{"file": item.digest, "by": list(item.by)} for item in lost]
        figures = {"files": seen.files, "read": seen.looked_at, "bytes": seen.bytes}
        print_json({"ok": not seen.damaged and not lost, **figures, "damaged": list(seen.damaged), "missing": missing})
    else:
        say(f"Đã đọc {seen.looked_at} trong {seen.files} tệp ({seen.bytes / 1e6:.1f} MB).".replace(".", ",", 1))
        rows = [(digest, "hỏng", "") for digest in seen.damaged]
        rows += [(item.digest, "mất", ", ".join(item.by)) for item in lost]
        if rows:
            say_table(["Tệp", "Tình trạng", "Được dùng bởi"], rows)
    if seen.damaged or lost:
        raise typer.Exit(BAD)


@files_app.command("gc", epilog="Example: twin files gc")
def collect(store: Store = None, as_json: Json = False) -> None:
    """Take away files that nothing in the twin ever mentioned, kept more than a day ago."""
    with opened(store) as t:
        found = registry.collect(t.store, t.files)
        if found.files:
            details: dict[str, Any] = {"files": found.files, "bytes": found.bytes}
            t.store.write_records([audited(t.viewer, "files.collect", "files:unused", details=details)])
    if as_json:
        print_json({"removed": found.files, "bytes": found.bytes, "kept": found.kept})
    else:
        say(f"Đã dọn {found.files} tệp ({found.bytes} byte); còn {found.kept} tệp.")


@retention_app.command("show", epilog="Example: twin retention show")
def show(store: Store = None, as_json: Json = False) -> None:
    """List classes of data: how long, by which rule, how much is held and was forgotten."""
    with opened(store) as t:
        found: list[dict[str, Any]] = list(retention.overview(t.vault))
    if as_json:
        print_json({"classes": found})
        return
    rows = [(c["name"], c["title"], _days(c), c["rule"], c["held"], _when(c["oldest"]), c["forgotten"]) for c in found]
    say_table(["Lớp", "Tên", "Thời hạn", "Căn cứ", "Đang giữ", "Cũ nhất", "Đã xóa"], rows)


def _days(item: dict[str, Any]) -> str:
    if item["days"] is None:
        return "không hạn"
    text = f"{'≥ ' if item['what'] == 'keep' else ''}{item['days']} ngày"
    if item["starts"] == "released":
        text += " sau khi kết thúc"
    return text + (f", tối đa {item['at_most_days']}" if item["at_most_days"] else "")


def _when(text: str | None) -> str:
    return "" if text is None else local_time(parse_time(text, where="oldest"))


@retention_app.command("apply", epilog="Example: twin retention apply")
def apply(
    at: At = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Forget what is past its time, complete what was cut off. Exit status 1: something could not be done."""
    with opened(store) as t:
        report = t.apply_retention(moment(at, "--at"))
    if as_json:
        print_json(report.as_dict())
    else:
        rows = [(c.name, c.held, c.forgotten, c.on_hold, local_time(c.oldest)) for c in report.classes]
        say_table(["Lớp", "Đang giữ", "Đã xóa", "Đang giữ theo lệnh", "Cũ nhất"], rows)
        say(f"Hoàn tất {report.completed} lần xóa dở dang; dọn {report.collected} tệp.")
        for problem in report.problems:
            say(f"Lỗi: {problem}")
    if report.problems:
        raise typer.Exit(BAD)


@retention_app.command("set", epilog="Example: twin retention set raw_video --days 15 --reason 'QĐ 12/2026'")
def change(
    name: Annotated[str, typer.Argument(help="Class of data.")],
    reason: Reason,
    days: Annotated[int | None, typer.Option(min=0, help="Days until it is forgotten.")] = None,
    rule: Annotated[str | None, typer.Option(help="The legal basis.")] = None,
    title: Annotated[str | None, typer.Option(help="Name in Vietnamese.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Change how long a class of data is kept, or add a class."""
    changes: dict[str, Any] = {"days": days, "rule": rule, "title": title}
    changes = {key: value for key, value in changes.items() if value is not None}
    with opened(store) as t:
        op = classes.change(t.store, name, **changes)
        details = {"reason": reason, **changes}
        t.store.write_records([op, audited(t.viewer, "files.rule", f"retention:{name}", details=details)])
        made = classes.known_class(t.store, name)
    if as_json:
        print_json({"name": made.name, "days": made.days, "rule": made.rule})
    else:
        say(f"{made.name}: {made.days} ngày, {made.rule}")


@retention_app.command("hold", epilog="Example: twin retention hold case:PAHT-2026-000012 --reason 'điều tra số 7'")
def hold(subject: Subject, reason: Reason, store: Store = None, as_json: Json = False) -> None:
    """Put data under a legal hold: no rule and no request forgets it until it is lifted."""
    with opened(store) as t:
        t.hold(subject, reason=reason)
    _said({"held": subject}, f"Đã giữ dữ liệu của {subject}.", as_json=as_json)


@retention_app.command("lift", epilog="Example: twin retention lift case:PAHT-2026-000012 --reason 'đã xong'")
def lift(subject: Subject, reason: Reason, store: Store = None, as_json: Json = False) -> None:
    """Lift a legal hold."""
    with opened(store) as t:
        t.lift(subject, reason=reason)
    _said({"lifted": subject}, f"Đã thôi giữ dữ liệu của {subject}.", as_json=as_json)


def forget(subject: Subject, reason: Reason, store: Store = None, as_json: Json = False) -> None:
    """Forget all personal data of a subject by destroying its keys. Exit status 1: there was none."""
    with opened(store) as t:
        count = t.forget(subject, reason=reason)
    _said({"forgotten": subject, "keys": count}, f"Đã hủy {count} khóa của {subject}.", as_json=as_json)
    if not count:
        raise typer.Exit(BAD)


def _said(body: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(body)
    else:
        say(text)
