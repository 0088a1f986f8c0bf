"""What holds for every simulation component. Add a component and it is tested."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import twin.simulation
from twin.errors import ParameterError
from twin.simulation.component import Component, Direction, FieldSpec, check_field


def components() -> list[type[Component]]:
    found: set[type[Component]] = set()
    for module in pkgutil.walk_packages(twin.simulation.__path__, "twin.simulation."):
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(member, Component) and not inspect.isabstract(member):
                found.add(member)
    return sorted(found, key=lambda c: c.name)


def test_there_are_components() -> None:
    assert "flood_local_inertial" in {c.name for c in components()}


@pytest.mark.parametrize("component", components(), ids=lambda c: c.name)
def test_a_component_says_what_each_field_is(component: type[Component]) -> None:
    assert component.version
    assert len({spec.name for spec in component.fields}) == len(component.fields)
    for spec in component.fields:
        assert "__" in spec.name, "object and quantity"
        assert spec.unit
        assert spec.shape
        assert spec.meaning.endswith(".")


@pytest.mark.parametrize("component", components(), ids=lambda c: c.name)
def test_a_component_imports_no_store_file_or_server(component: type[Component]) -> None:
    source = inspect.getsource(inspect.getmodule(component))  # type: ignore[arg-type]
    for forbidden in ("twin.store", "twin.files", "twin.core", "rasterio", "datetime", "pathlib"):
        assert f"import {forbidden}" not in source
        assert f"from {forbidden}" not in source


DEPTH = FieldSpec("water__depth", "m", ("row", "column"), Direction.INPUT, "Depth.", 0.0, 10.0)


def test_a_number_fills_the_whole_field() -> None:
    assert check_field(DEPTH, 2.0, (2, 3)).tolist() == [[2.0] * 3] * 2


def test_a_checked_field_is_a_copy() -> None:
    given = np.zeros((2, 3))
    check_field(DEPTH, given, (2, 3))[0, 0] = 5
    assert given[0, 0] == 0


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "is missing"),
        (np.zeros((3, 2)), "has shape"),
        (np.full((2, 3), np.nan), "missing or infinite"),
        (np.full((2, 3), np.inf), "missing or infinite"),
        (np.full((2, 3), -0.1), "allowed is 0 to 10"),
        (11.0, "allowed is 0 to 10"),
        ("deep", "not an array of numbers"),
    ],
)
def test_a_field_that_does_not_fit_is_refused(value: object, reason: str) -> None:
    with pytest.raises(ParameterError, match=reason):
        check_field(DEPTH, value, (2, 3))  # type: ignore[arg-type]
