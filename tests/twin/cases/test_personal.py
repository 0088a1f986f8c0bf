"""Personal fields: sealed, read by who works on the case, audited, gone when forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from case_support import ADMIN, BODY, PLANNER, Calendar, plain_kind

from twin.access import audit
from twin.cases.engine import CaseFilter, Cases
from twin.cases.kind import FormField
from twin.cases.personal import VaultData
from twin.core import create, open_twin
from twin.errors import ForbiddenError, InternalError

PHONE = "0912 345 678"
KIND = replace(
    plain_kind(),
    form=(*plain_kind().form, FormField("phone", "text", personal=True, retention="report_contact")),
)


def test_a_personal_value_is_sealed_read_under_audit_and_forgotten(tmp_path: Path) -> None:
    create(tmp_path / "city.duckdb")
    with open_twin(tmp_path / "city.duckdb") as t:
        cases = Cases(t.store, calendar=Calendar(), kinds=(KIND,), personal=VaultData(t.vault))
        case = cases.open(PLANNER, "errand", {**BODY, "phone": PHONE})
        reference = case.body["phone"]
        assert isinstance(reference, dict)
        kept = [
            *t.store.entries(f"case:{case.id}"),
            *t.store.entries("audit"),
            *t.store.record_history("case", case.id),
        ]
        assert not any(PHONE in str(one) for one in kept)
        assert cases.find(PLANNER, CaseFilter(text="345"))[1] == 0
        assert cases.personal(PLANNER, case.id, "phone") == PHONE
        assert audit.search(t.store, action="case.personal")[0].actor == PLANNER.person
        with pytest.raises(ForbiddenError):
            cases.personal(ADMIN, case.id, "phone")
        # The case claims the value in the commit that opened it, so that nobody collects it.
        assert t.store.records("file_use", where={"by": f"case:{case.id}"})[0].body["digest"] == reference["personal"]
        t.forget(f"case:{case.id}", reason="người dân yêu cầu")
        assert cases.personal(PLANNER, case.id, "phone") is None
        assert cases.get(PLANNER, case.id).state == "new"


def test_without_a_place_to_seal_it_nothing_personal_is_taken(cases: Cases) -> None:
    there = Cases(cases.store, calendar=Calendar(), kinds=(KIND,))
    with pytest.raises(InternalError, match="nothing keeps personal data"):
        there.open(PLANNER, "errand", {**BODY, "phone": PHONE})
    assert there.find(PLANNER)[1] == 0


def test_a_wrong_personal_value_is_not_repeated_in_the_refusal(cases: Cases) -> None:
    from twin.errors import ParameterError

    kind = replace(
        KIND, form=(FormField("phone", "number", personal=True, retention="report_contact"),), title_field=""
    )
    kind = replace(kind, transitions=tuple(replace(t, edits=()) for t in kind.transitions))
    there = Cases(cases.store, calendar=Calendar(), kinds=(kind,))
    with pytest.raises(ParameterError) as caught:
        there.open(PLANNER, "errand", {"phone": PHONE})
    assert PHONE not in str(caught.value)
