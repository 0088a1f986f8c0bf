from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.errors import FormatError, UnsupportedFormatError
from twin.scenario.lisflood import read_case
from twin.simulation.flood.edges import EdgeKind, Side

PAR = "DEMfile a.dem\nsim_time 7200\nfpfric 0.05\nbcifile a.bci\nbdyfile a.bdy\nacceleration\n#rainfall x\n"
BDY = "made up\nup\t\t\n  3   hours\n0.5 0\n1.5 1\n0 2\nsea\n2 seconds\n1 0\n2 7200\n"
BCI = "P 5 6 QVAR up\nP 7 8 QFIX 0.25\nW 20 0 FREE 0.001\nn 0 10 HVAR sea\nE 0 10 QVAR up\nS 0 10 CLOSED 0\n"


def case_files(folder: Path, *, par: str = PAR, bdy: str = BDY, bci: str = BCI) -> Path:
    (folder / "a.dem").write_text("")
    for name, text in {"a.par": par, "a.bdy": bdy, "a.bci": bci}.items():
        (folder / name).write_text(text)
    return folder / "a.par"


def test_a_case_says_what_its_files_say(tmp_path: Path) -> None:
    case = read_case(case_files(tmp_path))
    assert (case.duration_s, case.manning_n, case.terrain.name) == (7200, 0.05, "a.dem")
    assert [(p.x, p.y, p.name) for p in case.points] == [(5, 6, "up"), (7, 8, "0.25")]
    assert case.points[0].flow_m2_s.times_s.tolist() == [0, 3600, 7200]
    assert case.points[0].flow_m2_s.at(1800) == 1.0
    assert case.points[1].flow_m2_s.at(99) == 0.25


def test_sides_are_read_with_what_they_do(tmp_path: Path) -> None:
    west, north, east = read_case(case_files(tmp_path)).sides
    assert (west.side, west.start, west.stop, west.kind, west.slope) == (Side.WEST, 0, 20, EdgeKind.FREE, 0.001)
    assert (north.kind, north.values.at(3600)) == (EdgeKind.LEVEL, 1.5)  # type: ignore[union-attr]
    assert east.kind is EdgeKind.FLOW


def test_another_solver_is_named_and_the_reader_says_so(tmp_path: Path) -> None:
    assert any("acceleration" in note for note in read_case(case_files(tmp_path)).notes)


def test_a_misnamed_file_is_found_if_it_is_the_only_one_and_told(tmp_path: Path) -> None:
    par = case_files(tmp_path, par=PAR.replace("a.bci", "b.bci"))
    assert any("b.bci, which is not there; read a.bci" in note for note in read_case(par).notes)
    (tmp_path / "c.bci").write_text(BCI)
    with pytest.raises(FormatError, match=r"b\.bci' does not lie beside"):
        read_case(par)


@pytest.mark.parametrize("word", ["riverfile x", "infiltration 0.1", "weirfile y", "startfile z", "SGCwidth w"])
def test_what_would_change_the_result_is_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=word.split(maxsplit=1)[0].lower()):
        read_case(case_files(tmp_path, par=PAR + word))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"par": PAR.replace("sim_time 7200", "")}, "sim_time is missing"),
        ({"par": PAR.replace("7200", "-1")}, "not positive"),
        ({"par": PAR.replace("0.05", "rough")}, "not a number"),
        ({"par": PAR.replace("a.bci", "../a.bci")}, "leads out of the folder"),
        ({"bci": "P 5 6 QVAR nobody"}, "'nobody' is not in the time-series"),
        ({"bci": "P 5 6"}, "not a boundary"),
        ({"bci": "P 5 6 HFIX 3"}, "point of type HFIX"),
        ({"bci": "Q 5 6 QFIX 3"}, "boundary at 'Q'"),
        ({"bci": "P 5 nan QFIX 3"}, "not finite"),
        ({"bdy": BDY.replace("hours", "moons")}, "series 'up' cannot be read"),
        ({"bdy": "c\nup\n3 seconds\n1 0\n"}, "1 of 3 rows|cannot be read"),
    ],
)
def test_a_broken_case_is_refused(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        read_case(case_files(tmp_path, **change))


@pytest.mark.data
def test_the_carlisle_case_has_its_known_flows(shared_data: Path) -> None:
    folder = shared_data / "flood" / "lisflood_carlisle"
    case = read_case(folder / "carlisle-5m.par", terrain=folder / "carlisle-5m.dem.raw.gz")
    assert (case.duration_s, case.manning_n) == (245_700, 0.055)
    # name: points, peak [m³/s], hour of the peak, volume [million m³]; a point is 5 m wide
    known = {
        "upstream1": (11, 1273.0, 36.5, 130.4),
        "upstream2": (6, 82.6, 30.75, 9.84),
        "upstream3": (6, 248.7, 27.75, 20.0),
    }
    for name, (count, peak, hour, volume) in known.items():
        points = [p for p in case.points if p.name == name]
        flow = points[0].flow_m2_s
        assert len(points) == count
        assert flow.values.max() * 5 * count == pytest.approx(peak, abs=0.05)
        assert flow.times_s[np.argmax(flow.values)] / 3600 == hour
        assert flow.integral(0, case.duration_s) * 5 * count / 1e6 == pytest.approx(volume, rel=1e-3)
    (west,) = case.sides
    assert (west.side, west.kind, west.slope) == (Side.WEST, EdgeKind.FREE, 0.0006)


@pytest.mark.data
def test_a_case_with_a_channel_is_refused(shared_data: Path) -> None:
    with pytest.raises(UnsupportedFormatError, match="riverfile, weirfile"):
        read_case(shared_data / "flood" / "lisflood_buscot" / "buscot.par")
