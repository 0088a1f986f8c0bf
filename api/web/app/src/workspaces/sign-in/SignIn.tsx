/** Signing in: account, password, the second factor when it is asked for, or an organisation's own sign-in. */

import { useState } from "preact/hooks";
import { session as sessions } from "../../api/people";
import { ProblemError } from "../../api/http";
import { formatAge, formatClock } from "../../format/time";
import { Frame } from "../../shell/Frame";
import { go, returnPath, route } from "../../shell/router";
import { now } from "../../state/clock";
import { lang, t } from "../../state/preferences";
import { useSending } from "../../state/reading";
import { become, isOpen, session, signedIn } from "../../state/viewer";
import { TextInput } from "../../ui/Field";
import { Link } from "../../ui/Link";
import { Button, Note, ProblemNote } from "../../ui/Notes";

export function SignIn() {
  const known = session.data.value;
  return (
    <Frame title={t("sign.in")} roomy>
      <header class="pagehead">
        <h1>{t("sign.in")}</h1>
        <p>{t("sign.lead")}</p>
      </header>
      {isOpen.value ? (
        <Note>{t("sign.open")}</Note>
      ) : signedIn.value && known ? (
        <Note>
          <p>{t("sign.already", { name: known.viewer.name })}</p>
          <p>
            <Link class="link" to={returnPath(route.value.search)}>
              {t("nav.map")}
            </Link>
          </p>
        </Note>
      ) : (
        <>
          <SignInForm />
          <Organisations />
        </>
      )}
    </Frame>
  );
}

function SignInForm() {
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const [lockedUntil, setLockedUntil] = useState<number | null>(null);
  const sending = useSending();
  const locked = lockedUntil !== null && lockedUntil > now.value;

  const submit = async (): Promise<void> => {
    const typed = code.replace(/\s/g, "");
    const given = await sending.run(async () => {
      try {
        return await sessions.signIn({
          account: account.trim(),
          password,
          ...(typed ? { code: typed } : {}),
        });
      } catch (reason) {
        if (!(reason instanceof ProblemError)) throw reason;
        const { type, status, retry_after_s } = reason.problem;
        if (type.endsWith(":second-factor")) {
          setNeedsCode(true);
          if (!typed) return null;
        }
        if (status === 429) setLockedUntil(now.peek() + (retry_after_s ?? 60) * 1000);
        throw reason;
      }
    });
    if (!given) return;
    const next = returnPath(route.peek().search);
    become(given);
    go(given.must.length > 0 ? "account" : next, true);
  };

  const problem = sending.problem;
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!sending.busy && !locked) void submit();
      }}
    >
      <TextInput
        label={t("sign.account")}
        value={account}
        set={setAccount}
        autocomplete="username"
        required
        autoFocus
      />
      <TextInput
        label={t("sign.password")}
        type="password"
        value={password}
        set={setPassword}
        autocomplete="current-password"
        required
      />
      {needsCode && (
        <>
          <Note>{t("sign.need_code")}</Note>
          <TextInput
            label={t("sign.code")}
            hint={t("sign.code_hint")}
            value={code}
            set={setCode}
            autocomplete="one-time-code"
            required
            autoFocus
          />
        </>
      )}
      {locked ? (
        <div class="note note--fail" role="alert">
          <div>
            <p>
              <strong>{t("sign.locked")}</strong>
            </p>
            <p>
              {t("sign.locked_until", {
                time: formatClock(lockedUntil, true),
                span: formatAge(lockedUntil - now.value, lang.value),
              })}
            </p>
          </div>
        </div>
      ) : problem?.status === 401 ? (
        <div class="note note--fail" role="alert">
          <div>
            <p>
              <strong>{t("sign.wrong")}</strong>
            </p>
            <p>{t("sign.wrong_hint")}</p>
          </div>
        </div>
      ) : (
        problem?.status !== 429 && <ProblemNote problem={problem} />
      )}
      <div class="buttons">
        <Button main busy={sending.busy} blocked={locked ? t("sign.locked") : undefined}>
          {t("sign.in")}
        </Button>
      </div>
    </form>
  );
}

function Organisations() {
  const offered = session.data.value?.oidc ?? [];
  if (offered.length === 0) return null;
  const next = "/" + returnPath(route.value.search);
  return (
    <section class="part">
      <p class="quiet">{t("sign.or")}</p>
      <div class="buttons">
        {offered.map((one) => (
          <a class="btn" key={one.name} href={sessions.oidcStart(one.name, next)}>
            {t("sign.with", { name: one.title })}
          </a>
        ))}
      </div>
    </section>
  );
}
