"""The reference flood scheme against what is known: rest, symmetry, mass, waves, steady states, benchmarks.

Sources of the known answers: SWASHES (Delestre et al. 2013), Hunter et al. 2005, the Environment Agency's 2-D
benchmark 4 (SC120002, compared at the points of the report), and solutions of the local-inertial equations
themselves, derived by dropping the convective term.
"""

from __future__ import annotations

import numpy as np
import pytest

from twin.errors import ParameterError
from twin.simulation.flood.edges import Edge, EdgeKind, Side
from twin.simulation.flood.local_inertial import LocalInertial, fast_share
from twin.simulation.flood.numerics import G, Numerics
from twin.simulation.flood.simulate import Forcing, Rain, Snapshot, simulate
from twin.simulation.series import Series, constant

Grid = np.ndarray


def model(
    bed: Grid,
    *,
    depth: Grid | float = 0.0,
    n: float = 0.0,
    dx: float = 1.0,
    edges: tuple[Edge, ...] = (),
    inflow_cells: tuple[tuple[int, int], ...] = (),
    numerics: Numerics | None = None,
) -> LocalInertial:
    """A one-dimensional bed becomes two equal rows."""
    bed = np.vstack([bed, bed]) if bed.ndim == 1 else bed
    depth = np.vstack([depth, depth]) if np.ndim(depth) == 1 else depth
    return LocalInertial(
        {"topographic__elevation": bed, "surface__manning_n": n, "surface_water__depth": depth},
        shape=(bed.shape[0], bed.shape[1]),
        cell_m=dx,
        edges=edges,
        inflow_cells=inflow_cells,
        numerics=numerics,
    )


def run(m: LocalInertial, until_s: float, forcing: Forcing | None = None) -> Snapshot:
    return next(simulate(m, forcing or Forcing(edges=(None,) * len(m.edges)), [until_s]))


def centres(cells: int, dx: float) -> Grid:
    return (np.arange(cells) + 0.5) * dx


def bump(x: Grid) -> Grid:
    return np.where(np.abs(x - 10) < 2, 0.2 - 0.05 * (x - 10) ** 2, 0.0)


# -- rest, mass, symmetry ------------------------------------------------------------------------------------------


RNG = np.random.default_rng(7)
ROUGH = RNG.uniform(-1.0, 1.0, (30, 40))
SHORE = np.add.outer(np.zeros(20), np.linspace(-2.0, 1.0, 50)) + RNG.uniform(0, 0.2, (20, 50))


@pytest.mark.parametrize("theta", [1.0, 0.9])
@pytest.mark.parametrize(
    ("bed", "level", "dx"),
    [
        (bump(centres(100, 0.25)), 0.5, 0.25),
        (bump(centres(100, 0.25)), 0.1, 0.25),
        (ROUGH, 0.3, 10.0),
        (SHORE, 0.0, 5.0),
    ],
    ids=["wet bump", "emerged bump", "random rough bed", "sloping shore"],
)
def test_a_lake_at_rest_stays_at_rest(bed: Grid, level: float, dx: float, theta: float) -> None:
    start = np.maximum(level - bed, 0.0)
    m = model(bed, depth=start, dx=dx, numerics=Numerics(theta=theta))
    run(m, 200.0)
    assert np.abs(m.read("surface_water__x_flux")).max() < 1e-12
    assert np.abs(m.read("surface_water__y_flux")).max() < 1e-12
    depth = m.read("surface_water__depth")
    assert (depth[np.broadcast_to(start, depth.shape) == 0] == 0).all(), "the dry top stays dry"


def test_a_closed_box_keeps_its_water_and_no_depth_is_negative() -> None:
    rng = np.random.default_rng(1)
    bed = rng.uniform(0.0, 3.0, (40, 60))
    bed[10:14, 5:30] = np.nan
    depth = np.where(rng.random(bed.shape) < 0.2, 4.0, 0.0)
    depth[np.isnan(bed)] = 0.0
    m = model(bed, depth=depth, n=0.02, dx=5.0)
    for snapshot in simulate(m, Forcing(), [5, 10, 20, 40, 80, 160, 320]):
        assert snapshot.depth.min() >= 0
        assert (snapshot.depth[np.isnan(bed)] == 0).all()
        assert abs(snapshot.balance.relative_error) <= 1e-12


def test_everything_that_came_and_went_is_booked() -> None:
    bed = np.add.outer(np.zeros(12), np.linspace(2.0, 0.0, 30))
    m = model(
        bed,
        n=0.03,
        dx=10.0,
        inflow_cells=((3, 2), (3, 2), (8, 5)),
        edges=(Edge(Side.EAST, EdgeKind.FREE, slope=0.01), Edge(Side.WEST, EdgeKind.FLOW, 4, 6)),
    )
    rise = Series(np.array([0.0, 300.0, 900.0]), np.array([0.0, 2.0, 0.0]))
    forcing = Forcing(
        rain=(Rain(constant(1e-5)),),
        inflow=(rise, constant(0.5), rise),
        edges=(None, constant(0.1)),
    )
    book = run(m, 900.0, forcing).balance
    assert book.inflow == pytest.approx(900.0 * 2 + 450, rel=1e-12)
    assert book.rain == pytest.approx(900 * 1e-5 * 12 * 30 * 100, rel=1e-12)
    assert book.edge_in == pytest.approx(0.1 * 2 * 10 * 900, rel=1e-12)
    assert book.edge_out > 0
    assert abs(book.relative_error) <= 1e-12


def test_a_drying_slope_neither_makes_nor_loses_water() -> None:
    bed = np.add.outer(np.linspace(0, 1, 20), np.linspace(4.0, 0.0, 40))
    m = model(bed, depth=0.3, n=0.03, dx=10.0, edges=(Edge(Side.EAST, EdgeKind.FREE, slope=0.01),))
    end = run(m, 3600.0)
    assert end.depth.min() >= 0
    assert end.balance.stored < 0.2 * end.balance.initial
    assert abs(end.balance.relative_error) <= 1e-12


def test_flow_knows_no_preferred_direction() -> None:
    rng = np.random.default_rng(3)
    bed, depth = rng.uniform(0, 1, (21, 21)), rng.uniform(0, 1, (21, 21))

    def after(turn: str) -> Grid:
        turned = {
            "as is": lambda a: a,
            "transposed": np.transpose,
            "mirrored": np.fliplr,
            "upside down": np.flipud,
        }
        there = turned[turn]
        m = model(np.ascontiguousarray(there(bed)), depth=np.ascontiguousarray(there(depth)), n=0.03, dx=2.0)
        result: Grid = there(run(m, 30.0).depth)
        return result

    for turn in ("transposed", "mirrored", "upside down"):
        assert np.abs(after(turn) - after("as is")).max() < 1e-12


def test_the_window_of_wet_cells_changes_no_result() -> None:
    bed = np.random.default_rng(5).uniform(0, 0.2, (120, 150))
    whole = bed.copy()
    drop = np.zeros_like(bed)
    drop[60, 75] = 20.0
    windowed, full = model(bed, depth=drop, n=0.03, dx=5.0), model(whole, depth=drop, n=0.03, dx=5.0)
    full._grow_window(whole=True)
    assert windowed._window != full._window
    assert np.array_equal(run(windowed, 120.0).depth, run(full, 120.0).depth)


def test_working_in_blocks_changes_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(9)
    bed, depth = rng.uniform(0, 0.5, (33, 20)), rng.uniform(0, 0.3, (33, 20))
    whole = run(model(bed, depth=depth, n=0.03, dx=5.0), 120.0).depth
    for cells in (1, 150, 640):
        monkeypatch.setattr("twin.simulation.flood.local_inertial._BLOCK_CELLS", cells)
        assert np.array_equal(run(model(bed, depth=depth, n=0.03, dx=5.0), 120.0).depth, whole)


# -- waves ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("theta", "amplitude"), [(1.0, 1.0), (0.9, 0.997), (0.7, 0.990)])
def test_a_small_seiche_comes_back_after_its_period(theta: float, amplitude: float) -> None:
    length, cells = 1000.0, 100
    x = centres(cells, length / cells)
    shape = np.cos(np.pi * x / length)
    m = model(np.zeros(cells), depth=1 + 0.001 * shape, dx=length / cells, numerics=Numerics(theta=theta))
    half, whole = (
        2 * float((s.depth[0] - 1) @ shape) / cells / 0.001 for s in simulate(m, Forcing(), [319.2755, 638.551])
    )
    assert whole == pytest.approx(amplitude, abs=5e-4)
    assert half == pytest.approx(-np.sqrt(amplitude), abs=5e-4)


def own_wave(xi: Grid, *, n: float, u: float) -> Grid:
    """Front moving at ``u`` that solves the local-inertial equations; ``xi`` = distance before the front.

    (3/7) g h^(7/3) - (3/4) u² h^(4/3) = K - g n² u² ξ, with h = u²/g at the front.
    """
    h = np.linspace(u * u / G, 6.0, 400_001)
    left = 3 / 7 * G * h ** (7 / 3) - 0.75 * u**2 * h ** (4 / 3)
    depth: Grid = np.where(xi > 0, 0.0, np.interp(left[0] - G * n**2 * u**2 * xi, left, h))
    return depth


def wave_error(dx: float, *, n: float, u: float, theta: float) -> float:
    end = 3600.0
    x = centres(int((u * end + 10 * dx) / dx), dx)
    m = model(np.zeros(len(x)), n=n, dx=dx, edges=(Edge(Side.WEST, EdgeKind.LEVEL),), numerics=Numerics(theta=theta))
    times = np.linspace(0.0, end, 20_001)
    driven = Forcing(edges=(Series(times, own_wave(-dx / 2 - u * times, n=n, u=u)),))
    exact = own_wave(x - u * end, n=n, u=u)
    return float(np.abs(run(m, end, driven).depth[0] - exact).sum() / exact.sum())


def test_the_own_wave_has_the_derived_depths() -> None:
    depths = own_wave(np.array([0.0, 900, 1800, 2700, 3240]) - 3600, n=0.03, u=1.0)
    assert depths == pytest.approx([2.45724, 2.18135, 1.84601, 1.39203, 0.96613], abs=2e-5)


@pytest.mark.parametrize("theta", [1.0, 0.9])
def test_a_flood_wave_on_a_dry_plain_converges_with_first_order(theta: float) -> None:
    errors = [wave_error(dx, n=0.03, u=1.0, theta=theta) for dx in (50.0, 25.0, 12.5)]
    assert errors == pytest.approx([0.0153, 0.0081, 0.0043], rel=0.1)
    assert np.log2(errors[0] / errors[2]) / 2 > 0.9


@pytest.mark.parametrize(("depth", "front"), [(0.0, "dry"), (0.001, "wet")])
def test_a_dam_break_stays_stable(depth: float, front: str) -> None:
    x = centres(200, 0.05)
    m = model(np.zeros(200), depth=np.where(x < 5, 0.005, depth), dx=0.05, numerics=Numerics(min_flow_depth_m=1e-5))
    end = run(m, 6.0)
    assert end.depth.min() >= 0
    assert end.depth.max() <= 0.005 * (1 + 1e-9), front
    assert abs(end.balance.relative_error) <= 1e-12


# -- steady states -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("slope", "n", "q", "depth"), [(0.001, 0.03, 1.0, 0.96889), (0.02, 0.05, 0.1, 0.13461)])
def test_uniform_flow_reaches_its_normal_depth(slope: float, n: float, q: float, depth: float) -> None:
    cells, dx = 60, 10.0
    m = model(
        slope * (cells * dx - centres(cells, dx)),
        n=n,
        dx=dx,
        depth=0.5 * depth,
        edges=(Edge(Side.WEST, EdgeKind.FLOW), Edge(Side.EAST, EdgeKind.FREE, slope=slope)),
    )
    end = run(m, 7200.0, Forcing(edges=(constant(q), None)))
    assert end.depth[0, 10:-10] == pytest.approx(depth, rel=1e-3)


def test_a_free_edge_without_slope_follows_the_water() -> None:
    slope, n, q = 0.002, 0.04, 0.5
    cells, dx = 60, 10.0
    m = model(
        slope * (cells * dx - centres(cells, dx)),
        n=n,
        dx=dx,
        edges=(Edge(Side.WEST, EdgeKind.FLOW), Edge(Side.EAST, EdgeKind.FREE)),
    )
    end = run(m, 7200.0, Forcing(edges=(constant(q), None)))
    assert end.depth[0, 10:-10] == pytest.approx((n * q / np.sqrt(slope)) ** 0.6, rel=1e-3)


def macdonald_depth(x: Grid) -> Grid:
    depth: Grid = (4 / G) ** (1 / 3) * (1 + 0.5 * np.exp(-16 * (x / 1000 - 0.5) ** 2))
    return depth


def macdonald_bed(x: Grid) -> Grid:
    """Bed on which the MacDonald depths are steady without convection: z' = -h' - n² q² / h^(10/3)."""
    fine = np.linspace(-50.0, 1050.0, 220_001)
    h = macdonald_depth(fine)
    falling = 0.033**2 * 2.0**2 / h ** (10 / 3)
    friction = np.concatenate(([0.0], np.cumsum((falling[1:] + falling[:-1]) / 2 * np.diff(fine))))
    bed = -h - friction
    result: Grid = np.interp(x, fine, bed) - np.interp(1000.0, fine, bed)
    return result


def test_the_own_steady_bed_has_the_derived_levels() -> None:
    assert macdonald_bed(np.array([250.0, 500.0, 750.0])) == pytest.approx([4.41370, 3.11215, 2.27933], abs=1e-5)


@pytest.mark.parametrize("theta", [1.0, 0.9, 0.7])
@pytest.mark.parametrize(("dx", "error"), [(20.0, 0.00662), (10.0, 0.00334)])
def test_steady_flow_over_a_varied_bed_has_the_known_error(dx: float, error: float, theta: float) -> None:
    x = centres(int(1000 / dx), dx)
    m = model(
        macdonald_bed(x),
        depth=macdonald_depth(x),
        n=0.033,
        dx=dx,
        edges=(Edge(Side.WEST, EdgeKind.FLOW), Edge(Side.EAST, EdgeKind.LEVEL)),
        numerics=Numerics(theta=theta),
    )
    end_x = np.array([1000 + dx / 2])
    level = float((macdonald_bed(end_x) + macdonald_depth(end_x))[0])
    end = run(m, 3000.0, Forcing(edges=(constant(2.0), constant(level))))
    assert float(np.abs(end.depth[0] - macdonald_depth(x)).mean()) == pytest.approx(error, rel=0.01)


@pytest.mark.parametrize(
    ("n", "slope", "rain_mm_h", "length", "time_s", "flow", "depth_mm"),
    [
        (0.02, 0.01, 50.0, 100.0, 529.1, 1.38889e-3, 7.349),
        (0.05, 0.02, 100.0, 200.0, 855.5, 5.5556e-3, 23.764),
    ],
)
def test_rain_on_a_plane_runs_off_as_fast_as_it_falls(
    n: float, slope: float, rain_mm_h: float, length: float, time_s: float, flow: float, depth_mm: float
) -> None:
    dx = 2.0
    m = model(
        slope * (length - centres(int(length / dx), dx)),
        n=n,
        dx=dx,
        edges=(Edge(Side.EAST, EdgeKind.FREE, slope=slope),),
        numerics=Numerics(min_flow_depth_m=1e-4),
    )
    rain = Forcing(rain=(Rain(constant(rain_mm_h / 1000 / 3600)),), edges=(None,))
    half, end = simulate(m, rain, [time_s / 2, 3 * time_s])
    assert m.read("surface_water__x_flux")[0, -1] == pytest.approx(flow, rel=1e-4)
    assert end.depth[0, -1] * 1000 == pytest.approx(depth_mm, rel=1e-3)
    # Before the whole plane contributes, depth is simply the rain that fell, away from the upper end.
    assert half.depth[0, -1] == pytest.approx(rain_mm_h / 3.6e6 * time_s / 2, rel=0.02)


# -- benchmarks ----------------------------------------------------------------------------------------------------


def test_a_pond_behind_a_sill_ends_at_the_sill() -> None:
    """As benchmark 1: the level rises over the sill, fills the far pond and falls again."""
    dx, hour = 20.0, 3600.0
    x = centres(35, dx)
    bed = np.interp(x, [0, 100, 300, 350, 400, 600, 700], [9.0, 9.0, 10.0, 10.25, 9.3, 9.3, 11.0])
    m = model(
        bed,
        n=0.03,
        dx=dx,
        depth=np.maximum(9.7 - bed, 0.0) * (x < 350),
        edges=(Edge(Side.WEST, EdgeKind.LEVEL),),
        numerics=Numerics(min_flow_depth_m=1e-4),
    )
    level = Series(np.array([0.0, 1.0, 5.0, 6.0, 14.0]) * hour, np.array([9.7, 10.35, 10.35, 9.7, 9.7]))
    filled, drained = simulate(m, Forcing(edges=(level,)), [5 * hour, 14 * hour])
    sill = int(np.argmax(bed[:20]))
    assert bed[sill] == 10.25
    far, near = slice(sill + 2, 30), slice(0, 5)
    assert (filled.depth + bed)[0, far] == pytest.approx(10.35, abs=1e-3)
    # The last millimetres run off ever more slowly.
    assert (drained.depth + bed)[0, far] == pytest.approx(10.25, abs=5e-3)
    assert (drained.depth + bed)[0, near] == pytest.approx(9.7, abs=1e-3)


def test_a_flood_front_over_flat_ground_reaches_the_benchmark_depths() -> None:
    """Environment Agency benchmark 4: 20 m³/s on 20 m of the west side of 1000 × 2000 m, n 0.05, five hours."""
    dx, shape = 20.0, (100, 50)
    sides = (Side.EAST, Side.NORTH, Side.SOUTH)
    # At this cell size the 20 m of the inflow become the 40 m of the two cells around the middle.
    edges = (
        Edge(Side.WEST, EdgeKind.FLOW, 49, 51),
        *(Edge(side, EdgeKind.FREE, slope=0.001) for side in sides),
    )
    m = model(np.zeros(shape), n=0.05, dx=dx, edges=edges, numerics=Numerics(theta=1.0))
    rise = Series(np.array([0, 300, 3600, 14400, 18000.0]), np.array([0, 0, 20, 20, 0]) / 40)
    end = run(m, 18000.0, Forcing(edges=(rise, None, None, None)))
    highest = m.read("surface_water__max_depth")
    depths = {}
    for point, (x, y) in {
        2: (100, 1000),
        3: (200, 1000),
        4: (300, 1000),
        5: (400, 1000),
        6: (300, 1300),
    }.items():
        column, row = int(x / dx), int((2000 - y) / dx)
        depths[point] = float(highest[row - 1 : row + 1, column - 1 : column + 1].mean())
    known = {2: 0.2771, 3: 0.2288, 4: 0.2010, 5: 0.1805, 6: 0.1761}
    assert depths == pytest.approx(known, abs=0.01)
    assert depths[5] / depths[6] == pytest.approx(known[5] / known[6], rel=0.01), "the front is round"
    assert end.balance.edge_in == pytest.approx(285_000, rel=1e-12)


# -- what it refuses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"surface__manning_n": None}, "surface__manning_n .* is missing"),
        ({"topographic__elevation": np.full((4, 5), np.inf)}, "missing or infinite"),
        ({"surface_water__depth": -0.1}, "allowed is 0"),
        ({"surface__manning_n": np.full((5, 4), 0.03)}, "has shape"),
        ({"temperature": 3.0}, "temperature is no field"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(change: dict[str, object], reason: str) -> None:
    inputs = {"topographic__elevation": np.zeros((4, 5)), "surface__manning_n": 0.03} | change
    inputs = {name: value for name, value in inputs.items() if value is not None}
    with pytest.raises(ParameterError, match=reason):
        LocalInertial(inputs, shape=(4, 5), cell_m=1.0)


def test_water_inside_a_wall_is_refused() -> None:
    bed = np.zeros((4, 5))
    bed[1, 1] = np.nan
    with pytest.raises(ParameterError, match="water in cells without ground"):
        model(bed, depth=0.1)
    with pytest.raises(ParameterError, match="has no ground level"):
        model(bed, inflow_cells=((1, 1),))
    with pytest.raises(ParameterError, match="outside the grid"):
        model(bed, inflow_cells=((1, 9),))


def test_steps_and_forcing_out_of_range_are_refused() -> None:
    m = model(np.zeros((4, 5)), edges=(Edge(Side.WEST, EdgeKind.FLOW),))
    for dt in (0.0, -1.0, 11.0, float("nan")):
        with pytest.raises(ParameterError, match="a step of"):
            m.advance(dt)
    with pytest.raises(ParameterError, match="rainfall__rate"):
        m.advance(1.0, {"rainfall__rate": -1e-6})
    with pytest.raises(ParameterError, match="is negative"):
        m.advance(1.0, {"edge__value": [-0.1]})


@pytest.mark.parametrize("numerics", [{"theta": 0.5}, {"cfl": 1.5}, {"min_flow_depth_m": 0.0}, {"max_step_s": 100.0}])
def test_numerical_parameters_out_of_range_are_refused(numerics: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match="outside"):
        Numerics(**numerics)


def test_an_edge_beside_the_grid_is_refused() -> None:
    with pytest.raises(ParameterError, match="west edge"):
        model(np.zeros((4, 5)), edges=(Edge(Side.WEST, EdgeKind.LEVEL, 2, 5),))
    with pytest.raises(ParameterError, match="slope"):
        Edge(Side.WEST, EdgeKind.FREE, slope=-0.1)


def test_fast_water_is_told() -> None:
    depth = np.array([[1.0, 1.0, 0.005, 0.25]])
    speed = np.array([[1.0, 2.0, 3.0, 1.0]])  # Froude 0.32, 0.64, (dry), 0.64
    assert fast_share(depth, speed) == pytest.approx(2 / 3)
    assert fast_share(np.zeros((2, 2)), np.zeros((2, 2))) == 0
