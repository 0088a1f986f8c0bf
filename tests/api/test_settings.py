from __future__ import annotations

from pathlib import Path

import pytest

from api.settings import SETTINGS, load
from twin.errors import FormatError, ParameterError
from twin.types import BBox

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("variable", sorted(SETTINGS))
def test_every_setting_is_described(variable: str) -> None:
    assert f"| `{variable}` |" in (ROOT / "docs/settings.md").read_text(encoding="utf-8")


def test_without_anything_given_the_defaults_hold(tmp_path: Path) -> None:
    settings = load({}, folder=tmp_path)
    assert (settings.store, settings.http_host, settings.http_port) == ("./twin.duckdb", "127.0.0.1", 8000)
    assert (settings.mqtt_url, settings.access, settings.bbox) == ("", "", None)


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "twin.toml").write_text('http_port = 8081\ntitle = "Đồng Xoài"\n', encoding="utf-8")
    settings = load({"TWIN_HTTP_PORT": "8082", "TWIN_BBOX": "106.8,11.4,107,11.6"}, folder=tmp_path)
    assert settings.http_port == 8082
    assert settings.title == "Đồng Xoài"
    assert settings.bbox == BBox(106.8, 11.4, 107.0, 11.6)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TWIN_HTTP_PORT", "eighty"),
        ("TWIN_HTTP_PORT", "70000"),
        ("TWIN_ACCESS", "ajar"),
        ("TWIN_BBOX", "1,2,3"),
        ("TWIN_UPLOAD_MB", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(variable: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=variable):
        load({variable: value}, folder=tmp_path)


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "twin.toml").write_text("http_prot = 8081\n", encoding="utf-8")
    with pytest.raises(ParameterError, match="http_prot"):
        load({}, folder=tmp_path)


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "twin.toml").write_text("port: 80", encoding="utf-8")
    with pytest.raises(FormatError, match="not a TOML file"):
        load({}, folder=tmp_path)
