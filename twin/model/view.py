"""Who asks, about when, knowing what: the three parts of every question put to the twin."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from twin.types import require_aware


class Role(StrEnum):
    """What a viewer is. Citizens see what is public; everybody else is staff."""

    CITIZEN = "citizen"
    PLANNER = "planner"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    DUTY_OFFICER = "duty_officer"
    INTEGRATOR = "integrator"
    ADMINISTRATOR = "administrator"


class Access(StrEnum):
    """Who may see a layer or an attribute."""

    PUBLIC = "public"
    STAFF = "staff"


class Right(StrEnum):
    """What a viewer may do, beyond seeing. What they may see is the policy's."""

    WRITE = "write"
    """Create and change layers, features, things and observations; import files."""
    SIMULATE = "simulate"
    """Run simulations."""
    WORK = "work"
    """See and stop jobs that others started."""
    CASES = "cases"
    """Work on cases; which ones and how is said by each kind."""
    DOCUMENTS = "documents"
    """Issue documents."""
    LAW = "law"
    """Propose changes of the law's records and countersign those of others."""
    ADMINISTER = "administer"
    """People, roles, tokens, policies, kinds of cases, retention, keys."""
    AUDIT = "audit"
    """Search the audit."""


_OFFICER = frozenset({Right.CASES, Right.DOCUMENTS})
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.CITIZEN: frozenset(),
    Role.PLANNER: _OFFICER | {Right.SIMULATE, Right.LAW},
    Role.REVIEWER: _OFFICER | {Right.LAW},
    Role.OPERATOR: _OFFICER | {Right.SIMULATE, Right.WORK},
    Role.DUTY_OFFICER: _OFFICER | {Right.WORK},
    Role.INTEGRATOR: frozenset({Right.WRITE, Right.SIMULATE, Right.WORK}),
    Role.ADMINISTRATOR: frozenset({Right.WRITE, Right.SIMULATE, Right.WORK, Right.ADMINISTER, Right.AUDIT}),
}
"""Rights of each role. An administrator runs the twin and decides nothing in it: no cases, no law."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person or program that asks.

    Parameters
    ----------
    name
        The account, as it is shown and audited.
    role
        The role they act in.
    person
        Id of the human being behind the account, the same for all accounts of one person; ``""`` where nobody
        signed in. Approvals count persons.
    token
        Id of the API token or device key that was used; ``""`` for none.
    limited_to
        The rights of the role that a token was given; ``None`` for all of them.
    """

    name: str
    role: Role
    person: str = ""
    token: str = ""
    limited_to: frozenset[Right] | None = None

    @property
    def is_staff(self) -> bool:
        """Whether the viewer sees layers and attributes meant for staff."""
        return self.role is not Role.CITIZEN

    def may(self, right: Right) -> bool:
        """Whether the viewer has a right: the role has it, and the token, where one was used."""
        return right in RIGHTS[self.role] and (self.limited_to is None or right in self.limited_to)

    @property
    def may_write(self) -> bool:
        """Whether the viewer may create and change data."""
        return self.may(Right.WRITE)


CITIZEN = Viewer("anonymous", Role.CITIZEN)
ADMINISTRATOR = Viewer("system", Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class View:
    """One question's standpoint. Two reads with the same resolved View agree for ever.

    Parameters
    ----------
    viewer
        Who asks.
    at
        Valid time: the moment in the world that is asked about; ``None`` is now.
    known_at
        Recorded time: what the twin had come to know by then; ``None`` is everything recorded so far.
    """

    viewer: Viewer
    at: datetime | None = None
    known_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.at is not None:
            object.__setattr__(self, "at", require_aware(self.at, where="at"))
        if self.known_at is not None:
            object.__setattr__(self, "known_at", require_aware(self.known_at, where="known_at"))

    def with_at(self, at: datetime | None) -> View:
        """Return the same standpoint at another valid time."""
        return replace(self, at=at)
