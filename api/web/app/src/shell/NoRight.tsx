/** A page this role has no use for: in an open twin, the roles that have one are a press away. */

import type { Right } from "../api/people";
import type { Role } from "../api/types";
import type { MessageKey } from "../i18n/messages";
import { t } from "../state/preferences";
import { config, isOpen, session, viewAs } from "../state/viewer";
import { Button } from "../ui/Notes";
import { Empty } from "../ui/States";

/** Who has a right, as the server's table of rights says. */
const HOLDERS: Record<Right, readonly Role[]> = {
  write: ["integrator", "administrator"],
  simulate: ["planner", "operator", "integrator", "administrator"],
  work: ["operator", "duty_officer", "integrator", "administrator"],
  cases: ["planner", "reviewer", "operator", "duty_officer"],
  documents: ["planner", "reviewer", "operator", "duty_officer"],
  law: ["planner", "reviewer"],
  administer: ["administrator"],
  audit: ["administrator"],
};

export function NoRight({ title, needs }: { title: string; needs: readonly Right[] }) {
  if (!session.data.value) return null;
  const roles = (config.data.value?.roles ?? []).filter((role) =>
    needs.some((right) => HOLDERS[right].includes(role)),
  );
  return (
    <>
      <header class="pagehead">
        <h1>{title}</h1>
      </header>
      <Empty title={t("page.no_right")}>
        {isOpen.value && roles.length > 0 ? (
          <>
            <p>{t("page.no_right_roles")}</p>
            <div class="buttons">
              {roles.map((role) => (
                <Button key={role} onClick={() => viewAs(role)}>
                  {t(`role.${role}` as MessageKey)}
                </Button>
              ))}
            </div>
          </>
        ) : (
          <p>{t("page.no_right_hint")}</p>
        )}
      </Empty>
    </>
  );
}
