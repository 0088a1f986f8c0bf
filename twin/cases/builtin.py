"""The kinds of cases this program brings, and the code they name."""

from __future__ import annotations

from typing import Final

from twin.cases import field_report, plan_edit
from twin.cases.extension import Extensions
from twin.cases.kind import CaseKind

KINDS: Final[tuple[CaseKind, ...]] = (plan_edit.KIND, field_report.KIND)
"""Put into a store when first asked for; from then on an administrator's versions count."""

EXTENSIONS: Final = Extensions(
    checks={
        "plan_edit_body": plan_edit.check_body,
        "plan_edit_publishable": plan_edit.check_publishable,
        "field_report_body": field_report.check_body,
        "field_report_duplicate": field_report.check_duplicate,
        "field_report_photos": field_report.check_photos,
    },
    effects={"plan_edit_base": plan_edit.keep_base, "plan_edit_publish": plan_edit.publish},
    visible={plan_edit.NAME: plan_edit.visible},
    deciding=frozenset({"plan_edit_publish"}),
)
