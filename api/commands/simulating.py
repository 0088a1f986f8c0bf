"""``twin simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.common import At, Json, KnownAt, Store, moment, print_json, say, say_table
from twin.types import parse_time

simulate_app = typer.Typer(help="Compute what would happen.", no_args_is_help=True)


@simulate_app.callback()
def simulate() -> None:
    """Compute what would happen."""


@simulate_app.command(
    "flood",
    epilog="Example: twin simulate flood --lisflood case.par --crs EPSG:27700 --start 2005-01-08T00:00:00Z --cell 20",
)
def flood(
    *,
    start: Annotated[str, typer.Option(help="Beginning, RFC 3339.")],
    lisflood: Annotated[Path | None, typer.Option(help="LISFLOOD-FP parameter file (.par).")] = None,
    terrain: Annotated[str | None, typer.Option(help="Terrain: a file or a raster layer.")] = None,
    crs: Annotated[str, typer.Option(help="Reference system of files that name none.")] = "",
    hours: Annotated[float | None, typer.Option(help="How long.")] = None,
    every: Annotated[float, typer.Option(help="Minutes between stored grids.")] = 15.0,
    cell: Annotated[float | None, typer.Option(help="Cell size to compute with, metres.")] = None,
    manning: Annotated[str | None, typer.Option(help="Roughness: a number, a file or a raster layer.")] = None,
    rain: Annotated[list[str] | None, typer.Option(help="20 | rain.csv | gauge:12 | storm:Hà Nội,10,60")] = None,
    inflow: Annotated[list[str] | None, typer.Option(help="X,Y=20 | X,Y=hydrograph.csv | X,Y=gauge:12")] = None,
    side: Annotated[list[str] | None, typer.Option(help="west:free | east:level:2.5 | north:flow:0.5")] = None,
    area: Annotated[str | None, typer.Option(help="Part to compute: west,south,east,north in degrees.")] = None,
    layer: Annotated[str, typer.Option(help="Raster layer the depths go to.")] = "flood_depth",
    title: Annotated[str, typer.Option(help="Title of a new layer.")] = "Độ sâu ngập (mô phỏng)",
    title_en: Annotated[str, typer.Option(help="English title.")] = "Flood depth (simulated)",
    store: Store = None,
    at: At = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    """Compute a flood, store its depth over time as a layer, report the mass balance."""
    from api.commands.carrying import Carrier  # noqa: PLC0415  what the kinds of jobs need takes a second to load
    from twin.scenario.flood_job import KIND, inputs_of  # noqa: PLC0415
    from twin.scenario.flood_options import FloodOptions  # noqa: PLC0415

    options = FloodOptions(
        start=parse_time(start, where="--start"),
        terrain=terrain,
        crs=crs,
        lisflood=lisflood,
        hours=hours,
        every_minutes=every,
        cell_m=cell,
        manning=manning,
        rain=tuple(rain or ()),
        inflow=tuple(inflow or ()),
        side=tuple(side or ()),
        area=area,
        layer=layer,
        title=title,
        title_en=title_en,
        at=moment(at, "--at"),
        known_at=moment(known_at, "--known-at"),
    )
    carrier = Carrier(
        store,
        KIND.name,
        lambda: inputs_of(options, folder=Path.cwd()),
        f"Tính ngập: {layer}",
        f"Flood run: {layer}",
    )
    report = carrier.result(quiet=as_json)
    if as_json:
        print_json(report)
    else:
        _print(layer, len(report["times"]), report)


def _print(layer: str, times: int, report: dict[str, Any]) -> None:
    balance = report["mass_balance"]
    say_table(
        [f"Lớp {layer}", ""],
        [
            ("Số thời điểm", times),
            ("Ngập sâu nhất (m)", _number(report["greatest_depth_m"], 2)),
            ("Diện tích ngập lớn nhất (km²)", _number(report["wet_area_max_m2"] / 1e6, 3)),
            ("Nước vào (m³)", _number(balance["inflow_m3"] + balance["rain_m3"] + balance["edge_in_m3"], 0)),
            ("Nước ra (m³)", _number(balance["edge_out_m3"], 0)),
            ("Còn lại (m³)", _number(balance["stored_m3"], 0)),
            ("Sai số cân bằng (m³)", f"{balance['error_m3']:.3g}"),
            ("Sai số tương đối", f"{balance['relative_error']:.2e}"),
            ("Thời gian tính (s)", _number(report["run_time_s"], 1)),
        ],
    )
    say(str(report["notice"]))


def _number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace(",", "\u2009").replace(".", ",")
