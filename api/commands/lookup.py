"""``twin lookup``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.common import BAD, At, Json, KnownAt, Store, moment, opened, print_json, say, say_table, settings_of
from api.commands.documents import issue_extract

if TYPE_CHECKING:
    from layers.planning.answer import ParcelAnswer


def lookup(
    lon: Annotated[float | None, typer.Argument(help="Longitude, degrees (WGS 84).")] = None,
    lat: Annotated[float | None, typer.Argument(help="Latitude, degrees.")] = None,
    *,
    parcel: Annotated[str | None, typer.Option(help="Sheet/plot, for instance 14/125.")] = None,
    commune: Annotated[str | None, typer.Option(help="Name or code of the commune.")] = None,
    area: Annotated[float | None, typer.Option(help="Area on the certificate, m².")] = None,
    pdf: Annotated[
        Path | None, typer.Option(help="Also issue the extract: a PDF, its canonical JSON beside it.")
    ] = None,
    store: Store = None,
    at: At = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    """Say what the plans say about a place or a parcel. Exit status 1: there is no such parcel."""
    from layers.planning.lookup import lookup as look_up  # noqa: PLC0415  loaded by this command only

    with opened(store) as t:
        view = t.view(moment(at, "--at"), moment(known_at, "--known-at"))
        asked = {"lon": lon, "lat": lat, "parcel": parcel, "commune": commune, "area_m2": area}
        answer = look_up(t, **asked, view=view)  # type: ignore[arg-type]
        if pdf is not None and answer.status != "not_found":
            issue_extract(t, asked, view, pdf, settings_of(store))
    if as_json:
        print_json(answer.as_dict())
    else:
        _print(answer)
    if answer.status == "not_found":
        raise typer.Exit(BAD)


def _print(answer: ParcelAnswer) -> None:
    say(answer.summary)
    rows = [
        (part.get("function"), part.get("function_name"), _number(part.get("area_m2"), 1), _percent(part.get("share")))
        for part in (p.as_dict() for p in answer.parts)
    ]
    if rows:
        say_table(["Mã", "Chức năng", "Diện tích (m²)", "Tỷ lệ"], rows)
    for candidate in answer.candidates:
        say(f"Thửa {candidate.plot} tờ {candidate.sheet}, {candidate.commune}")
    say(answer.disclaimer)


def _number(value: object, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace(".", ",") if isinstance(value, int | float) else ""


def _percent(value: object) -> str:
    return f"{_number(value * 100, 1)} %" if isinstance(value, int | float) else ""
