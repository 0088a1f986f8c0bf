"""Making, listing, checking, saving a twin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from api import shape
from api.access import decide_mode
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
from api.settings import Settings
from twin import core
from twin.core import Twin
from twin.errors import ParameterError
from twin.model.view import Access
from twin.store.remote import RemoteStore
from twin.types import Freshness


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


def doctor(store: Store = None, as_json: Json = False) -> None:
    """Say what is configured, reachable, stale and quarantined. Exit status 1: not healthy."""
    settings = settings_of(store)
    with opened(store) as t:
        findings = _examine(t, settings)
    if as_json:
        print_json(findings)
    else:
        say_table(["Mục", "Giá trị"], [(key, _flat(value)) for key, value in findings.items()])
    if not findings["healthy"]:
        raise typer.Exit(BAD)


def _examine(t: Twin, settings: Settings) -> dict[str, Any]:
    checked = t.store.check()
    states = t.store.latest(t.view())
    counted = {f.value: sum(s.freshness is f for s in states) for f in Freshness}
    waiting = t.store.quarantined(t.view(), limit=10_000)
    counters = t.store.counters(t.view())
    problems = [str(p) for p in _list(checked.get("problems"))]
    problems += [f"connector {name}: readings do not add up" for name, r in counters.items() if not r.balanced]
    problems += [f"file {digest} is damaged or missing" for digest in t.broken_files()]
    try:
        access = decide_mode(settings).value
    except ParameterError as exc:
        access = "refused"
        problems.append(str(exc))
    return {
        "healthy": not problems,
        "problems": problems,
        "store": str(t.store.path),
        "reached": "through its owner" if isinstance(t.store, RemoteStore) else "directly",
        "rows": checked.get("rows"),
        "bytes": checked.get("bytes"),
        "commits": checked.get("commits"),
        "access": access,
        "listens": f"{settings.http_host}:{settings.http_port}",
        "broker": "configured" if settings.mqtt_url else "none",
        "datastreams": counted,
        "quarantined": len(waiting),
        "newest_reasons": [q.reason for q in waiting[:5]],
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "–"
    return str(value)


def backup(
    out: Annotated[Path, typer.Argument(help="New folder for the copy.")], store: Store = None, as_json: Json = False
) -> None:
    """Copy the twin with its files, consistent to one commit, while it is in use."""
    with opened(store) as t:
        seq = t.store.last_seq()
        t.backup(out)
    if as_json:
        print_json({"backup": str(out.resolve()), "at_least_seq": seq})
    else:
        say(f"Đã sao lưu vào {out} (đến ít nhất lần ghi {seq}).")


def restore(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Folder that backup made.")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Make the twin from a backup; it is checked first, and nothing is overwritten."""
    place = settings_of(store).store
    core.restore(source, place)
    with opened(store) as t:
        seq = t.store.last_seq()
    if as_json:
        print_json({"restored": str(Path(place).resolve()), "seq": seq})
    else:
        say(f"Đã phục hồi {place} (đến lần ghi {seq}).")
