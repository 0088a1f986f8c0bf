"""Who asks: from a request to a viewer, and whether the server may start as configured.

*closed*: an anonymous caller is a citizen; who signed in or shows a token acts in one of their roles. *open*: an
anonymous caller is an integrator and may act in another role by the header ``X-Twin-Role`` or the query ``as``. Open
serves only a loopback listener, and only requests addressed to a loopback name, so that a foreign page cannot reach
it under a name of its own that resolves to this machine.
"""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar, cast
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from api.settings import Settings
from twin.access.accounts import Account
from twin.access.desk import Desk
from twin.access.people import Person
from twin.access.sealing import digest, equal
from twin.access.sessions import Session, forgery_token
from twin.access.signin import Must, SecondFactorFor, musts
from twin.access.tokens import Scope, Token, TokenKind, viewer_of
from twin.errors import ForbiddenError, NotFoundError, ParameterError, SignInError
from twin.model.view import CITIZEN, Role, Viewer

ROLE_HEADER: Final = "x-twin-role"
ROLE_QUERY: Final = "as"
CSRF_HEADER: Final = "x-twin-csrf"
COOKIE: Final = "twin_session"
SIGN_IN_PATHS: Final = frozenset({"/app/session", "/app/session/reset"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_REMEMBERED = 10_000
_REMEMBERED_S = 5.0
_OBSERVATIONS = re.compile(r"/sta/v1\.1/(Datastreams\([0-9]+\)/)?Observations/?")

_T = TypeVar("_T")


class AccessMode(StrEnum):
    """How anonymous callers are treated."""

    OPEN = "open"
    CLOSED = "closed"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's loopback."""
    name = host.strip().strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def decide_mode(settings: Settings, *, has_accounts: bool = False) -> AccessMode:
    """Decide open or closed, or refuse to start.

    Raises
    ------
    ParameterError
        If the address is not loopback and there are no accounts that could protect it, or open is asked for.
    """
    if is_loopback(settings.http_host):
        if settings.access:
            return AccessMode(settings.access)
        return AccessMode.CLOSED if "://" in settings.store or has_accounts else AccessMode.OPEN
    if not has_accounts:
        raise ParameterError(
            f"address {settings.http_host} is reachable from outside and there are no accounts",
            where="TWIN_HTTP_HOST",
            hint="Add an administrator first: twin person add NAME --role administrator; or listen on 127.0.0.1.",
        )
    if settings.access == AccessMode.OPEN:
        raise ParameterError(
            f"an open twin cannot listen on {settings.http_host}, which is reachable from outside",
            where="TWIN_ACCESS",
            hint="Listen on 127.0.0.1, or set TWIN_ACCESS=closed.",
        )
    return AccessMode.CLOSED


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks and what they showed for it.

    Parameters
    ----------
    viewer
        Who asks, in the role they act in.
    roles
        The roles they may act in.
    person, account, session
        Of somebody who signed in.
    must
        What they must do first; until then they are nobody but themselves.
    scope
        Of a device key.
    """

    viewer: Viewer
    roles: tuple[Role, ...] = ()
    person: Person | None = None
    account: Account | None = None
    session: Session | None = None
    csrf: str = ""
    must: tuple[Must, ...] = ()
    scope: Scope | None = None


class Gate:
    """Turns a request into a caller, or refuses it.

    Parameters
    ----------
    mode
        How anonymous callers are treated.
    desk
        Where people and tokens are known; ``None`` knows nobody.
    public_url
        The address people use, where a proxy stands in front.
    """

    def __init__(
        self,
        mode: AccessMode,
        desk: Desk | None = None,
        *,
        public_url: str = "",
        second_factor: SecondFactorFor = SecondFactorFor.ADMINISTRATORS,
    ) -> None:
        self.mode = mode
        self.desk = desk
        self._public_host = urlsplit(public_url).netloc
        self._second_factor = second_factor
        self._known: OrderedDict[str, tuple[int, float, object]] = OrderedDict()
        self._lock = threading.Lock()

    def check_addressed(self, connection: HTTPConnection, method: str) -> None:
        """Refuse what a foreign page could have sent.

        Raises
        ------
        ForbiddenError
            In open mode, if the Host header is not a loopback name. If another origin's page writes to an open twin,
            signs in, or writes with the cookie of somebody who did.
        """
        host = connection.headers.get("host", "")
        if self.mode is AccessMode.OPEN and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            raise ForbiddenError(
                "an open twin answers only requests addressed to this machine",
                where="Host",
                hint="Use http://127.0.0.1 or http://localhost.",
            )
        if method in SAFE_METHODS:
            return
        is_sign_in = connection.url.path in SIGN_IN_PATHS and method == "POST"
        if self.mode is AccessMode.OPEN or is_sign_in or COOKIE in connection.cookies:
            self._check_origin(connection, host)

    def _check_origin(self, connection: HTTPConnection, host: str) -> None:
        origin = connection.headers.get("origin")
        is_ours = origin is None or urlsplit(origin).netloc in {host, self._public_host} - {""}
        if not is_ours or connection.headers.get("sec-fetch-site") == "cross-site":
            raise ForbiddenError("a page of another origin may not write here", where="Origin")

    def needs_forgery_check(self, connection: HTTPConnection, method: str) -> bool:
        """Whether :meth:`check_forgery`, which reads the store, is to be called for a request."""
        if method in SAFE_METHODS or COOKIE not in connection.cookies or "authorization" in connection.headers:
            return False
        return not (connection.url.path in SIGN_IN_PATHS and method == "POST")

    def check_forgery(self, connection: HTTPConnection) -> None:
        """Raise ForbiddenError unless a writing request of an open session carries the session's token."""
        cookie = connection.cookies[COOKIE]
        shown = connection.headers.get(CSRF_HEADER, "")
        # A cookie whose session is over protects nothing; it is treated as none.
        if self._session(cookie) is not None and not equal(shown, forgery_token(cookie)):
            raise ForbiddenError(
                "the token against forgery is missing or of another session",
                where="X-Twin-CSRF",
                hint="Send the `csrf` of GET /app/session.",
            )

    def viewer(self, connection: HTTPConnection) -> Viewer:
        """Return who asks; see :meth:`caller`."""
        return self.caller(connection).viewer

    def still(self, connection: HTTPConnection, viewer: Viewer) -> bool:
        """Whether a request that goes on (a stream) would still be let in as the same viewer; no use of it is noted."""
        try:
            return self.caller(connection, note_use=False).viewer == viewer
        except (SignInError, ForbiddenError):
            return False

    def caller(self, connection: HTTPConnection, *, note_use: bool = True) -> Caller:
        """Return who asks.

        Raises
        ------
        SignInError
            If a token is shown that is not valid.
        ForbiddenError
            If a role is asked for that the caller does not have, or a device key is used for something else.
        ParameterError
            If the role does not exist.
        """
        asked = connection.headers.get(ROLE_HEADER) or connection.query_params.get(ROLE_QUERY)
        shown = connection.headers.get("authorization")
        if shown is not None:
            return self._with_token(connection, shown, asked, note_use=note_use)
        cookie = connection.cookies.get(COOKIE)
        found = self.with_session(cookie, asked, note_use=note_use) if cookie else None
        if found is not None:
            return found
        return Caller(self._anonymous(asked), tuple(Role) if self.mode is AccessMode.OPEN else ())

    def _anonymous(self, asked: str | None) -> Viewer:
        if self.mode is AccessMode.CLOSED:
            if asked:
                raise ForbiddenError(
                    "who did not sign in has no roles",
                    where="X-Twin-Role",
                    hint="Sign in, or set TWIN_ACCESS=open on this machine.",
                )
            return CITIZEN
        if asked:
            role = _role(asked)
            return Viewer(_demo(role), role, _demo(role))
        return Viewer("anonymous", Role.INTEGRATOR, _demo(Role.INTEGRATOR))

    # -- sessions -------------------------------------------------------------------------------------------------

    def with_session(self, secret: str, asked: str | None = None, *, note_use: bool = True) -> Caller | None:
        """The caller of an open session; ``None`` if there is none."""
        found = self._session(secret)
        if found is None:
            return None
        if note_use and self.desk is not None:
            self.desk.sessions.touch(found[0])
        return self._signed_in(secret, *found, asked)

    def _session(self, secret: str) -> tuple[Session, Person, Account] | None:
        """The open session of a cookie with its person; ``None`` if there is none or the person is shut out."""
        desk = self.desk
        if desk is None:
            return None

        def read() -> tuple[Session, Person, Account] | None:
            try:
                session = desk.sessions.find(secret)
                person = desk.people.get(session.person)
                return (session, person, desk.accounts.get(session.account)) if person.active else None
            except NotFoundError:
                return None

        found = self._remembered(desk, f"session:{digest(secret)}", read)
        is_over = found is not None and desk.sessions.is_over(found[0], datetime.now(UTC))
        return None if is_over else found

    def _signed_in(self, secret: str, session: Session, person: Person, account: Account, asked: str | None) -> Caller:
        must = musts(account, person, self._second_factor)
        csrf = forgery_token(secret)
        if must:
            viewer = Viewer(account.name, Role.CITIZEN, person.id)
            return Caller(viewer, (), person, account, session, csrf, must)
        role = _chosen(asked or session.role, person.roles, is_demand=bool(asked))
        return Caller(Viewer(account.name, role, person.id), person.roles, person, account, session, csrf)

    # -- tokens ---------------------------------------------------------------------------------------------------

    def _with_token(self, connection: HTTPConnection, shown: str, asked: str | None, *, note_use: bool) -> Caller:
        scheme, _, secret = shown.partition(" ")
        if self.desk is None or scheme.lower() != "bearer":
            raise SignInError(
                "only bearer tokens are taken", where="Authorization", hint="Authorization: Bearer twin_…"
            )
        desk, text = self.desk, secret.strip()

        def read() -> tuple[Token, Person | None]:
            token = desk.tokens.find(text)
            is_device = token.kind is TokenKind.DEVICE
            return token, None if is_device else self._owner(desk, token)

        token, person = self._remembered(desk, f"token:{digest(text)}", read)
        if not token.holds(datetime.now(UTC)):
            raise _ended()
        if note_use:
            desk.tokens.touch(token)
        if token.kind is TokenKind.DEVICE:
            _only_observations(connection)
            return Caller(viewer_of(token), (Role.INTEGRATOR,), scope=token.scope)
        if asked and _role(asked) is not token.role:
            raise ForbiddenError(f"the token acts as {token.role.value} only", where="X-Twin-Role")
        return Caller(viewer_of(token), (token.role,), person)

    def _owner(self, desk: Desk, token: Token) -> Person:
        try:
            person = desk.people.get(token.person)
        except NotFoundError:
            raise _ended() from None
        if token.role not in (*person.roles, Role.CITIZEN) or not person.active:
            raise _ended()
        return person

    # -- remembering ----------------------------------------------------------------------------------------------

    def _remembered(self, desk: Desk, key: str, read: Callable[[], _T]) -> _T:
        """What was read, for seconds and as long as nothing is committed: a revocation holds from the next request."""
        seq, now = desk.store.last_seq(), time.monotonic()
        with self._lock:
            kept = self._known.get(key)
        if kept is not None and kept[0] == seq and now - kept[1] < _REMEMBERED_S:
            return cast("_T", kept[2])
        found = read()
        with self._lock:
            self._known[key] = (seq, now, found)
            self._known.move_to_end(key)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found


def _ended() -> SignInError:
    return SignInError("the token is not valid", where="Authorization", hint="It may have ended; ask for a new one.")


def _only_observations(connection: HTTPConnection) -> None:
    # The method is the request's own: HEAD and GET read, which a device key does not.
    is_post = connection.scope.get("method") == "POST"
    if not (is_post and _OBSERVATIONS.fullmatch(connection.url.path)):
        raise ForbiddenError(
            "a device key may only add observations", where="Authorization", hint="POST /sta/v1.1/Observations"
        )


def _chosen(asked: str, held: tuple[Role, ...], *, is_demand: bool) -> Role:
    """The role to act in: the one asked for, if it is held; else the first one held; a citizen without any."""
    if asked:
        role = _role(asked)
        if role in (*held, Role.CITIZEN):
            return role
        if is_demand:
            raise ForbiddenError("you do not have this role", where="X-Twin-Role")
    return next((role for role in held if role is not Role.CITIZEN), Role.CITIZEN)


def _role(text: str) -> Role:
    try:
        return Role(text.strip().lower())
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise ParameterError(f"{text!r} is not a role", where="X-Twin-Role", hint=f"Use one of {known}.") from None


def _demo(role: Role) -> str:
    return f"demo:{role.value}"
