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


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person or program that asks."""

    name: str
    role: Role

    @property
    def is_staff(self) -> bool:
        """Whether the viewer sees layers and attributes meant for staff."""
        return self.role is not Role.CITIZEN

    @property
    def may_write(self) -> bool:
        """Whether the viewer may create and change data."""
        return self.role in {Role.INTEGRATOR, Role.ADMINISTRATOR}


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
