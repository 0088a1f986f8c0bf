"""``twin person`` and ``twin token``. Passwords are asked for, or given by reference; never on the command line."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from api.commands.common import Json, Store, local_time, opened, print_json, say, say_table, settings_of
from twin.access.accounts import Account, account_name
from twin.access.desk import Desk, desk_of
from twin.access.passwords import check_rules
from twin.access.people import GrantState, Person, new_id
from twin.access.tokens import Scope, Token, TokenKind
from twin.core import Twin
from twin.errors import NotFoundError, ParameterError
from twin.keys import read_secret
from twin.model.view import Right, Role, View

person_app = typer.Typer(help="People, their roles and accounts.", no_args_is_help=True)
token_app = typer.Typer(help="API tokens and device keys.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="Id of the person, or the name of an account.")]
Password = Annotated[
    str | None,
    typer.Option(help="Where the password is: env:NAME or file:/path. Else it is asked for, or a link is made."),
]


@person_app.command("add", epilog="Example: twin person add 'Nguyễn Văn An' --role administrator --account an.nguyen")
def add(
    name: Annotated[str, typer.Argument(help="What the person is called.")],
    role: Annotated[list[Role] | None, typer.Option(help="A role; may be given several times.")] = None,
    account: Annotated[str | None, typer.Option(help="Name to sign in with.")] = None,
    identity: Annotated[
        list[str] | None, typer.Option(help="Staff number, e-mail: kept as a keyed digest, one person each.")
    ] = None,
    password: Password = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Register a person. The machine's user makes the first two administrators."""
    with opened(store) as t:
        desk = desk_of(t.store, t.keys)
        chosen = _new_password(password, account) if account is not None else None
        person = new_id()
        also = [] if account is None else desk.accounts.adding(t.viewer, Account(account_name(account), person))
        made = desk.people.add(
            t.viewer, name=name, roles=role or [], identities=identity or [], also=also, person=person
        )
        secret = _first_password(t, desk, account_name(account), chosen) if account is not None else None
        body = _person(desk, made)
    link = _link(store, secret) if secret else None
    if as_json:
        print_json({**body, **({"link": link} if link else {})})
        return
    _say_person(body)
    if link:
        say(f"Đặt mật khẩu (một lần, trong 24 giờ): {link}")


@person_app.command("list", epilog="Example: twin person list --json")
def list_(store: Store = None, as_json: Json = False) -> None:
    """List everybody with accounts and roles."""
    with opened(store) as t:
        desk = desk_of(t.store, t.keys)
        found = [_person(desk, p) for p in desk.people.all()]
    if as_json:
        print_json({"people": found})
        return
    rows = [
        (
            p["id"],
            p["name"],
            ", ".join(a["account"] for a in p["accounts"]),
            ", ".join(r["role"] + ("" if r["state"] == "active" else " (chờ xác nhận)") for r in p["roles"]),
            "" if p["active"] else "đã khóa",
        )
        for p in found
    ]
    say_table(["Mã", "Tên", "Tài khoản", "Vai trò", ""], rows)


@person_app.command("role", epilog="Example: twin person role an.nguyen planner")
def role(
    who: Who,
    role: Annotated[Role, typer.Argument(help="The role.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the role away.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Give a person a role, or take it away. Roles that decide wait for an administrator's confirmation."""
    with opened(store) as t:
        desk = desk_of(t.store, t.keys)
        known = _found(desk, who)
        change = desk.people.withdraw if withdraw else desk.people.grant
        body = _person(desk, change(t.viewer, known.id, role))
    _show(body, as_json=as_json)


@person_app.command("reset", epilog="Example: twin person reset an.nguyen")
def reset(
    who: Annotated[str, typer.Argument(help="The account.")],
    password: Password = None,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Take the second factor away too (a lost device).")
    ] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Give an account a new password, or make a link by which the person chooses one; sessions end."""
    with opened(store) as t:
        desk = desk_of(t.store, t.keys)
        known = desk.accounts.get(who)
        chosen = _new_password(password, known.name)
        if second_factor:
            desk.accounts.remove_second_factor(t.viewer, known.name)
        t.store.write_records([*desk.sessions.ending(known.person), *desk.lockout.release(known.name)])
        secret = _first_password(t, desk, known.name, chosen)
    link = _link(store, secret) if secret else None
    if as_json:
        print_json({"account": known.name, **({"link": link} if link else {})})
    else:
        say(f"Đặt mật khẩu (một lần, trong 24 giờ): {link}" if link else f"Đã đổi mật khẩu của {known.name}")


@person_app.command("disable", epilog="Example: twin person disable an.nguyen")
def disable(
    who: Who,
    enable: Annotated[bool, typer.Option("--enable", help="Let the person in again.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Shut a person out at once, with all their sessions and tokens."""
    with opened(store) as t:
        desk = desk_of(t.store, t.keys)
        known = _found(desk, who)
        changed = desk.people.disable(t.viewer, known.id, active=enable)
        t.store.write_records(desk.sessions.ending(known.id))
        body = _person(desk, changed)
    _show(body, as_json=as_json)


# -- tokens -------------------------------------------------------------------------------------------------------


@token_app.command("add", epilog="Example: twin token add 'Trạm mưa 7' --device --layer rain_gauges")
def add_token(
    title: Annotated[str, typer.Argument(help="What the token is for.")],
    person: Annotated[str | None, typer.Option(help="Whose API token: id, or name of an account.")] = None,
    role: Annotated[Role, typer.Option(help="The role an API token acts in.")] = Role.INTEGRATOR,
    right: Annotated[
        list[Right] | None, typer.Option(help="Only these rights of the role; may be given several times.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="None of the role's rights.")] = False,
    device: Annotated[bool, typer.Option("--device", help="A key of a device, for its observations only.")] = False,
    layer: Annotated[list[str] | None, typer.Option(help="Layer a device may add observations to.")] = None,
    datastream: Annotated[list[int] | None, typer.Option(help="Datastream a device may add to.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it holds.")] = 365,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Make a token; its secret is printed once."""
    if not device and person is None:
        raise ParameterError("an API token acts for a person", where="--person", hint="Or make a key with --device.")
    with opened(store) as t:
        desk = desk_of(t.store, t.keys)
        rights = frozenset(right or ()) if right or read_only else None
        scope = Scope(rights, frozenset(layer or ()), frozenset(datastream or ()))
        owner = t.viewer.name
        if device:
            _check_scope(t, scope)
        else:
            known = _found(desk, str(person))
            if role not in (*known.roles, Role.CITIZEN):
                raise ParameterError(f"the person is no active {role.value}", where="--role")
            owner = known.id
        made, secret = desk.tokens.add(
            t.viewer,
            title=title,
            kind=TokenKind.DEVICE if device else TokenKind.API,
            person=owner,
            role=Role.INTEGRATOR if device else role,
            scope=scope,
            expires=datetime.now(UTC) + timedelta(days=days),
        )
    _show_secret(made, secret, as_json=as_json)


@token_app.command("list", epilog="Example: twin token list --json")
def list_tokens(store: Store = None, as_json: Json = False) -> None:
    """List tokens and keys."""
    with opened(store) as t:
        found = desk_of(t.store, t.keys).tokens.of()
    if as_json:
        print_json({"tokens": [_token(token) for token in found]})
        return
    rows = [
        (
            x.id,
            x.title,
            x.kind.value,
            x.role.value,
            local_time(x.expires),
            local_time(x.last_used),
            local_time(x.revoked),
        )
        for x in found
    ]
    say_table(["Mã", "Tên", "Loại", "Vai trò", "Hết hạn", "Dùng lần cuối", "Thu hồi"], rows)


@token_app.command("revoke", epilog="Example: twin token revoke k3v9x0a1b2c3")
def revoke(
    token: Annotated[str, typer.Argument(help="Id of the token.")], store: Store = None, as_json: Json = False
) -> None:
    """End a token; it is refused from the next request on."""
    with opened(store) as t:
        ended = desk_of(t.store, t.keys).tokens.revoke(t.viewer, token)
    if as_json:
        print_json(_token(ended))
    else:
        say(f"Đã thu hồi {token}. Việc nó đã làm: twin audit search --object token:{token}")


@token_app.command("rotate", epilog="Example: twin token rotate k3v9x0a1b2c3 --overlap-h 2")
def rotate(
    token: Annotated[str, typer.Argument(help="Id of the token.")],
    overlap_h: Annotated[float, typer.Option(min=0, max=168, help="How long the old secret still holds.")] = 24.0,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Give a token a new secret, printed once."""
    with opened(store) as t:
        made, secret = desk_of(t.store, t.keys).tokens.rotate(t.viewer, token, overlap=timedelta(hours=overlap_h))
    _show_secret(made, secret, as_json=as_json)


# -- what they share ----------------------------------------------------------------------------------------------


def _new_password(reference: str | None, account: str) -> str | None:
    """The password of a reference or of a prompt; ``None`` where nobody can be asked; checked before use."""
    if reference is not None:
        chosen = read_secret(reference, environ=os.environ, where="--password")
    elif sys.stdin.isatty():
        chosen = str(typer.prompt("Mật khẩu", hide_input=True, confirmation_prompt=True))
    else:
        return None
    check_rules(chosen, account=account_name(account))
    return chosen


def _first_password(t: Twin, desk: Desk, account: str, chosen: str | None) -> str | None:
    """Set the password; without one the secret of a link that sets it."""
    if chosen is None:
        return desk.accounts.start_reset(t.viewer, account)[0]
    desk.accounts.set_password(t.viewer, account, chosen)
    return None


def _link(store: str | None, secret: str) -> str:
    settings = settings_of(store)
    return f"{settings.entry.public_url or f'http://{settings.http_host}:{settings.http_port}'}/reset#{secret}"


def _found(desk: Desk, who: str) -> Person:
    try:
        return desk.people.get(who)
    except NotFoundError:
        try:
            return desk.people.get(desk.accounts.get(who).person)
        except NotFoundError:
            raise NotFoundError(f"there is no person or account {who!r}", hint="See: twin person list.") from None


def _check_scope(t: Twin, scope: Scope) -> None:
    known = {layer.name for layer in t.layers()}
    streams = {d.id for d in t.store.datastreams(View(t.viewer), ids=sorted(scope.datastreams))}
    unknown = [*sorted(scope.layers - known), *(str(n) for n in sorted(scope.datastreams - streams))]
    if unknown:
        raise ParameterError(f"there is no layer or datastream {', '.join(unknown)}", where="--layer")


def _person(desk: Desk, person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "active": person.active,
        "accounts": [
            {"account": a.name, "provider": a.provider or None, "second_factor": a.has_second_factor}
            for a in desk.accounts.of(person.id)
        ],
        "roles": [{"role": g.role.value, "state": g.state.value, "by": g.by} for g in person.grants],
    }


def _show(body: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(body)
    else:
        _say_person(body)


def _say_person(body: dict[str, Any]) -> None:
    say(f"{body['name']} ({body['id']}){'' if body['active'] else ' – đã khóa'}")
    for grant in body["roles"]:
        waiting = grant["state"] == GrantState.PROPOSED.value
        say(f"  {grant['role']}{' – chờ một quản trị viên khác xác nhận' if waiting else ''}")


def _token(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "title": token.title,
        "kind": token.kind.value,
        "person": token.person,
        "role": token.role.value,
        "expires": token.expires,
        "last_used": token.last_used,
        "revoked": token.revoked,
    }


def _show_secret(token: Token, secret: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**_token(token), "secret": secret})
    else:
        say(f"{token.title} ({token.id}), đến {local_time(token.expires)}. Chỉ hiện một lần:")
        say(secret)
