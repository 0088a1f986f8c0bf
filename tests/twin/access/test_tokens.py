from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.twin.access.conftest import MACHINE
from twin.access import audit
from twin.access.desk import Desk
from twin.access.people import Person
from twin.access.tokens import Scope, Token, TokenKind, viewer_of
from twin.errors import ConflictError, ParameterError, SignInError
from twin.model.view import Right, Role


def made(desk: Desk, person: Person, **more: object) -> tuple[Token, str]:
    given = {"title": "Cổng dữ liệu", "kind": TokenKind.API, "person": person.id, **more}
    return desk.tokens.add(MACHINE, **given)  # type: ignore[arg-type]


def test_a_token_is_kept_as_its_digest_only(desk: Desk, minh: Person) -> None:
    token, secret = made(desk, minh)
    assert secret.startswith(f"twin_{token.id}_")
    kept = str(desk.store.records("token")) + str(desk.store.entries(audit.LOG))
    assert secret.rsplit("_", 1)[1] not in kept
    assert desk.tokens.find(secret).id == token.id


@pytest.mark.parametrize("change", [lambda s: s[:-1] + ("A" if s[-1] != "A" else "B"), lambda s: s + "A", str.upper,
                                    lambda _: "", lambda _: "twin_x_y", lambda s: s.replace("twin_", "")])  # fmt: skip
def test_what_is_no_token_is_refused_with_one_text(desk: Desk, minh: Person, change: object) -> None:
    _, secret = made(desk, minh)
    with pytest.raises(SignInError, match="not valid"):
        desk.tokens.find(change(secret))  # type: ignore[operator]


def test_after_rotation_the_old_secret_holds_for_the_overlap(desk: Desk, minh: Person) -> None:
    token, old = made(desk, minh)
    _, new = desk.tokens.rotate(MACHINE, token.id, overlap=timedelta(hours=2))
    assert desk.tokens.find(old).id == desk.tokens.find(new).id == token.id
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2, seconds=1)):
        with pytest.raises(SignInError):
            desk.tokens.find(old)
        assert desk.tokens.find(new)


def test_a_second_rotation_ends_the_first_secret(desk: Desk, minh: Person) -> None:
    token, first = made(desk, minh)
    _, second = desk.tokens.rotate(MACHINE, token.id)
    desk.tokens.rotate(MACHINE, token.id)
    assert desk.tokens.find(second)
    with pytest.raises(SignInError):
        desk.tokens.find(first)


def test_a_revoked_token_is_refused_at_once_with_its_old_secret_too(desk: Desk, minh: Person) -> None:
    token, old = made(desk, minh)
    _, new = desk.tokens.rotate(MACHINE, token.id)
    stale = desk.tokens.get(token.id)
    desk.tokens.revoke(MACHINE, token.id)
    desk.tokens.touch(stale)  # a request that was under way brings nothing back
    for secret in (old, new):
        with pytest.raises(SignInError):
            desk.tokens.find(secret)
    with pytest.raises(ConflictError):
        desk.tokens.rotate(MACHINE, token.id)


def test_a_token_ends_by_itself(desk: Desk, minh: Person) -> None:
    _, secret = made(desk, minh, expires=datetime.now(UTC) + timedelta(hours=1))
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)), pytest.raises(SignInError):
        desk.tokens.find(secret)


@pytest.mark.parametrize("days", [-1, 0, 367, 5000])
def test_no_token_lasts_for_ever(desk: Desk, minh: Person, days: int) -> None:
    with pytest.raises(ParameterError, match="at most 366 days"):
        made(desk, minh, expires=datetime.now(UTC) + timedelta(days=days))


@pytest.mark.parametrize(
    ("kind", "role", "scope"),
    [(TokenKind.DEVICE, Role.INTEGRATOR, Scope()), (TokenKind.API, Role.INTEGRATOR, Scope(layers=frozenset({"a"}))),
     (TokenKind.DEVICE, Role.INTEGRATOR, Scope(rights=frozenset(), layers=frozenset({"a"}))),
     (TokenKind.API, Role.REVIEWER, Scope(rights=frozenset({Right.WRITE})))],
)  # fmt: skip
def test_a_scope_that_is_none_is_refused(desk: Desk, minh: Person, kind: TokenKind, role: Role, scope: Scope) -> None:
    with pytest.raises(ParameterError):
        made(desk, minh, kind=kind, role=role, scope=scope)


def test_a_token_has_the_rights_of_its_scope(desk: Desk, minh: Person) -> None:
    reading, _ = made(desk, minh, scope=Scope(rights=frozenset()))
    full, _ = made(desk, minh)
    assert not viewer_of(reading).may(Right.WRITE)
    assert viewer_of(full).may(Right.WRITE)
    assert not viewer_of(full).may(Right.ADMINISTER)


def test_a_device_is_no_person(desk: Desk, minh: Person) -> None:
    key, _ = made(desk, minh, kind=TokenKind.DEVICE, scope=Scope(datastreams=frozenset({3})))
    viewer = viewer_of(key)
    assert viewer.person not in {p.id for p in desk.people.all()}
    assert viewer.limited_to == {Right.WRITE}


def test_the_last_use_is_kept_to_the_minute(desk: Desk, minh: Person) -> None:
    token, secret = made(desk, minh)
    desk.tokens.touch(desk.tokens.find(secret))
    first = desk.tokens.get(token.id)
    desk.tokens.touch(desk.tokens.find(secret))
    assert desk.tokens.get(token.id).version == first.version == token.version + 1
    assert first.last_used is not None
