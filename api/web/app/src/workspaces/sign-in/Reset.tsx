/** A first password, or a new one, by the link an administrator gave; the secret is behind the hash. */

import { useState } from "preact/hooks";
import { session as sessions } from "../../api/people";
import { Frame } from "../../shell/Frame";
import { t } from "../../state/preferences";
import { useSending } from "../../state/reading";
import { TextInput } from "../../ui/Field";
import { Link } from "../../ui/Link";
import { Button, Note, ProblemNote } from "../../ui/Notes";

export function Reset() {
  const [secret] = useState(() => location.hash.slice(1));
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [done, setDone] = useState(false);
  const sending = useSending();
  const differs = again !== "" && again !== fresh;
  return (
    <Frame title={t("account.reset")} roomy>
      <header class="pagehead">
        <h1>{t("account.reset")}</h1>
        <p>{t("account.reset_lead")}</p>
      </header>
      {done ? (
        <Note tone="good">
          <p>{t("account.reset_done")}</p>
          <p>
            <Link class="link" to="sign-in">
              {t("sign.in")}
            </Link>
          </p>
        </Note>
      ) : secret === "" ? (
        <Note tone="look">{t("account.reset_missing")}</Note>
      ) : (
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (differs || again === "" || sending.busy) return;
            void sending
              .run(async () => {
                await sessions.reset({ secret, new: fresh });
                return true;
              })
              .then((ok) => setDone(ok === true));
          }}
        >
          <TextInput
            label={t("account.new")}
            hint={t("account.new_hint")}
            type="password"
            value={fresh}
            set={setFresh}
            autocomplete="new-password"
            required
          />
          <TextInput
            label={t("account.again")}
            type="password"
            value={again}
            set={setAgain}
            autocomplete="new-password"
            required
            error={differs ? t("account.differs") : undefined}
          />
          <ProblemNote problem={sending.problem} />
          <div class="buttons">
            <Button main busy={sending.busy}>
              {t("account.reset")}
            </Button>
          </div>
        </form>
      )}
    </Frame>
  );
}
