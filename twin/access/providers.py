"""OpenID providers as data: who they are, and which of their claims give which role.

A TOML file lists them::

    [[provider]]
    name = "so-kh-cn"
    title = "Sở Khoa học và Công nghệ"
    issuer = "https://sso.example.vn"
    client_id = "urban-twin"
    client_secret = "env:SSO_SECRET"     # or file:/etc/twin/sso; left out for a public client
    scopes = ["openid", "profile", "email"]
    identity_claims = ["email"]          # joins who has this identity already; an e-mail only if it is verified
    create = true                        # registers who is not known yet
    role_claim = "groups"
    [provider.roles]
    "ioc-planner" = "planner"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twin.errors import FormatError, ParameterError
from twin.keys import read_secret
from twin.model.view import Role

WHERE = "TWIN_OIDC_FILE"


@dataclass(frozen=True, slots=True)
class Provider:
    """One OpenID provider."""

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    identity_claims: tuple[str, ...] = ("email",)
    create: bool = False
    role_claim: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)

    def roles_of(self, claims: Mapping[str, object]) -> frozenset[Role]:
        """The roles that somebody's claims give."""
        said = claims.get(self.role_claim) if self.role_claim else None
        values = said if isinstance(said, list) else [said]
        return frozenset(self.roles[v] for v in values if isinstance(v, str) and v in self.roles)

    def identities_of(self, claims: Mapping[str, object]) -> list[str]:
        """What of somebody's claims tells who they are here; an e-mail only if the provider has verified it."""
        found = []
        for name in self.identity_claims:
            value = claims.get(name)
            if isinstance(value, str) and value.strip() and (name != "email" or claims.get("email_verified") is True):
                found.append(value)
        return found


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    title: str = ""
    issuer: str
    client_id: str
    client_secret: str = ""
    scopes: list[str] = ["openid", "profile", "email"]
    identity_claims: list[str] = ["email"]
    create: bool = False
    role_claim: str = ""
    roles: dict[str, Role] = {}


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    provider: list[_Entry] = []


def load_providers(path: str, environ: Mapping[str, str]) -> tuple[Provider, ...]:
    """Read the providers of a file; none for ``""``.

    Raises
    ------
    FormatError
        If the file cannot be read as what it should be.
    ParameterError
        If an issuer is not https, a name comes twice, or a secret is not there.
    """
    if not path:
        return ()
    try:
        found = _File.model_validate(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise FormatError(f"{path} cannot be read: {exc}", where=WHERE) from exc
    except ValidationError as exc:
        first = exc.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise FormatError(f"{path}: {place}: {first['msg']}", where=WHERE) from exc
    names = [entry.name for entry in found.provider]
    if len(names) != len(set(names)):
        raise ParameterError(f"{path} names a provider twice", where=WHERE)
    return tuple(_provider(entry, environ) for entry in found.provider)


def _provider(entry: _Entry, environ: Mapping[str, str]) -> Provider:
    parts = urlsplit(entry.issuer)
    is_here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise ParameterError(f"the issuer {entry.issuer!r} is not reached by https", where=WHERE)
    given: dict[str, Any] = entry.model_dump()
    secret = read_secret(entry.client_secret, environ=environ, where=WHERE) if entry.client_secret else ""
    scopes = tuple(dict.fromkeys(["openid", *entry.scopes]))
    return Provider(
        **{
            **given,
            "title": entry.title or entry.name,
            "client_secret": secret,
            "scopes": scopes,
            "identity_claims": tuple(entry.identity_claims),
        }
    )
