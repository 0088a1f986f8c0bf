"""Settings of who gets in: sessions, the second factor, providers, proxies, rates."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import limits
from limits import RateLimitItem

from twin.access.sessions import SessionLimits
from twin.access.signin import SecondFactorFor
from twin.errors import ParameterError
from twin.settings import Setting, SettingValues

TRUSTED_PROXIES = Setting("TWIN_TRUSTED_PROXIES", "", "addresses or networks of proxies, with commas between")
PUBLIC_URL = Setting("TWIN_PUBLIC_URL", "", "address people reach the twin by, for instance https://twin.example.vn")
SESSION_IDLE_MIN = Setting("TWIN_SESSION_IDLE_MIN", "60", "longest pause in a session, in minutes")
SESSION_HOURS = Setting("TWIN_SESSION_HOURS", "12", "longest session, in hours")
SESSIONS_EACH = Setting("TWIN_SESSIONS_EACH", "5", "most sessions a person has at a time")
SECOND_FACTOR = Setting("TWIN_SECOND_FACTOR", "administrators", "who must use a second factor")
OIDC_FILE = Setting("TWIN_OIDC_FILE", "", "TOML file that describes OpenID providers")
RATE_SIGN_IN = Setting("TWIN_RATE_SIGN_IN", "30/minute", "requests to sign in, for each address")
RATE_SEARCH = Setting("TWIN_RATE_SEARCH", "300/minute", "searches, for each caller")
RATE_REPORTS = Setting("TWIN_RATE_REPORTS", "30/minute;200/hour", "citizen reports, for each caller")
RATE_UPLOADS = Setting("TWIN_RATE_UPLOADS", "120/minute", "uploads, for each caller")
RATE_DOCUMENTS = Setting("TWIN_RATE_DOCUMENTS", "20/minute;200/hour", "documents issued, for each caller")
RATE_ALL = Setting("TWIN_RATE_ALL", "6000/minute", "requests of any kind, for each caller")

RATES: dict[str, Setting] = {
    "sign_in": RATE_SIGN_IN,
    "search": RATE_SEARCH,
    "reports": RATE_REPORTS,
    "uploads": RATE_UPLOADS,
    "documents": RATE_DOCUMENTS,
    "all": RATE_ALL,
}
ACCESS_SETTINGS: tuple[Setting, ...] = (
    TRUSTED_PROXIES,
    PUBLIC_URL,
    SESSION_IDLE_MIN,
    SESSION_HOURS,
    SESSIONS_EACH,
    SECOND_FACTOR,
    OIDC_FILE,
    *RATES.values(),
)

Rates = dict[str, tuple[RateLimitItem, ...]]


def parse_rate(text: str, *, where: str) -> tuple[RateLimitItem, ...]:
    """Limits written as ``30/minute;200/hour``; ParameterError if they are not."""
    try:
        return tuple(limits.parse_many(text))
    except ValueError:
        raise ParameterError(f"{text!r} is not a rate", where=where, hint="Write 30/minute;200/hour.") from None


def default_rates() -> Rates:
    """The rates where nothing is set."""
    return {name: parse_rate(setting.default, where=setting.variable) for name, setting in RATES.items()}


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who gets in and how often they may ask.

    Parameters
    ----------
    trusted_proxies
        Addresses and networks whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed.
    public_url
        Scheme and host people use, ``""`` to take them from the request.
    oidc_file
        TOML file of OpenID providers; ``""`` for none.
    rates
        By class of request.
    """

    trusted_proxies: tuple[str, ...] = ()
    public_url: str = ""
    sessions: SessionLimits = field(default_factory=SessionLimits)
    second_factor: SecondFactorFor = SecondFactorFor.ADMINISTRATORS
    oidc_file: str = ""
    rates: Rates = field(default_factory=default_rates)


def from_values(values: SettingValues) -> AccessSettings:
    """Check the given texts; :class:`ParameterError` names the variable that is wrong."""
    factor = values.text(SECOND_FACTOR).strip().lower()
    if factor not in list(SecondFactorFor):
        raise ParameterError(f"{factor!r} is not nobody, administrators or staff", where=SECOND_FACTOR.variable)
    return AccessSettings(
        trusted_proxies=_networks(values.text(TRUSTED_PROXIES)),
        public_url=_url(values.text(PUBLIC_URL)),
        sessions=SessionLimits(
            idle=timedelta(minutes=values.integer(SESSION_IDLE_MIN, low=1, high=1440)),
            longest=timedelta(hours=values.integer(SESSION_HOURS, low=1, high=168)),
            each=values.integer(SESSIONS_EACH, low=1, high=100),
        ),
        second_factor=SecondFactorFor(factor),
        oidc_file=values.text(OIDC_FILE),
        rates={name: parse_rate(values.text(s), where=s.variable) for name, s in RATES.items()},
    )


def _networks(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in found:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError:
            raise ParameterError(
                f"{part!r} is no address or network",
                where=TRUSTED_PROXIES.variable,
                hint="Write for instance 10.0.0.0/8,127.0.0.1.",
            ) from None
    return found


def _url(text: str) -> str:
    url = text.strip().rstrip("/")
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
        raise ParameterError(
            f"{text!r} is not an address",
            where=PUBLIC_URL.variable,
            hint="Write https://twin.example.vn, without a path.",
        )
    return url
