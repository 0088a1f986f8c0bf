/** People, their accounts and roles; a role that decides needs a second administrator. */

import { useState } from "preact/hooks";
import { people, type NewPerson, type Person } from "../../api/people";
import type { Role } from "../../api/types";
import { formatDateTime, parseTime } from "../../format/time";
import type { MessageKey } from "../../i18n/messages";
import { t } from "../../state/preferences";
import { useReading, useSending } from "../../state/reading";
import { Copy } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { Check, TextInput } from "../../ui/Field";
import { Button, Note, ProblemNote, Tag } from "../../ui/Notes";
import { Empty, Failed, Loading } from "../../ui/States";
import { Table } from "../../ui/Table";

export const ROLES: Role[] = [
  "planner",
  "reviewer",
  "operator",
  "duty_officer",
  "integrator",
  "administrator",
];

interface Linked {
  name: string;
  link: string;
  expires: string;
}

export const roleWord = (role: Role): string => t(`role.${role}` as MessageKey);

export function People() {
  const reading = useReading((signal) => people.list(signal), []);
  const [linked, setLinked] = useState<Linked | null>(null);
  const [added, setAdded] = useState("");
  const [editing, setEditing] = useState<Person | null>(null);
  const found = reading.data?.people;
  return (
    <>
      {linked && <LinkNote linked={linked} />}
      {added && <Note tone="good">{t("people.added", { name: added })}</Note>}
      {!found ? (
        reading.problem ? (
          <Failed problem={reading.problem} retry={reading.reload} />
        ) : (
          <Loading rows={4} />
        )
      ) : found.length === 0 ? (
        <Empty title={t("people.none")}>
          <p>{t("people.none_hint")}</p>
        </Empty>
      ) : (
        <Table<Person>
          caption={t("admin.tab_people")}
          rows={found}
          keyOf={(person) => person.id}
          columns={[
            { key: "name", title: t("people.name"), show: (person) => <strong>{person.name}</strong> },
            { key: "accounts", title: t("people.accounts"), show: (person) => <Accounts person={person} /> },
            {
              key: "roles",
              title: t("people.roles"),
              show: (person) => <Roles person={person} done={reading.reload} />,
            },
            {
              key: "state",
              title: t("people.state"),
              show: (person) => (
                <Tag tone={person.active ? "good" : "plain"}>
                  {t(person.active ? "people.active" : "people.inactive")}
                </Tag>
              ),
            },
            {
              key: "act",
              title: t("people.act"),
              show: (person) => (
                <Acts
                  person={person}
                  done={reading.reload}
                  edit={() => setEditing(person)}
                  linked={(link, expires) => setLinked({ name: person.name, link, expires })}
                />
              ),
            },
          ]}
        />
      )}
      {editing && (
        <EditRoles
          person={editing}
          close={() => setEditing(null)}
          done={() => {
            setEditing(null);
            reading.reload();
          }}
        />
      )}
      <AddPerson
        done={(made) => {
          setAdded(made.name);
          if (made.link && made.expires)
            setLinked({ name: made.name, link: made.link, expires: made.expires });
          reading.reload();
        }}
      />
    </>
  );
}

function LinkNote({ linked }: { linked: Linked }) {
  const until = parseTime(linked.expires);
  return (
    <Note tone="look">
      <p>{t("people.link", { name: linked.name, time: until === null ? "" : formatDateTime(until) })}</p>
      <p>
        <code class="code">{linked.link}</code>
      </p>
      <p>
        <Copy text={linked.link} />
      </p>
    </Note>
  );
}

function Accounts({ person }: { person: Person }) {
  return (
    <ul class="plainlist">
      {person.accounts.map((one) => (
        <li key={one.account}>
          <span class="breaks">{one.account}</span>{" "}
          {one.locked && <Tag tone="fail">{t("people.locked")}</Tag>}{" "}
          <span class="quiet">{t(one.second_factor ? "people.factor" : "people.no_factor")}</span>
        </li>
      ))}
    </ul>
  );
}

function Roles({ person, done }: { person: Person; done: () => void }) {
  const sending = useSending();
  return (
    <>
      <ul class="plainlist">
        {person.roles.map((one) => (
          <li key={one.role}>
            {roleWord(one.role)}
            {one.state === "proposed" && (
              <>
                {" "}
                <Tag tone="look">{t("people.proposed")}</Tag>{" "}
                <Button
                  small
                  busy={sending.busy}
                  onClick={() =>
                    void sending.run(() => people.confirmRole(person.id, one.role)).then((ok) => ok && done())
                  }
                >
                  {t("people.confirm", { role: roleWord(one.role) })}
                </Button>
              </>
            )}
          </li>
        ))}
      </ul>
      <ProblemNote problem={sending.problem} />
    </>
  );
}

interface ActsProps {
  person: Person;
  done: () => void;
  edit: () => void;
  linked: (link: string, expires: string) => void;
}

function Acts({ person, done, edit, linked }: ActsProps) {
  const sending = useSending();
  return (
    <>
      <span class="acts">
        <Button small onClick={edit}>
          {t("people.edit_roles")}
        </Button>
        {person.accounts.length > 0 && (
          <Button
            small
            busy={sending.busy}
            onClick={() =>
              void sending
                .run(() => people.reset(person.id))
                .then((made) => {
                  if (!made) return;
                  linked(made.link, made.expires);
                  done();
                })
            }
          >
            {t("people.reset")}
          </Button>
        )}
        <Button
          small
          danger={person.active}
          busy={sending.busy}
          onClick={() =>
            void sending
              .run(() => people.change(person.id, { active: !person.active }))
              .then((ok) => ok && done())
          }
        >
          {t(person.active ? "people.stop" : "people.resume")}
        </Button>
      </span>
      <ProblemNote problem={sending.problem} />
    </>
  );
}

function EditRoles({ person, close, done }: { person: Person; close: () => void; done: () => void }) {
  const [roles, setRoles] = useState<Role[]>(person.roles.map((one) => one.role));
  const sending = useSending();
  return (
    <Dialog title={`${t("people.edit_roles")}: ${person.name}`} close={close}>
      <p class="muted">{t("people.add_lead")}</p>
      <RoleChecks roles={roles} set={setRoles} />
      <ProblemNote problem={sending.problem} />
      <div class="buttons">
        <Button
          main
          busy={sending.busy}
          onClick={() =>
            void sending.run(() => people.change(person.id, { roles })).then((ok) => ok && done())
          }
        >
          {t("form.save")}
        </Button>
        <Button onClick={close}>{t("form.cancel")}</Button>
      </div>
    </Dialog>
  );
}

function RoleChecks({ roles, set }: { roles: Role[]; set: (roles: Role[]) => void }) {
  return (
    <fieldset>
      <legend>{t("people.roles")}</legend>
      {ROLES.map((role) => (
        <Check
          key={role}
          label={roleWord(role)}
          value={roles.includes(role)}
          set={(on) => set(on ? [...roles, role] : roles.filter((one) => one !== role))}
        />
      ))}
    </fieldset>
  );
}

type Made = Person & { link?: string; expires?: string };

function AddPerson({ done }: { done: (made: Made) => void }) {
  const [name, setName] = useState("");
  const [account, setAccount] = useState("");
  const [roles, setRoles] = useState<Role[]>([]);
  const sending = useSending();
  const submit = async (): Promise<void> => {
    const body: NewPerson = { name: name.trim().normalize("NFC"), roles };
    if (account.trim()) body.account = account.trim();
    const made = await sending.run(() => people.add(body));
    if (!made) return;
    setName("");
    setAccount("");
    setRoles([]);
    done(made);
  };
  return (
    <section class="part">
      <h2>{t("people.add")}</h2>
      <p class="muted">{t("people.add_lead")}</p>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending.busy) void submit();
        }}
      >
        <TextInput label={t("people.name")} value={name} set={setName} required autocomplete="off" />
        <TextInput
          label={t("people.account")}
          hint={t("people.account_hint")}
          value={account}
          set={setAccount}
          autocomplete="off"
        />
        <RoleChecks roles={roles} set={setRoles} />
        <ProblemNote problem={sending.problem} />
        <div class="buttons">
          <Button busy={sending.busy}>{t("people.add")}</Button>
        </div>
      </form>
    </section>
  );
}
