"""Settings: ``TWIN_…`` variables or ``twin.toml``, read once where a program starts and handed down.

A variable wins over the file. In ``twin.toml`` a setting has its name without ``TWIN_`` in lower case
(``store = "twin.duckdb"``). Every setting is described in ``docs/settings.md``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twin.errors import FormatError, ParameterError

PREFIX = "TWIN_"
FILE_NAME = "twin.toml"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, its default as text, and what it is for."""

    variable: str
    default: str
    about: str

    @property
    def key(self) -> str:
        """Its name in ``twin.toml``."""
        return self.variable.removeprefix(PREFIX).lower()


STORE = Setting("TWIN_STORE", "./twin.duckdb", "path or URL of the twin")

MASTER_KEY = Setting("TWIN_MASTER_KEY", "", "key that wraps the keys of personal data, by reference")
DELETIONS = Setting("TWIN_DELETIONS", "", "second folder for the keys of personal data and the ledger of deletions")

SETTINGS: dict[str, Setting] = {setting.variable: setting for setting in (STORE, MASTER_KEY, DELETIONS)}


@dataclass(frozen=True, slots=True)
class SettingValues:
    """Texts of all settings given, by variable; those not given are absent."""

    given: Mapping[str, str]

    def text(self, setting: Setting) -> str:
        """Return the setting's text, or its default."""
        return self.given.get(setting.variable, setting.default)

    def integer(self, setting: Setting, *, low: int, high: int) -> int:
        """Return the setting as an integer in ``[low, high]``."""
        text = self.text(setting)
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ParameterError(
                f"{text!r} is not a whole number from {low} to {high}",
                where=setting.variable,
                hint=f"It is the {setting.about}.",
            )
        return value


def read_settings(
    environ: Mapping[str, str], *, folder: Path, settings: Mapping[str, Setting] = SETTINGS
) -> SettingValues:
    """Read ``folder/twin.toml`` if there is one, then the variables of ``environ`` over it.

    Raises
    ------
    FormatError
        If the file is not TOML.
    ParameterError
        If the file names a setting that does not exist.
    """
    values = _from_file(folder / FILE_NAME, settings)
    values.update({name: environ[name] for name in settings if environ.get(name)})
    return SettingValues(values)


def _from_file(path: Path, settings: Mapping[str, Setting]) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise FormatError(f"not a TOML file: {exc}", where=str(path)) from exc
    by_key = {s.key: s.variable for s in settings.values()}
    for key in content:
        if key not in by_key:
            raise ParameterError(
                f"there is no setting {key!r}", where=str(path), hint=f"Settings are {', '.join(by_key)}."
            )
    return {by_key[key]: str(value) for key, value in content.items()}


def store_location(values: SettingValues) -> str:
    """Path or URL of the twin."""
    return values.text(STORE)
