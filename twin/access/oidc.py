"""Signing in at an OpenID provider: authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636).

What must be remembered between the two halves (state, nonce, verifier) goes sealed into a cookie of the browser that
began, so that another browser cannot finish.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from twin.access.providers import Provider
from twin.access.sealing import equal, new_secret, seal, unseal
from twin.errors import ExternalError, SignInError
from twin.keys import KeyFolder

BEGUN_S: Final = 600
"""How long signing in at a provider may take. [s]"""
SKEW_S: Final = 60
"""How far the provider's clock may be from ours. [s]"""
_METADATA_S: Final = 3600.0
_TIMEOUT_S: Final = 10.0
_ABOUT: Final = "oidc-begun"
_ALGORITHMS: Final = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
]
"""Signatures by the provider's private key only: neither none nor a shared secret."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The first half: where to send the browser, and what it must bring back."""

    url: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Known:
    """The second half: what the provider says of the person, checked."""

    subject: str
    claims: Mapping[str, Any]
    next: str
    link: str
    """Person who was signed in and asked to link this provider's account; ``""`` for none."""


@dataclass(frozen=True, slots=True)
class _Metadata:
    document: Mapping[str, Any]
    keys: KeySet
    read_at: float


class OpenId:
    """The providers' clients."""

    def __init__(self, keys: KeyFolder) -> None:
        self._keys = keys
        self._metadata: dict[str, _Metadata] = {}
        self._lock = threading.Lock()

    def begin(self, provider: Provider, *, redirect: str, next_path: str = "/", link: str = "") -> Begun:
        """Begin to sign in; ``redirect`` is our callback's address."""
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        said = {
            "provider": provider.name,
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "redirect": redirect,
            "next": next_path,
            "link": link,
            "until": time.time() + BEGUN_S,
        }
        digested = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect,
            "scope": " ".join(provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digested).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        address = str(self._of(provider).document["authorization_endpoint"])
        joint = "&" if "?" in address else "?"
        return Begun(f"{address}{joint}{urlencode(query)}", seal(self._keys, json.dumps(said), about=_ABOUT))

    def finish(self, provider: Provider, sealed: str, answer: Mapping[str, str]) -> Known:
        """What the provider says of who came back.

        Raises
        ------
        SignInError
            If the answer does not belong to what was begun, or does not hold.
        ExternalError
            If the provider does not answer.
        """
        begun = json.loads(unseal(self._keys, sealed, about=_ABOUT))
        if begun["provider"] != provider.name or begun["until"] < time.time():
            raise SignInError("signing in at the provider took too long", hint="Begin again.")
        if not equal(begun["state"], answer.get("state", "")):
            raise SignInError("the answer belongs to another attempt to sign in", where="state", hint="Begin again.")
        if answer.get("iss", provider.issuer) != provider.issuer:
            raise SignInError("another provider has answered", where="iss")
        if "error" in answer or not answer.get("code"):
            raise SignInError("the provider did not let you in", where=answer.get("error", "code")[:60])
        tokens = self._exchange(provider, answer["code"], begun)
        claims = self._checked(provider, str(tokens.get("id_token", "")), begun["nonce"])
        more = self._userinfo(provider, str(tokens.get("access_token", "")), claims)
        return Known(str(claims["sub"]), {**more, **claims}, str(begun["next"]), str(begun["link"]))

    def _exchange(self, provider: Provider, code: str, begun: Mapping[str, Any]) -> dict[str, Any]:
        document = self._of(provider).document
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": str(begun["redirect"]),
            "code_verifier": str(begun["verifier"]),
        }
        ways = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if not provider.client_secret:
            form["client_id"] = provider.client_id
        elif "client_secret_basic" in ways:
            auth = httpx.BasicAuth(_form(provider.client_id), _form(provider.client_secret))
        else:
            form |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
        return self._ask("POST", str(document["token_endpoint"]), data=form, auth=auth)

    def _checked(self, provider: Provider, token: str, nonce: str) -> dict[str, Any]:
        """The claims of an id token whose signature and claims hold (OpenID Connect Core 3.1.3.7)."""
        try:
            try:
                decoded = jwt.decode(token, self._of(provider).keys, algorithms=_ALGORITHMS)
            except (JoseError, ValueError):
                # The provider may have changed its keys since they were read.
                decoded = jwt.decode(token, self._of(provider, anew=True).keys, algorithms=_ALGORITHMS)
            rules = jwt.JWTClaimsRegistry(
                leeway=SKEW_S,
                iss={"essential": True, "value": provider.issuer},
                aud={"essential": True, "value": provider.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            rules.validate(decoded.claims)
        except (JoseError, ValueError) as exc:
            raise SignInError(
                "what the provider says cannot be believed", where=type(exc).__name__, hint="Begin again."
            ) from exc
        audience, party = decoded.claims["aud"], decoded.claims.get("azp")
        is_shared = isinstance(audience, list) and len(audience) > 1
        if (party is not None or is_shared) and party != provider.client_id:
            raise SignInError("the id token was made for somebody else", where="azp")
        return decoded.claims

    def _userinfo(self, provider: Provider, access: str, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Claims that the provider gives at its userinfo endpoint only; of the same subject, or none."""
        address = self._of(provider).document.get("userinfo_endpoint")
        wanted = {provider.role_claim, "name", *provider.identity_claims} - {""}
        if not address or not access or wanted <= set(claims):
            return {}
        found = self._ask("GET", str(address), headers={"Authorization": f"Bearer {access}"})
        if found.get("sub") != claims["sub"]:
            raise SignInError("the provider speaks of somebody else", where="userinfo")
        return found

    # -- the provider's own description ---------------------------------------------------------------------------

    def _of(self, provider: Provider, *, anew: bool = False) -> _Metadata:
        with self._lock:
            known = self._metadata.get(provider.name)
        if known is not None and not anew and time.monotonic() - known.read_at < _METADATA_S:
            return known
        place = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        document = self._ask("GET", place)
        if document.get("issuer") != provider.issuer:
            raise ExternalError("the provider gives itself another name", where=provider.name)
        try:
            keys = KeySet.import_key_set(cast("Any", self._ask("GET", str(document["jwks_uri"]))))
        except (JoseError, KeyError, ValueError, TypeError) as exc:
            raise ExternalError("the provider's keys cannot be read", where=provider.name) from exc
        found = _Metadata(document, keys, time.monotonic())
        with self._lock:
            self._metadata[provider.name] = found
        return found

    def _ask(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        try:
            with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False) as client:
                response = client.request(method, address, **more)
            body = response.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
            raise ExternalError(f"the provider does not answer: {type(exc).__name__}", where=address) from exc
        if response.status_code in (400, 401, 403):
            raise SignInError("the provider did not accept the sign-in", hint="Begin again.")
        if response.status_code != 200 or not isinstance(body, dict):
            raise ExternalError(f"the provider answers {response.status_code}", where=address)
        return cast("dict[str, Any]", body)


def _form(text: str) -> str:
    """As RFC 6749 2.3.1 wants name and secret inside the header."""
    return urlencode({"": text})[1:]
