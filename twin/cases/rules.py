"""Who may do what to a case: pure functions of the viewer, the case and the kind."""

from __future__ import annotations

from collections.abc import Sequence

from twin.cases.case import Case, Who
from twin.cases.kind import ASSIGNED, OPENER, Transition
from twin.model.view import Role, Viewer
from twin.types import Json


def role_fits(viewer: Viewer, case: Case, wanted: Transition, *, as_opener: bool) -> bool:
    """Whether the viewer's role, or what they are to the case, lets them carry it out."""
    person = viewer.person
    return (
        any_role(viewer, wanted.roles)
        or (OPENER in wanted.roles and (as_opener or bool(person and person == case.opener.person)))
        or (ASSIGNED in wanted.roles and bool(person and case.assigned and person == case.assigned.person))
    )


def refusal(viewer: Viewer, case: Case, wanted: Transition) -> str | None:
    """Why this viewer is not the other person that a decision needs."""
    if not wanted.is_separate:
        return None
    approved = {who.person for who in case.approvals.get(wanted.name, ())}
    reasons = (
        (viewer.role is Role.ADMINISTRATOR, "an administrator decides nothing"),
        (not viewer.person, "a decision needs a person who has signed in"),
        (bool(viewer.token), "a decision is made by a person, not by a program's token"),
        (viewer.person in case.authors, "who wrote it may not decide on it"),
        (viewer.person in approved, "the same person has approved already; another is needed"),
    )
    return next((text for is_so, text in reasons if is_so), None)


def who_is(viewer: Viewer) -> Who:
    """The person's id alone; a name only where nobody signed in (it is then a role's or a program's)."""
    return Who(viewer.person) if viewer.person else Who("", viewer.name)


def any_role(viewer: Viewer, roles: Sequence[str]) -> bool:
    """Whether a role is among them; ``citizen`` lets in anybody."""
    return viewer.role.value in roles or Role.CITIZEN.value in roles


def keys_of(viewer: Viewer) -> list[Json]:
    """What opens a case to a viewer."""
    keys: list[Json] = [f"role:{viewer.role.value}", "role:citizen"]
    return [*keys, f"person:{viewer.person}"] if viewer.person else keys
