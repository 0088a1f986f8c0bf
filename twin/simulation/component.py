"""What every simulation component is: declared fields, a checked constructor, one call for one step.

A component takes arrays and gives arrays. It knows nothing of stores, files, wall clocks or HTTP; chance comes
in as a seed. Each field says its name, unit, shape, direction and meaning, so that a scenario can be checked,
hashed and documented without reading the component.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from twin.errors import ParameterError

FloatArray: TypeAlias = npt.NDArray[np.float64]
Inputs: TypeAlias = Mapping[str, npt.ArrayLike]


class Direction(StrEnum):
    """Which way a field goes."""

    INPUT = "input"
    """Given once, to the constructor."""
    FORCING = "forcing"
    """Given with every step."""
    STATE = "state"
    """Given to the constructor as initial state, changed by every step, readable at any time."""
    OUTPUT = "output"
    """Computed; readable at any time."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One declared field.

    Parameters
    ----------
    name
        Object and quantity, ``surface_water__depth``.
    unit
        Unit of the values, ``m``; ``-`` where they have none.
    shape
        Names of the dimensions; a dimension has one size in all fields of a component. A single number is
        accepted for a whole array.
    minimum, maximum
        Closed range of the values; outside it the component refuses.
    default
        Value where the field is not given; ``None``: it must be given.
    nan_means
        What a missing value stands for; ``""``: missing values are refused.
    """

    name: str
    unit: str
    shape: tuple[str, ...]
    direction: Direction
    meaning: str
    minimum: float = -np.inf
    maximum: float = np.inf
    default: float | None = None
    nan_means: str = ""


class Component(ABC):
    """A model that is advanced step by step.

    A subclass names itself, its version (raised whenever results change) and its fields.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    fields: ClassVar[tuple[FieldSpec, ...]]

    @abstractmethod
    def advance(self, dt_s: float, forcing: Inputs | None = None) -> None:
        """Advance by one step of ``dt_s`` seconds under the given forcing fields."""

    @abstractmethod
    def read(self, name: str) -> FloatArray:
        """A copy of a state or output field."""

    @classmethod
    def fields_of(cls, *directions: Direction) -> tuple[FieldSpec, ...]:
        """The declared fields of these directions, in order."""
        return tuple(spec for spec in cls.fields if spec.direction in directions)

    @classmethod
    def checked(cls, given: Inputs, sizes: Mapping[str, int], *directions: Direction) -> dict[str, FloatArray]:
        """Return every declared field of these directions as a new float64 array of its full shape.

        Raises
        ------
        ParameterError
            For an unknown or missing field, a wrong shape, a missing or infinite value, one outside its range.
        """
        specs = cls.fields_of(*directions)
        unknown = sorted(set(given) - {spec.name for spec in specs})
        if unknown:
            raise ParameterError(
                f"{', '.join(unknown)} is no field of {cls.name}",
                hint=f"Its fields are {', '.join(spec.name for spec in specs)}.",
            )
        return {
            spec.name: check_field(spec, given.get(spec.name, spec.default), tuple(sizes[d] for d in spec.shape))
            for spec in specs
        }


def check_field(spec: FieldSpec, value: npt.ArrayLike | None, shape: tuple[int, ...]) -> FloatArray:
    """Return ``value`` as a new float64 array of ``shape``; ParameterError if it does not fit ``spec``."""
    if value is None:
        raise ParameterError(f"field {spec.name} [{spec.unit}] is missing", hint=spec.meaning)
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise ParameterError(f"field {spec.name} [{spec.unit}] is not an array of numbers") from exc
    if array.ndim == 0:
        array = np.full(shape, array)
    if array.shape != shape:
        raise ParameterError(f"field {spec.name} has shape {array.shape}, expected {shape} {spec.shape}")
    present = array if not spec.nan_means else array[~np.isnan(array)]
    if not np.isfinite(present).all():
        raise ParameterError(f"field {spec.name} [{spec.unit}] holds missing or infinite values")
    if present.size and (present.min() < spec.minimum or present.max() > spec.maximum):
        raise ParameterError(
            f"field {spec.name} runs from {present.min():g} to {present.max():g} {spec.unit}, "
            f"allowed is {spec.minimum:g} to {spec.maximum:g}"
        )
    return array
