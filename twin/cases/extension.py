"""What code adds to a kind. States and rules are data; what a transition does in the world is code, by name.

A *check* looks at what is about to be committed and raises if it may not be. An *effect* says what else belongs to
the same commit: operations on records, one other write of the store, further changes of the body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from twin.cases.case import Case
from twin.cases.kind import Body, CaseKind, Transition
from twin.errors import SchemaError
from twin.model.record import RecordOp
from twin.model.view import Viewer
from twin.store.base import Store


@dataclass(frozen=True, slots=True)
class Act:
    """What is about to be committed.

    Parameters
    ----------
    case
        The case before; ``None`` when one is opened.
    transition
        ``None`` when a case is opened.
    body
        The body as it will be, with ``changes`` in it.
    id
        The case's id.
    """

    store: Store
    viewer: Viewer
    kind: CaseKind
    id: str
    case: Case | None
    transition: Transition | None
    body: Body
    changes: Body
    now: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """One writing method of the store, called in the same commit."""

    method: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effects:
    """What belongs to the same commit."""

    changes: Body = field(default_factory=dict)
    """Further changes of the body, in fields of the kind or under names that begin with ``_``."""
    ops: tuple[RecordOp, ...] = ()
    write: Write | None = None
    title: str = ""
    """A new title of the case; ``""`` leaves it."""


Check: TypeAlias = Callable[[Act], None]
Effect: TypeAlias = Callable[[Act], Effects]


Visible: TypeAlias = Callable[[Store, Viewer, Case], bool]


@dataclass(frozen=True, slots=True)
class Extensions:
    """Checks and effects by the name that kinds call them.

    ``visible`` says, by kind, whether the policy lets a viewer see what a case speaks of; a case it does not is none.
    """

    checks: Mapping[str, Check] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)
    visible: Mapping[str, Visible] = field(default_factory=dict)
    deciding: frozenset[str] = frozenset()
    """Effects that only another person than the author may bring about, whatever a kind says."""

    def sees(self, store: Store, viewer: Viewer, case: Case) -> bool:
        """Whether nothing a case speaks of is hidden from a viewer."""
        look = self.visible.get(case.kind)
        return look is None or look(store, viewer, case)

    def check(self, name: str) -> Check:
        """The check of that name."""
        try:
            return self.checks[name]
        except KeyError:
            raise SchemaError(f"this program has no check {name!r}") from None

    def effect(self, name: str) -> Effect:
        """The effect of that name."""
        try:
            return self.effects[name]
        except KeyError:
            raise SchemaError(f"this program has no effect {name!r}") from None
