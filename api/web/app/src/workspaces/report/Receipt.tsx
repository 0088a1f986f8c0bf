/** What a citizen takes away: the code, the secret, and whether somebody reported it before. */

import type { ReportReceipt } from "../../api/cases";
import { t } from "../../state/preferences";
import { Copy } from "../../ui/Copy";
import { Link } from "../../ui/Link";
import { Button, Note } from "../../ui/Notes";

export function Receipt({ receipt, another }: { receipt: ReportReceipt; another: () => void }) {
  return (
    <section class="receipt" role="status">
      <h2>{t("report.sent")}</h2>
      {receipt.duplicate_of && (
        <Note tone="look">
          <p>{t("report.duplicate", { code: receipt.duplicate_of })}</p>
          <p>
            <Link class="link" to={`report/${encodeURIComponent(receipt.duplicate_of)}`}>
              {receipt.duplicate_of}
            </Link>
          </p>
        </Note>
      )}
      <p>{t("report.sent_code")}</p>
      <p class="receipt__code num">{receipt.code}</p>
      <p>{t("report.sent_secret")}</p>
      <p class="receipt__secret num">{receipt.secret}</p>
      <p class="muted">{t("report.sent_hint")}</p>
      <Copy text={`${receipt.code} ${receipt.secret}`} />
      <div class="buttons">
        <Link class="btn btn--main" to={`report/${encodeURIComponent(receipt.code)}`}>
          {t("report.sent_follow")}
        </Link>
        <Button onClick={another}>{t("report.another")}</Button>
      </div>
    </section>
  );
}
