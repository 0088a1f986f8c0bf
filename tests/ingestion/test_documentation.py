from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.kinds import KINDS
from ingestion.routes import FILTERS, matches

TEXT = (Path(__file__).parents[2] / "docs" / "ingestion.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*KINDS, *FILTERS])
def test_every_kind_and_topic_is_described(name: str) -> None:
    assert f"`{name}`" in TEXT


@pytest.mark.parametrize(
    ("topic_filter", "topic", "matching"),
    [
        ("v1.1/+/Observations", "v1.1/Datastreams(5)/Observations", True),
        ("v1.1/+/Observations", "v1.1/Observations", False),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("+/b", "a/b", True),
        ("#", "$SYS/broker", False),
        ("+/broker", "$SYS/broker", False),
        ("$SYS/#", "$SYS/broker", True),
        ("a/+/c", "a//c", True),
    ],
)
def test_filters_match_as_mqtt_defines_it(topic_filter: str, topic: str, matching: bool) -> None:
    # MQTT 5.0, section 4.7, with its own examples
    assert matches(topic_filter, topic) is matching
