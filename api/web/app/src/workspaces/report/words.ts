/** How a report is named. */

import type { ReportStatus } from "../../api/cases";
import { pick, t } from "../../state/preferences";

/** Its category, which is not told before an officer accepted the report. */
export function categoryWord({ category_title, category_title_en }: ReportStatus): string {
  if (category_title === null) return t("report.untold");
  return pick(category_title, category_title_en ?? undefined);
}
