from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bim.ifc.recognise import recognise
from twin.errors import FormatError, NotFoundError, UnsupportedFormatError

WriteBlock = Callable[..., Path]


@pytest.mark.parametrize("schema", ["IFC2X3", "IFC4", "IFC4X3_ADD2"])
def test_the_three_published_versions_are_recognised(write_block: WriteBlock, schema: str) -> None:
    assert recognise(write_block(schema=schema)) == schema


def test_comments_and_a_byte_order_mark_before_the_header_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.ifc"
    path.write_bytes(
        b"\xef\xbb\xbf/* hi */\nISO-10303-21;\nHEADER;FILE_SCHEMA /* which */ ( ( 'ifc4' ) );ENDSEC;\n"
        b"DATA;ENDSEC;END-ISO-10303-21;"
    )
    assert recognise(path) == "IFC4"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("IFC4X3_RC1", "IFC4X3_RC1 is a release candidate"),
        ("IFC4X3_RC4", "IFC4X3_RC4 is a release candidate"),
        ("IFC4X1", "IFC version IFC4X1 is not read"),
        ("IFC2X2_FINAL", "IFC version IFC2X2_FINAL is not read"),
        ("AUTOMOTIVE_DESIGN", "STEP file of schema AUTOMOTIVE_DESIGN, not a building model"),
    ],
)
def test_other_versions_are_named_and_the_hint_says_what_to_export(
    write_block: WriteBlock, schema: str, words: str
) -> None:
    with pytest.raises(UnsupportedFormatError, match=words) as caught:
        recognise(write_block(schema=schema))
    assert "IFC4 or IFC4X3_ADD2 (IFC2X3" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'<?xml version="1.0"?><ifc:ifcXML xmlns:ifc="http://x"/>', "IFC as XML"),
        (b'<?xml version="1.0"?><gml/>', "an XML document"),
        (b'{"header": {"ifcxVersion": "ifcx_alpha"}}', "an IFC5 file .JSON, version ifcx_alpha"),
        (b'{"type": "FeatureCollection"}', "a JSON document"),
        (b"AC1032\x00\x00", "an AutoCAD drawing"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Revit model"),
        (b"  0\nSECTION\n  2\nHEADER\n", "a DXF drawing"),
        (b"Salted__abcdefgh", "an encrypted file"),
        (b"PK\x03\x04 broken", "a damaged ZIP archive"),
    ],
)
def test_foreign_files_are_called_by_their_name_whatever_their_ending(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "house.ifc"
    path.write_bytes(content)
    with pytest.raises(UnsupportedFormatError, match=words):
        recognise(path)


def test_an_archive_with_a_model_is_to_be_unpacked(tmp_path: Path, write_block: WriteBlock) -> None:
    path = tmp_path / "house.ifczip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(write_block(), "folder/house.ifc")
    with pytest.raises(UnsupportedFormatError, match=r"holding house\.ifc .unpack it"):
        recognise(path)


def test_an_encrypted_archive_is_said_to_be_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "house.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("house.ifc", "x")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # general purpose bit 0 of the central directory
    path.write_bytes(data)
    with pytest.raises(UnsupportedFormatError, match="an encrypted ZIP archive"):
        recognise(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"not a model at all", "not an IFC file"), (b"\x00" * 5000, "not an IFC file")],
)
def test_bytes_that_are_nothing_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "house.ifc"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=words):
        recognise(path)


def test_a_header_without_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "house.ifc"
    path.write_text("ISO-10303-21;\nHEADER;\nENDSEC;\nDATA;\nENDSEC;\nEND-ISO-10303-21;\n")
    with pytest.raises(FormatError, match="names no schema"):
        recognise(path)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        recognise(tmp_path / "none.ifc")
    with pytest.raises(FormatError, match="cannot be opened"):
        recognise(tmp_path)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("DrainageSystem-1-2.ifc", "IFC4X3_RC3"),
        ("Georeferencing-Earthworks-12d-1.ifc", "IFC4X3_RC3"),
        ("KIT-Simple-Road-Test-Web-IFC4x3_RC2.ifc", "IFC4X3_RC2"),
        ("RumbleStrip-INDOT.ifc", "IFC4X3_RC3"),
        ("UT_GeoRef_1.ifc", "IFC4X3_RC2"),
        ("IFC5_georeferenced-bridge-deck.ifcx", "ifcx_alpha"),
    ],
)
def test_real_drafts_of_the_standard_are_refused_by_name(shared_data: Path, name: str, version: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=version) as caught:
        recognise(shared_data / "ifc" / name)
    assert caught.value.where == name
    assert "Export the model" in caught.value.hint


@pytest.mark.data
def test_a_copy_that_broke_off_is_refused_and_to_be_sent_again(shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / "ifc" / "AC20-FZK-Haus.ifc").read_bytes()
    path = tmp_path / "half.ifc"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="cut off") as caught:
        recognise(path)
    assert "send the file again" in caught.value.hint
