/** Tokens of programs and devices; a secret is shown once. */

import { useState } from "preact/hooks";
import { isoTime } from "../../api/client";
import { tokens, type NewToken, type Token } from "../../api/people";
import type { Role } from "../../api/types";
import { parseDateTime } from "../../format/time";
import { t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { Copy } from "../../ui/Copy";
import { Select, TextInput } from "../../ui/Field";
import { Button, Note, ProblemNote, Tag } from "../../ui/Notes";
import { Empty, Failed, Loading } from "../../ui/States";
import { When } from "../../ui/Steps";
import { Table } from "../../ui/Table";
import { ROLES, roleWord } from "./People";

interface Shown {
  title: string;
  secret: string;
}

export function Tokens() {
  const reading = useReading((signal) => tokens.list(signal), []);
  const [shown, setShown] = useState<Shown | null>(null);
  const sending = useSending();
  const found = reading.data?.tokens;
  return (
    <>
      <p class="muted">{t("tokens.lead")}</p>
      {shown && (
        <Note tone="look">
          <p>{t("tokens.secret", { title: shown.title })}</p>
          <p>
            <code class="code">{shown.secret}</code>
          </p>
          <p>
            <Copy text={shown.secret} key={shown.secret} />
          </p>
        </Note>
      )}
      <ProblemNote problem={sending.problem} />
      {!found ? (
        reading.problem ? (
          <Failed problem={reading.problem} retry={reading.reload} />
        ) : (
          <Loading rows={3} />
        )
      ) : found.length === 0 ? (
        <Empty title={t("tokens.none")} />
      ) : (
        <Table<Token>
          caption={t("admin.tab_tokens")}
          rows={found}
          keyOf={(token) => token.id}
          columns={[
            { key: "title", title: t("tokens.title"), show: (token) => token.title },
            { key: "kind", title: t("tokens.kind"), show: (token) => t(`tokens.${token.kind}`) },
            { key: "role", title: t("tokens.role"), show: (token) => roleWord(token.role) },
            {
              key: "scope",
              title: t("tokens.scope"),
              show: (token) => scopeWords(token),
            },
            { key: "expires", title: t("tokens.expires"), show: (token) => <When time={token.expires} /> },
            {
              key: "used",
              title: t("tokens.used"),
              show: (token) =>
                token.last_used ? (
                  <When time={token.last_used} />
                ) : (
                  <span class="quiet">{t("tokens.never")}</span>
                ),
            },
            {
              key: "act",
              title: t("people.act"),
              show: (token) =>
                token.revoked ? (
                  <Tag>{t("tokens.revoked")}</Tag>
                ) : (
                  <span class="acts">
                    <Button
                      small
                      busy={sending.busy}
                      onClick={() =>
                        void sending
                          .run(() => tokens.rotate(token.id))
                          .then((made) => {
                            if (!made) return;
                            setShown({ title: made.title, secret: made.secret });
                            reading.reload();
                          })
                      }
                    >
                      {t("tokens.rotate")}
                    </Button>
                    <Button
                      small
                      danger
                      busy={sending.busy}
                      onClick={() => void sending.run(() => tokens.revoke(token.id)).then(reading.reload)}
                    >
                      {t("tokens.revoke")}
                    </Button>
                  </span>
                ),
            },
          ]}
        />
      )}
      <AddToken
        done={(made) => {
          setShown({ title: made.title, secret: made.secret });
          reading.reload();
        }}
      />
    </>
  );
}

function AddToken({ done }: { done: (made: Token & { secret: string }) => void }) {
  const [title, setTitle] = useState("");
  const [kind, setKind] = useState<"api" | "device">("api");
  const [role, setRole] = useState<Role>("integrator");
  const [layers, setLayers] = useState("");
  const [expires, setExpires] = useState("");
  const [wrong, setWrong] = useState(false);
  const sending = useSending();
  const submit = async (): Promise<void> => {
    const end = expires.trim() === "" ? null : parseDateTime(expires);
    setWrong(expires.trim() !== "" && end === null);
    if (expires.trim() !== "" && end === null) return;
    const named = layers
      .split(",")
      .map((one) => one.trim())
      .filter(Boolean);
    const body: NewToken = { title: title.trim(), kind, role, expires: end === null ? null : isoTime(end) };
    if (named.length > 0) body.scope = { layers: named };
    const made = await sending.run(() => tokens.add(body));
    if (!made) return;
    setTitle("");
    setLayers("");
    setExpires("");
    done(made);
  };
  return (
    <section class="part">
      <h2>{t("tokens.add")}</h2>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending.busy) void submit();
        }}
      >
        <TextInput label={t("tokens.title")} value={title} set={setTitle} required />
        <Select
          label={t("tokens.kind")}
          value={kind}
          set={(value) => setKind(value === "device" ? "device" : "api")}
          options={[
            { value: "api", title: t("tokens.api") },
            { value: "device", title: t("tokens.device") },
          ]}
        />
        {kind === "api" && (
          <Select
            label={t("tokens.role")}
            value={role}
            set={(value) => setRole(value as Role)}
            options={ROLES.map((one) => ({ value: one, title: roleWord(one) }))}
          />
        )}
        <TextInput label={t("tokens.layers")} hint={t("tokens.layers_hint")} value={layers} set={setLayers} />
        <TextInput
          label={t("tokens.expires")}
          hint={t("tokens.expires_hint")}
          value={expires}
          set={setExpires}
          error={wrong ? t("form.date") : undefined}
        />
        <ProblemNote problem={sending.problem} />
        <div class="buttons">
          <Button busy={sending.busy}>{t("tokens.add")}</Button>
        </div>
      </form>
    </section>
  );
}

function scopeWords(token: Token): string {
  const layers = token.scope?.layers ?? [];
  return layers.length > 0 ? layers.join(", ") : t("tokens.everything");
}
