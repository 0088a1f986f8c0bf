from __future__ import annotations

import socket
from xml.etree import ElementTree as ET

import pytest

from tests.conformance.run import SUITES, count, dead_end, main, select, tiles_parameters

REPORT = """
<testng-results>
  <test-method status="PASS" name="setUp" is-config="true"/>
  <test-method status="PASS" name="reads"/>
  <test-method status="PASS" name="writes"/>
  <test-method status="SKIP" name="transforms"/>
  <test-method status="FAIL" name="links"><exception><message> no
     next </message></exception></test-method>
  <test-method status="FAIL" name="links"><exception><message>no next</message></exception></test-method>
  <test-method status="FAIL" name="tidy" is-config="true"/>
</testng-results>
"""
CONTROLS = """
<suite name="s"><parameter name="iut" value=""/><parameter name="ics" value=""/>
  <test name="Level 1"/><test name="Level 2"/></suite>
"""


def test_a_report_is_counted_and_a_set_up_step_that_failed_is_a_failure() -> None:
    counts = count(ET.fromstring(REPORT))
    assert (counts.passed, counts.failed, counts.skipped) == (2, 3, 1)
    assert dict(counts.reasons) == {"links: no next": 2, "tidy: no reason given": 1}


def test_an_excused_step_is_not_counted_but_a_test_of_that_name_is() -> None:
    assert count(ET.fromstring(REPORT), excused=["tidy"]).failed == 2
    assert count(ET.fromstring(REPORT), excused=["links"]).failed == 3


def test_parameters_replace_the_suites_own_and_only_the_named_groups_stay() -> None:
    made = ET.fromstring(select(ET.fromstring(CONTROLS), ["Level 2"], {"iut": "http://127.0.0.1:1/ogc"}))
    assert [group.get("name") for group in made.iter("test")] == ["Level 2"]
    assert [(p.get("name"), p.get("value")) for p in made.iter("parameter")] == [("iut", "http://127.0.0.1:1/ogc")]
    everything = ET.fromstring(select(ET.fromstring(CONTROLS), [], {}))
    assert len(list(everything.iter("test"))) == 2


def test_a_group_that_the_suite_does_not_have_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="Level 9"):
        select(ET.fromstring(CONTROLS), ["Level 9"], {})


def test_the_tiles_asked_for_lie_within_the_wards() -> None:
    """By hand: 106.80 to 107.04° E is column 1631.6 to 1632.9, 11.6 to 11.4° N row 957.6 to 958.7 of 2048."""
    asked = tiles_parameters("http://127.0.0.1:1")
    assert (asked["mintilecol"], asked["maxtilecol"]) == ("1631", "1632")
    assert (asked["mintilerow"], asked["maxtilerow"]) == ("957", "958")


def test_nobody_answers_at_the_dead_end() -> None:
    with dead_end() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_an_unknown_suite_is_a_wrong_call() -> None:
    assert main(["wfs"]) == 2


def test_without_java_the_suites_are_skipped_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(list(SUITES)) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "conformance skipped: java and mvn not installed\n"
