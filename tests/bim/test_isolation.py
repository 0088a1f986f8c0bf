"""A hostile or broken file ends in a sentence, and nothing but its own process is touched."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bim.ifc.isolate import Limits, read_isolated
from twin.errors import FormatError

WriteBlock = Callable[..., Path]


def test_a_block_is_read_in_metres(write_block: WriteBlock) -> None:
    building = read_isolated(write_block()).buildings[0]
    assert (building.bottom_z_m, building.top_z_m) == pytest.approx((0.0, 5.0))
    assert building.name == "Nhà thử"


def test_a_shape_that_doubles_forty_times_is_stopped_by_processor_time(write_block: WriteBlock) -> None:
    with pytest.raises(FormatError, match="more than 2 s of processor time"):
        read_isolated(write_block(doublings=40), limits=Limits(cpu_s=2))


def test_a_shape_that_doubles_forty_times_is_stopped_by_the_clock(write_block: WriteBlock) -> None:
    with pytest.raises(FormatError, match="longer than 1 s"):
        read_isolated(write_block(doublings=40), limits=Limits(wall_s=1.0))


def test_too_little_memory_is_said_to_be_memory(write_block: WriteBlock) -> None:
    with pytest.raises(FormatError, match=r"more than 0\.1 GiB of memory"):
        read_isolated(write_block(), limits=Limits(memory_bytes=100 << 20))


def test_a_placement_relative_to_itself_is_refused(write_block: WriteBlock) -> None:
    with pytest.raises(FormatError, match="in a circle"):
        read_isolated(write_block(parent="#7"))


def test_a_building_that_is_its_own_part_is_read_once(write_block: WriteBlock) -> None:
    loop = "#20=IFCRELAGGREGATES('0000000000000000000009',$,$,$,#8,(#8));\n"
    raw = read_isolated(write_block(extra=loop))
    assert [b.elements for b in raw.buildings] == [1]


@pytest.mark.parametrize(
    "body",
    [
        "#1=IFCWALL(;",
        "#1=IFCWALL('x',$,$,$,$,#999,#998,$,$);",
        "#1=NOTHING('x');",
        "((((((((((",
        "#1=IFCPROJECT('0000000000000000000001',$,$,$,$,$,$,$,$);\x00\x00",
    ],
)
def test_malformed_contents_give_a_format_error_or_an_empty_model(tmp_path: Path, body: str) -> None:
    path = tmp_path / "odd.ifc"
    path.write_text(
        "ISO-10303-21;\nHEADER;FILE_DESCRIPTION((''),'2;1');FILE_NAME('','',(''),(''),'','','');"
        f"FILE_SCHEMA(('IFC4'));ENDSEC;\nDATA;\n{body}\nENDSEC;\nEND-ISO-10303-21;\n"
    )
    with suppress(FormatError):
        assert read_isolated(path).buildings == ()


def test_reading_works_from_any_folder_and_ignores_a_package_lying_there(
    write_block: WriteBlock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "elsewhere" / "bim"
    trap.mkdir(parents=True)
    (trap / "__init__.py").write_text("raise SystemExit(77)")
    path = write_block()
    monkeypatch.chdir(trap.parent)
    assert read_isolated(path).schema == "IFC4"
    assert [p.name for p in trap.parent.iterdir()] == ["bim"]


def test_letters_beyond_the_format_are_kept_as_utf8_or_said_to_be_lost(write_block: WriteBlock) -> None:
    path = write_block()
    path.write_bytes(path.read_bytes().replace("Nhà thử".encode(), "Nhà 𠀋".encode()))
    assert read_isolated(path).buildings[0].name == "Nhà 𠀋"
    path.write_bytes(path.read_bytes().replace("Nhà 𠀋".encode(), b"Nh\xe0"))
    raw = read_isolated(path)
    assert raw.text_lost
    assert raw.buildings[0].name != "Nhà"
