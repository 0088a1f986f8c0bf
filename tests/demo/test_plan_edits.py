"""The plan edits of the demonstration city: one in each state, one with a problem to be seen."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from api.demo import catalogue, planning
from api.demo.build import Content, write
from api.demo.plan_edits import LAYER, PLANNER, REVIEWER, STORIES, put_plan_edits
from twin.cases.engine import CaseFilter
from twin.cases.plan_preview import preview
from twin.core import create, open_twin
from twin.model.view import View

BIRTH = datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_the_citys_plan_edits_show_each_state_and_a_problem(tmp_path: Path) -> None:
    create(tmp_path / "city.duckdb")
    with open_twin(tmp_path / "city.duckdb") as t:
        for layer in catalogue.layers():
            if layer.name == LAYER:
                t.store.put_layer(layer)
        write(t, Content(LAYER, "Hồ sơ quy hoạch (tổng hợp)", planning.zone_features))
        assert put_plan_edits(t, BIRTH) == len(STORIES)
        found, total = t.cases.find(REVIEWER, CaseFilter(kind="plan_edit"))
        assert total == len(STORIES)
        assert sorted(c.state for c in found) == ["proposed", "proposed", "published", "rejected", "returned"]
        problems = {
            c.body["changes"][0]["fid"]: preview(t.store, REVIEWER, c.body).problems
            for c in found
            if c.state == "proposed"
        }  # type: ignore[index,call-overload]
        assert problems["CT-c3r2-1:L-0104a"] == ()
        assert {p.code for p in problems["CT-c3r2-1:L-0105a"]} == {"overlap"}
        (zone,) = t.store.features(View(PLANNER), LAYER, fids=["CT-c3r2-2:L-0208a"])
        assert zone.properties["setback_m"] == 4.0
        source = t.store.source(View(PLANNER), zone.source)
        assert (source.kind, source.decision) == ("user", "118/QĐ-UBND (tổng hợp)")
        waiting = next(c for c in found if not problems.get(str(c.body["changes"][0]["fid"]), True))  # type: ignore[index,call-overload]
        assert "approve" in t.cases.actions(REVIEWER, waiting)
        assert "approve" not in t.cases.actions(PLANNER, waiting)
