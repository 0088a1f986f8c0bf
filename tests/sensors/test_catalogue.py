from __future__ import annotations

import math
import re

import pytest

from sensors.catalogue import QUANTITIES, Quantity, quantity
from sensors.units import convert
from twin.errors import NotFoundError, ParameterError
from twin.model.thing import ResultType
from twin.types import Quality


@pytest.mark.parametrize("entry", QUANTITIES.values(), ids=list(QUANTITIES))
def test_every_quantity_is_complete(entry: Quantity) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", entry.key)
    assert entry.title
    assert entry.title_en
    if entry.result_type is ResultType.NUMBER:
        assert entry.minimum is not None
        assert entry.maximum is not None
        assert entry.minimum < entry.maximum
        assert entry.unit.definition.startswith("http://unitsofmeasure.org/ucum.html#")
    spec = entry.datastream()
    assert spec.key == spec.observed_property.name == entry.key
    assert spec.max_age_s == entry.max_age_s


def test_the_gross_range_says_which_side_and_which_limit() -> None:
    pm25 = quantity("pm25")
    assert pm25.assess(0) == (Quality.GOOD, "")
    assert pm25.assess(2000) == (Quality.GOOD, "")
    assert pm25.assess(-4.0) == (Quality.REJECTED, "range: -4 µg/m³ is below 0")
    assert pm25.assess(2000.1)[0] is Quality.REJECTED
    assert pm25.assess(math.inf)[0] is Quality.REJECTED


def test_a_word_has_no_range() -> None:
    assert quantity("lamp_state").assess("on") == (Quality.UNCHECKED, "")


def test_an_unknown_quantity_is_an_error() -> None:
    with pytest.raises(NotFoundError, match="humidity_index"):
        quantity("humidity_index")


def test_units_are_converted_both_ways_exactly() -> None:
    assert convert(4232, "mm", "m") == 4.232
    assert convert(4.232, "m", "mm") == 4232
    assert convert(96800, "Pa", "hPa") == 968
    with pytest.raises(ParameterError, match="no conversion"):
        convert(1, "mm", "hPa")
