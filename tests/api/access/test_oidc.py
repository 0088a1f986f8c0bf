"""Signing in at a certified OpenID provider, which the tests start, and refusing what only looks like its answer."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest
import time_machine
from access_support import MACHINE, Staff
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from api.access import COOKIE
from api.app import create_app
from api.serve import running
from tests.api.access.conftest import closed_settings
from tests.api.conftest import City
from twin.access import audit
from twin.access.oidc import OpenId
from twin.access.providers import Provider, load_providers
from twin.access.sealing import unseal
from twin.errors import ExternalError, FormatError, ParameterError, SignInError
from twin.model.view import Role

ROOT = Path(__file__).parents[3]
SECRET = "bi-mat-cua-ung-dung-8f2c1d"
CALLBACK = "/app/oidc/real/callback"


@dataclass
class Real:
    """The provider that was started."""

    issuer: str
    file: Path
    accounts: Path
    port: int

    def know(self, subject: str, **claims: object) -> None:
        known = json.loads(self.accounts.read_text(encoding="utf-8"))
        self.accounts.write_text(json.dumps({**known, subject: claims}), encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    folder, port = tmp_path_factory.mktemp("oidc"), free_port()
    accounts, file = folder / "accounts.json", folder / "providers.toml"
    accounts.write_text("{}", encoding="utf-8")
    started = f'. "{ROOT}/api/web/app/node.sh"; install_packages; exec node provider.mjs "$0" "$1"'
    command = ["sh", "-eu", "-c", started, str(accounts), f"http://127.0.0.1:{port}{CALLBACK}"]
    environment = {**os.environ, "CLIENT_SECRET": SECRET, "python": sys.executable}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT / "tests/oidc_provider", env=environment, stdout=subprocess.PIPE, stderr=log
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, (folder / "log").read_text(encoding="utf-8")
    issuer = json.loads(line)["issuer"]
    file.write_text(
        f"""
[[provider]]
name = "real"
title = "Đăng nhập một lần của tỉnh"
issuer = "{issuer}"
client_id = "urban-twin"
client_secret = "env:TEST_OIDC_SECRET"
create = true
role_claim = "groups"
[provider.roles]
"ioc-integrator" = "integrator"
"ioc-planner" = "planner"
""",
        encoding="utf-8",
    )
    yield Real(issuer, file, accounts, port)
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture(scope="module")
def site(own_city: City, staff: Staff, real: Real) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_OIDC_SECRET", SECRET)
        settings = closed_settings(own_city.path, oidc_file=str(real.file))
        settings = replace(settings, http_port=real.port)
        with running(create_app(own_city.twin, settings), settings) as url:
            yield url


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    """Keeps cookies as a browser does, and follows no redirect by itself."""
    with httpx.Client(timeout=30) as client:
        yield client


def at_provider(browser: httpx.Client, address: str, subject: str, callback: str) -> str:
    """Type the subject into the provider's form and agree; the address the provider sends the browser back to."""
    for _ in range(12):
        if address.startswith(callback):
            return address
        response = browser.get(address)
        if response.is_redirect:
            address = urljoin(address, response.headers["location"])
            continue
        form = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', response.text))
        action = re.search(r'<form[^>]*action="([^"]+)"', response.text)
        assert action, response.text[:500]
        given = {**form, **({"login": subject, "password": "x"} if form.get("prompt") == "login" else {})}
        posted = browser.post(urljoin(address, unescape(action[1])), data=given)
        address = urljoin(address, posted.headers["location"])
    raise AssertionError("the provider never sent the browser back")


def enter(browser: httpx.Client, site: str, subject: str, path: str = "/ban-do?x=1") -> httpx.Response:
    started = browser.get(f"{site}/app/oidc/real/start", params={"next": path})
    assert started.status_code == 302, started.text
    return browser.get(at_provider(browser, started.headers["location"], subject, site + CALLBACK))


def session(browser: httpx.Client, site: str) -> dict:
    return browser.get(f"{site}/app/session").json()


# -- signing in ---------------------------------------------------------------------------------------------------


def test_who_signs_in_at_the_provider_is_registered_and_has_the_roles_of_the_claim(
    browser: httpx.Client, site: str, real: Real, staff: Staff
) -> None:
    real.know("sub-lan", name="Lê Thị Lan", groups=["ioc-integrator", "ioc-planner", "phong-khac"])
    done = enter(browser, site, "sub-lan")
    assert (done.status_code, done.headers["location"]) == (302, "/ban-do?x=1")
    said = session(browser, site)
    assert (said["viewer"]["name"], said["viewer"]["role"], said["must"]) == ("Lê Thị Lan", "integrator", [])
    person = staff.desk.people.get(said["viewer"]["person"])
    assert {g.role: g.state.value for g in person.grants} == {Role.INTEGRATOR: "active", Role.PLANNER: "proposed"}
    assert "twin_oidc" not in browser.cookies


def test_the_same_subject_is_the_same_person_and_roles_follow_the_claim(
    browser: httpx.Client, site: str, real: Real, staff: Staff
) -> None:
    real.know("sub-minh", name="Minh", groups=["ioc-integrator"])
    enter(browser, site, "sub-minh")
    first = session(browser, site)["viewer"]
    real.know("sub-minh", name="Minh", groups=[])
    with httpx.Client(timeout=30) as later:
        enter(later, site, "sub-minh")
        second = session(later, site)["viewer"]
    assert (first["role"], second["role"]) == ("integrator", "citizen")
    assert first["person"] == second["person"]


@pytest.mark.parametrize(("verified", "joined"), [(True, True), (False, False), ("true", False)])
def test_a_verified_e_mail_joins_the_person_who_has_it(
    browser: httpx.Client, site: str, real: Real, staff: Staff, verified: object, joined: bool
) -> None:
    known = staff.desk.people.add(MACHINE, name="Hoa", identities=[f"hoa.{verified!r}@binhphuoc.example.vn"])
    subject = f"sub-hoa-{verified!r}"
    real.know(subject, name="Hoa", email=f"Hoa.{verified!r}@binhphuoc.example.vn", email_verified=verified)
    enter(browser, site, subject)
    assert (session(browser, site)["viewer"]["person"] == known.id) is joined


def test_who_is_signed_in_links_the_providers_account_and_keeps_deciding(
    browser: httpx.Client, site: str, real: Real, staff: Staff
) -> None:
    real.know("sub-lien-ket", name="Ai đó")
    reviewer = staff.people[Role.REVIEWER]
    staff.session(browser, Role.REVIEWER)
    enter(browser, site, "sub-lien-ket")
    with httpx.Client(timeout=30) as later:
        enter(later, site, "sub-lien-ket")
        assert session(later, site)["viewer"]["person"] == reviewer.id
        assert session(later, site)["viewer"]["role"] == "reviewer"


def test_an_account_that_is_somebody_elses_is_not_linked(
    browser: httpx.Client, site: str, real: Real, staff: Staff
) -> None:
    real.know("sub-cua-lan", name="Lan")
    enter(browser, site, "sub-cua-lan")
    with httpx.Client(timeout=30) as other:
        staff.session(other, Role.OPERATOR)
        assert enter(other, site, "sub-cua-lan").status_code == 409


def test_who_is_shut_out_stays_out(browser: httpx.Client, site: str, real: Real, staff: Staff) -> None:
    real.know("sub-nghi", name="Nghỉ")
    enter(browser, site, "sub-nghi")
    staff.desk.people.disable(MACHINE, session(browser, site)["viewer"]["person"])
    with httpx.Client(timeout=30) as later:
        assert enter(later, site, "sub-nghi").status_code == 401
        assert session(later, site)["viewer"]["role"] == "citizen"


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_after_signing_in_nobody_is_led_away(browser: httpx.Client, site: str, real: Real, path: str) -> None:
    real.know("sub-next", name="N")
    assert enter(browser, site, "sub-next", path).headers["location"] == "/"


# -- what only looks like an answer -------------------------------------------------------------------------------


def come_back(browser: httpx.Client, site: str, real: Real, subject: str) -> str:
    real.know(subject, name="X")
    started = browser.get(f"{site}/app/oidc/real/start")
    return at_provider(browser, started.headers["location"], subject, site + CALLBACK)


def test_an_answer_opens_only_the_browser_that_began(browser: httpx.Client, site: str, real: Real) -> None:
    address = come_back(browser, site, real, "sub-a")
    with httpx.Client() as other:
        refused = other.get(address)
        assert (refused.status_code, COOKIE in other.cookies) == (401, False)
        other.get(f"{site}/app/oidc/real/start")
        assert other.get(address).status_code == 401  # its own state, not this one


def test_an_answer_opens_once(browser: httpx.Client, site: str, real: Real) -> None:
    address = come_back(browser, site, real, "sub-b")
    sealed = browser.cookies["twin_oidc"]
    assert browser.get(address).status_code == 302
    browser.cookies.set("twin_oidc", sealed, path="/app/oidc")
    assert browser.get(address).status_code == 401


@pytest.mark.parametrize(
    "change", [("state", "x"), ("code", "x"), ("iss", "https://evil.example"), ("error", "denied")]
)
def test_an_answer_that_was_changed_is_refused_and_audited(
    browser: httpx.Client, site: str, real: Real, own_city: City, change: tuple[str, str]
) -> None:
    address = come_back(browser, site, real, "sub-c")
    query = {**dict(parse_qsl(urlsplit(address).query)), change[0]: change[1]}
    refused = browser.get(f"{site}{CALLBACK}", params=query)
    assert refused.status_code == 401
    assert COOKIE not in browser.cookies
    (act,) = audit.search(own_city.twin.store, limit=1)
    assert (act.object, act.outcome.value) == ("provider:real", "refused")


def test_an_answer_that_took_too_long_is_refused(browser: httpx.Client, site: str, real: Real) -> None:
    address = come_back(browser, site, real, "sub-d")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        assert browser.get(address).status_code == 401


def test_there_is_no_other_provider(browser: httpx.Client, site: str) -> None:
    assert browser.get(f"{site}/app/oidc/khac/start").status_code == 404
    assert browser.get(f"{site}/app/session").json()["oidc"] == [
        {"name": "real", "title": "Đăng nhập một lần của tỉnh"}
    ]


# -- the id token -------------------------------------------------------------------------------------------------


@dataclass
class Given:
    """A real id token and the nonce it was made for."""

    token: str
    nonce: str
    provider: Provider
    openid: OpenId


@pytest.fixture(scope="module")
def given(real: Real, site: str, staff: Staff) -> Given:
    provider = load_providers(str(real.file), {"TEST_OIDC_SECRET": SECRET})[0]
    openid = OpenId(staff.desk.keys)
    real.know("sub-token", name="T")
    begun = openid.begin(provider, redirect=site + CALLBACK)
    with httpx.Client(timeout=30) as browser:
        address = at_provider(browser, begun.url, "sub-token", site + CALLBACK)
    said = json.loads(unseal(staff.desk.keys, begun.sealed, about="oidc-begun"))
    code = dict(parse_qsl(urlsplit(address).query))["code"]
    tokens = openid._exchange(provider, code, said)
    return Given(tokens["id_token"], said["nonce"], provider, openid)


def test_the_providers_own_token_is_believed(given: Given) -> None:
    assert given.openid._checked(given.provider, given.token, given.nonce)["sub"] == "sub-token"


def part(number: int, token: str) -> dict:
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def plain(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def forged(given: Given, how: str) -> str:
    header, claims = part(0, given.token), part(1, given.token)
    match how:
        case "other subject":
            return ".".join([given.token.split(".")[0], plain({**claims, "sub": "root"}), given.token.split(".")[2]])
        case "no signature":
            return f"{plain({'alg': 'none'})}.{plain(claims)}."
        case "shared secret":
            key = OctKey.import_key(SECRET.ljust(32, "x"))
            return jwt.encode({"alg": "HS256"}, claims, key)
        case "another key":
            return jwt.encode({"alg": "RS256", "kid": header["kid"]}, claims, RSAKey.generate_key(2048))
        case "nonsense":
            return "a.b.c"
        case _:
            return ""


@pytest.mark.parametrize(
    "how", ["other subject", "no signature", "shared secret", "another key", "nonsense", "nothing"]
)
def test_a_forged_token_is_not_believed(given: Given, how: str) -> None:
    with pytest.raises(SignInError):
        given.openid._checked(given.provider, forged(given, how), given.nonce)


def test_a_token_for_another_attempt_or_application_or_issuer_is_not_believed(given: Given) -> None:
    for provider, nonce in (
        (given.provider, "another"),
        (replace(given.provider, client_id="another"), given.nonce),
        (replace(given.provider, issuer=given.provider.issuer + "/"), given.nonce),
    ):
        with pytest.raises((SignInError, ExternalError)):
            OpenId(given.openid._keys)._checked(provider, given.token, nonce)


def test_a_token_holds_for_its_time_and_a_minute_of_skew(given: Given) -> None:
    ends = datetime.fromtimestamp(part(1, given.token)["exp"], UTC)
    with time_machine.travel(ends + timedelta(seconds=55)):
        assert given.openid._checked(given.provider, given.token, given.nonce)
    with time_machine.travel(ends + timedelta(seconds=65)), pytest.raises(SignInError):
        given.openid._checked(given.provider, given.token, given.nonce)
    begins = datetime.fromtimestamp(part(1, given.token)["iat"], UTC)
    with time_machine.travel(begins - timedelta(seconds=65)), pytest.raises(SignInError):
        given.openid._checked(given.provider, given.token, given.nonce)


def test_the_verifier_is_sent_only_to_the_token_endpoint(given: Given, site: str, staff: Staff) -> None:
    begun = given.openid.begin(given.provider, redirect=site + CALLBACK)
    query = dict(parse_qsl(urlsplit(begun.url).query))
    said = json.loads(unseal(staff.desk.keys, begun.sealed, about="oidc-begun"))
    digested = hashlib.sha256(said["verifier"].encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digested).decode().rstrip("=")
    assert said["verifier"] not in begun.url
    assert said["nonce"] not in begun.sealed


def test_a_provider_that_does_not_answer_is_said_so(staff: Staff) -> None:
    silent = Provider("x", "x", f"http://127.0.0.1:{free_port()}", "x")
    with pytest.raises(ExternalError, match="does not answer"):
        OpenId(staff.desk.keys).begin(silent, redirect="http://127.0.0.1/")


# -- the file -----------------------------------------------------------------------------------------------------

LEAST = '[[provider]]\nname = "a"\nissuer = "https://sso.example.vn"\nclient_id = "x"\n'


@pytest.mark.parametrize(
    ("text", "error"),
    [("[[provider]", FormatError), ('[[provider]]\nname = "a"', FormatError), (LEAST + "oops = 1", FormatError),
     (LEAST + '[provider.roles]\nx = "mayor"', FormatError), (LEAST + LEAST, ParameterError),
     (LEAST.replace("https", "http"), ParameterError), (LEAST + 'client_secret = "bi-mat-viet-thang"', ParameterError),
     (LEAST + 'client_secret = "env:NOT_THERE"', ParameterError)],
)  # fmt: skip
def test_a_file_that_is_wrong_is_refused_without_its_secret(tmp_path: Path, text: str, error: type[Exception]) -> None:
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    with pytest.raises(error, match="TWIN_OIDC_FILE") as refusal:
        load_providers(str(tmp_path / "p.toml"), {})
    assert "bi-mat-viet-thang" not in str(refusal.value)


def test_a_provider_shows_no_secret(real: Real) -> None:
    assert SECRET not in repr(load_providers(str(real.file), {"TEST_OIDC_SECRET": SECRET}))
