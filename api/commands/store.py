"""Making, listing, checking, saving a twin."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from api import shape
from api.assemble import describe_states
from api.commands.common import (
    BAD,
    At,
    Json,
    KnownAt,
    Store,
    local_time,
    moment,
    opened,
    print_json,
    say,
    say_table,
    settings_of,
)
from api.doctor import Patient, State, examine
from twin import core
from twin.model.view import Access


def init(
    path: Annotated[str, typer.Argument(help="Where the twin is to be, for instance city.duckdb.")],
    title: Annotated[str, typer.Option(help="Name in Vietnamese.")] = "",
    title_en: Annotated[str, typer.Option(help="Name in English.")] = "",
    country: Annotated[str, typer.Option(help="ISO 3166 code; VN warns of coordinates outside Viet Nam.")] = "VN",
    as_json: Json = False,
) -> None:
    """Make a new, empty twin."""
    info: dict[str, Any] = {"country": country}
    if title:
        info["title"] = title
    if title_en:
        info["title_en"] = title_en
    core.create(path, info)
    if as_json:
        print_json({"created": str(Path(path).resolve()), **info})
    else:
        say(f"Đã tạo {path}. Tiếp theo: twin import TỆP --layer TÊN --store {path}")


def layers(
    publish: Annotated[str | None, typer.Option(help="Show this layer to everybody.")] = None,
    withdraw: Annotated[str | None, typer.Option(help="Show this layer to staff only.")] = None,
    store: Store = None,
    at: At = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    """List the layers, or publish one."""
    with opened(store) as t:
        for name, access in ((publish, Access.PUBLIC), (withdraw, Access.STAFF)):
            if name is not None:
                described = t.store.layer(t.view(), name).layer
                t.store.put_layer(replace(described, access=access))
        view = t.store.resolve(t.view(moment(at, "--at"), moment(known_at, "--known-at")))
        found = t.store.layers(view)
    if as_json:
        print_json(
            {
                "at": view.at,
                "known_at": view.known_at,
                "layers": [
                    {
                        "name": s.layer.name,
                        "title": s.layer.title,
                        "title_en": s.layer.title_en,
                        "kind": s.layer.kind.value,
                        "geometry_type": s.layer.geometry_type,
                        "access": s.layer.access.value,
                        "count": s.count,
                        "extent": shape.box(s.extent),
                        "revision": s.revision,
                        "newest": s.newest,
                        "synthetic": s.layer.synthetic,
                    }
                    for s in found
                ],
            }
        )
        return
    rows = [
        (s.layer.name, s.layer.title, s.layer.kind.value, s.count, s.layer.access.value, local_time(s.newest))
        for s in found
    ]
    say_table(["Lớp", "Tên", "Loại", "Số lượng", "Ai xem", "Ghi nhận"], rows)


def state(
    layer: Annotated[str | None, typer.Option(help="Only things of this layer.")] = None,
    store: Store = None,
    at: At = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    """Show every datastream with its newest result and how fresh it is."""
    with opened(store) as t:
        view = t.store.resolve(t.view(moment(at, "--at"), moment(known_at, "--known-at")))
        chosen = None
        if layer is not None:
            name = t.store.layer(view, layer).layer.name
            chosen = [s.id for s in t.store.datastreams(view, layer=name)]
        states = t.store.latest(view, chosen)
        described = describe_states(t.store, view, states)
    if as_json:
        print_json({"at": view.at, "known_at": view.known_at, "datastreams": described})
        return
    rows = [
        (s["layer"], s["name"], s["title"], _value(s), s["quality"], s["freshness"], local_time(found.phenomenon_end))
        if (found := full.observation) is not None
        else (s["layer"], s["name"], s["title"], "", "", s["freshness"], "")
        for s, full in zip(described, states, strict=True)
    ]
    say_table(["Lớp", "Thiết bị", "Đại lượng", "Giá trị", "Chất lượng", "Độ mới", "Thời điểm"], rows)


def _value(described: dict[str, Any]) -> str:
    result = described["result"]
    text = f"{result:g}".replace(".", ",") if isinstance(result, float) else str(result)
    return f"{text} {described['unit']}".strip()


_MARKS = {State.OK: "✓", State.WARNING: "!", State.BAD: "✗", State.UNKNOWN: "?"}


def doctor(store: Store = None, as_json: Json = False) -> None:
    """Say what is configured, reachable, stale and quarantined. Exit status 1: not healthy."""
    settings = settings_of(store)
    with opened(store) as t:
        found = examine(Patient(t, settings))
    if as_json:
        print_json(found)
    else:
        rows = [(_MARKS[c["state"]], c["title"], c["text"], c["hint"]) for c in found["checks"]]
        say_table(["", "Mục", "Tình trạng", "Việc cần làm"], rows)
    if not found["ok"]:
        raise typer.Exit(BAD)


def backup(
    out: Annotated[Path, typer.Argument(help="New folder for the copy.")], store: Store = None, as_json: Json = False
) -> None:
    """Copy the twin with its files, consistent to one commit, while it is in use."""
    with opened(store) as t:
        made = t.backup(out)
    if as_json:
        figures = {"seq": made.seq, "at_least_seq": made.seq, "files": len(made.files), "broken": list(made.broken)}
        print_json({"backup": str(out.resolve()), "keys": made.keys, "store_sha256": made.store_sha256, **figures})
    else:
        say(f"Đã sao lưu vào {out} (đến lần ghi {made.seq}, {len(made.files)} tệp).")
        if made.keys:
            say(f"Bản sao không chứa {made.keys} khóa dữ liệu cá nhân; giữ chúng riêng (docs/files.md).")
        for digest in made.broken:
            say(f"Tệp hỏng hoặc mất: {digest}")
    if made.broken:
        raise typer.Exit(BAD)


def restore(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Folder that backup made.")],
    keys: Annotated[Path | None, typer.Option(help="Keys folder to take keys of personal data from.")] = None,
    no_deletions_known: Annotated[
        bool, typer.Option("--no-deletions-known", help="Restore without the ledger of later deletions.")
    ] = False,
    with_losses: Annotated[
        bool, typer.Option("--with-losses", help="Restore although files were lost before the backup.")
    ] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Make the twin from a backup; it is checked first, nothing is overwritten, later deletions are applied again."""
    settings = settings_of(store)
    place = settings.store
    done = core.restore(
        source, place, safe=settings.safe, keys=keys, without_deletions=no_deletions_known, with_losses=with_losses
    )
    if as_json:
        print_json({"restored": str(Path(place).resolve()), **asdict(done)})
        return
    say(f"Đã phục hồi {place} (đến lần ghi {done.seq}); áp dụng lại {done.deletions} lần xóa sau đó.")
    if not done.deletions_known:
        say("CẢNH BÁO: không có sổ xóa; dữ liệu đã xóa sau khi sao lưu có thể xuất hiện lại. Đã ghi vào kiểm toán.")
