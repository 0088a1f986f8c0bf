"""Reading OData: what is written comes back, what cannot be read is refused with its place."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from expressions import expressions, written
from hypothesis import given, settings
from hypothesis import strategies as st

from api.sta.errors import NotOfferedError
from api.sta.odata import parse_filter, parse_orderby
from api.sta.options import LARGEST_PAGE, read_options
from api.sta.paths import parse_path
from twin.errors import InputError, NotFoundError, ParameterError
from twin.model.entity import KINDS
from twin.model.query import And, Call, Compare, In, Not, Or, Path, Value

NAMES = [("name",), ("properties", "chiều_cao"), ("Datastream", "Thing", "nullable"), ("anything", "andes"), ("_x",)]
PATHS = dict.fromkeys(("number", "text", "time", "boolean", "shape"), NAMES)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
A, B, C = (Compare("eq", Path((name,)), Value(1)) for name in "abc")


@settings(max_examples=200, deadline=None)
@given(expressions(PATHS))
def test_every_expression_comes_back_as_it_was_written(expression: object) -> None:
    assert parse_filter(written(expression)) == expression


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="ab'()/,-+ 0123456789TZ:.@$eqandornt", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (parse_filter, parse_orderby, lambda t: read_options(KINDS["Things"], [("$expand", t)])):
        with contextlib.suppress(InputError, NotOfferedError):
            read(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="Things(1)/Datreamvu$f-", max_size=30))
def test_any_path_leads_somewhere_or_nowhere(text: str) -> None:
    with contextlib.suppress(NotFoundError):
        assert parse_path(text).entities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a eq 1 or b eq 1 and c eq 1", Or((A, And((B, C))))),
        ("(a eq 1 or b eq 1) and c eq 1", And((Or((A, B)), C))),
        ("not a eq 1 and b eq 1", And((Not(A), B))),
        ("active", Compare("eq", Path(("active",)), Value(value=True))),
        ("nullable eq null", Compare("eq", Path(("nullable",)), Value(None))),
        ("anything in ('x','y')", In(Path(("anything",)), ("x", "y"))),
        ("name eq 'Lê ''Duẩn'''", Compare("eq", Path(("name",)), Value("Lê 'Duẩn'"))),
        ("properties/chiều_cao gt -4.5e1", Compare("gt", Path(("properties", "chiều_cao")), Value(-45.0))),
        ("Datastreams/@iot.id eq 1", Compare("eq", Path(("Datastreams", "id")), Value(1))),
        ("time ge 2026-01-01T07:00:00.000+07:00", Compare("ge", Path(("time",)), Value(NEW_YEAR))),
        ("time ge 2026-01-01T07:00:00 07:00", Compare("ge", Path(("time",)), Value(NEW_YEAR))),
        (
            "during(time,2026-01-01T00:00:00Z/2026-01-01T00:00:00Z)",
            Call("during", (Path(("time",)), Call("interval", (Value(NEW_YEAR), Value(NEW_YEAR))))),
        ),
        (
            "1 add 2 mul 3 eq 7",
            Compare("eq", Call("add", (Value(1), Call("mul", (Value(2), Value(3))))), Value(7)),
        ),
        ("2 sub -1 eq 3", Compare("eq", Call("sub", (Value(2), Value(-1))), Value(3))),
        (
            "now() sub duration'-P1DT2H3M4.5S' gt time",
            Compare("gt", Call("sub", (Call("now", ()), Call("duration", (Value(-93784.5),)))), Path(("time",))),
        ),
    ],
)
def test_precedence_and_literals_are_those_of_the_standard(text: str, expected: object) -> None:
    assert parse_filter(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a property, a literal or a function is missing"),
        ("a eq", "the end cannot be read"),
        ("a eq 1 b", "'b' at character 8"),
        ("a eq 'x", "'\\'x' at character 6|\"'x\" at character 6"),
        ("1", "a condition is missing"),
        ("(a eq 1) eq true", "cannot itself be compared"),
        ("length(a,b) eq 1", "takes 1 arguments, not 2"),
        ("drop(a)", "there is no function 'drop'"),
        ("a in ()", "is missing"),
        ("a eq duration'P'", "duration 'P' cannot be read"),
        ("a eq 2026-02-30", "'2026-02-30' is no date"),
        ("a eq 25:00", "'25:00' is no clock"),
        ("a eq geography'CIRCLE(1 2)'", "no well-known text"),
        ("a eq 2026-01-02T00:00:00Z/2026-01-01T00:00:00Z", "ends before it starts"),
        ("a eq 1e999", "too large"),
        ("(" * 100 + "a", "nested deeper"),
        ("not " * 100 + "a", "nested deeper"),
        ("-" * 100 + "a eq 1", "nested deeper"),
        ("a eq " + "1 add " * 100 + "1", "operators in a row"),
        ("a eq '" + "x" * 20_000 + "'", "20007 characters"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says) as caught:
        parse_filter(text)
    assert caught.value.where == "$filter"


def test_expansions_nest_with_their_own_options() -> None:
    text = (
        "Datastreams($filter=name eq 'a;b)' ;$expand=Observations($top=1),Sensor;$top=5),Locations/HistoricalLocations"
    )
    options = read_options(KINDS["Things"], [("$expand", text), ("$top", "99999"), ("at", "x")])
    assert options.top == LARGEST_PAGE
    streams = options.expand["Datastreams"]
    assert streams.filter == Compare("eq", Path(("name",)), Value("a;b)"))
    assert (streams.top, streams.expand["Observations"].top) == (5, 1)
    assert list(streams.expand) == ["Observations", "Sensor"]
    assert list(options.expand["Locations"].expand) == ["HistoricalLocations"]
