"""A kind of case as data: its states, transitions, roles, clocks and form.

What a kind says is checked by :mod:`twin.cases.kind_check`; here is only its shape, and its way to JSON and back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from typing import Any, Final, TypeAlias, cast

from twin.errors import SchemaError
from twin.types import Json

OPENER: Final = "opener"
"""Among the roles of a transition: whoever opened the case."""
ASSIGNED: Final = "assigned"
"""Among the roles of a transition: the person the case is assigned to."""

Body: TypeAlias = dict[str, Json]


class Reason(StrEnum):
    """Whether a transition asks why."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class Unit(StrEnum):
    """What a clock counts in."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    """24 hours each, on all days."""
    MONTHS = "months"
    """To the end of the same day of a later month, or of the next working day (Civil Code 2015, Art. 148)."""
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    """Whole days; that of the event is not counted (Civil Code 2015, Arts. 147-148)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a choice."""

    value: str
    title: str
    title_en: str = ""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    ``type`` is ``text``, ``longtext``, ``choice``, ``number``, ``boolean``, ``date``, ``file`` (SHA-256), ``place``
    (``[lon, lat]``) or ``json`` (a structure that one of the kind's checks understands). A personal field is kept
    sealed under ``retention``, the class that says how long.
    """

    name: str
    type: str
    title: str = ""
    title_en: str = ""
    required: bool = False
    choices: tuple[Choice, ...] = ()
    unit: str = ""
    personal: bool = False
    retention: str = ""
    many: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Met when a field of the body holds one of the values."""

    field: str
    values: tuple[Json, ...]

    def met(self, body: Mapping[str, Json]) -> bool:
        """Whether the body meets it; of a list any value will do."""
        held = body.get(self.field)
        return held in self.values or (isinstance(held, list) and any(value in self.values for value in held))


@dataclass(frozen=True, slots=True)
class State:
    """One state; from an end there is no way on."""

    name: str
    title: str = ""
    title_en: str = ""
    end: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from states to a state.

    Parameters
    ----------
    sources
        States it starts from (``from`` in JSON).
    to
        Where it leads; may be the state it came from.
    roles
        Who may: names of roles, ``opener``, ``assigned``. None: only the clock or the end of the children may.
    approvals
        How many different persons must carry it out before it takes effect.
    separate
        Whoever wrote what is decided on may not be among them; always so with more than one approval. Such a
        transition needs a signed-in person, never an administrator, never a program's token.
    reason, form
        What is asked; ``form`` values go into the body. ``edits`` names fields of the kind's own form that may be
        changed, ``*`` all of them.
    once
        How many times it may happen in one case; ``None``: any number.
    when
        Conditions on the body, all to be met.
    children
        ``ended``: only when every case opened under this one has ended.
    checks, effect
        Names of code registered in :mod:`twin.cases.extension`.
    timer
        The clock that, when it runs out, carries it out.
    automatic
        Carried out by itself as soon as ``children`` and ``when`` are met.
    """

    name: str
    sources: tuple[str, ...]
    to: str
    title: str = ""
    title_en: str = ""
    roles: tuple[str, ...] = ()
    approvals: int = 1
    separate: bool = False
    reason: Reason = Reason.OPTIONAL
    form: tuple[FormField, ...] = ()
    edits: tuple[str, ...] = ()
    once: int | None = None
    when: tuple[Condition, ...] = ()
    children: str = ""
    checks: tuple[str, ...] = ()
    effect: str = ""
    timer: str = ""
    automatic: bool = False

    @property
    def is_separate(self) -> bool:
        """Whether persons other than the authors must decide."""
        return self.separate or self.approvals > 1


@dataclass(frozen=True, slots=True)
class Amount:
    """A length of time."""

    number: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class AmountFor:
    """The length of time for some values of a field."""

    values: tuple[Json, ...]
    amount: Amount


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens when a share of a clock is used: roles are told, a person gets the case."""

    share: float
    tell: tuple[str, ...] = ()
    assign: str = ""
    """Id of a person."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time allowed for something.

    It runs from the first entry into one of the states ``runs``, is stopped in ``stops`` (what was used is kept),
    goes on when a state of ``runs`` is entered again, and is met in ``meets``. Other states change nothing.

    Parameters
    ----------
    budget
        The time allowed, unless ``by`` (a field of the body) has a value listed in ``amounts``.
    when
        It never starts unless the body meets this.
    again
        Whether it starts anew when a state of ``runs`` is entered after it was met.
    """

    name: str
    budget: Amount
    runs: tuple[str, ...]
    meets: tuple[str, ...]
    stops: tuple[str, ...] = ()
    title: str = ""
    title_en: str = ""
    by: str = ""
    amounts: tuple[AmountFor, ...] = ()
    when: Condition | None = None
    again: bool = False
    escalations: tuple[Escalation, ...] = ()

    def amount(self, body: Mapping[str, Json]) -> Amount:
        """The time allowed for a case with that body."""
        held = body.get(self.by) if self.by else None
        return next((a.amount for a in self.amounts if held in a.values), self.budget)


@dataclass(frozen=True, slots=True)
class CaseKind:
    """A kind of case.

    Parameters
    ----------
    code
        Two to four capital letters that codes of cases begin with (``PA-2026-000123``).
    form
        What opens a case.
    open_roles
        Who may open one; ``citizen`` means anybody.
    seen_by
        Roles that see its cases, besides who may act on them, who opened one, and whom it is assigned to.
    title_field
        The field that names a case; not a personal one.
    checks, on_open
        Code that looks at the body whenever it changes, and that acts when a case is opened.
    """

    name: str
    code: str
    initial: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    title: str = ""
    title_en: str = ""
    clocks: tuple[Clock, ...] = ()
    form: tuple[FormField, ...] = ()
    open_roles: tuple[str, ...] = ()
    seen_by: tuple[str, ...] = ()
    title_field: str = ""
    checks: tuple[str, ...] = ()
    on_open: str = ""
    version: int = 0
    """Given by the store; 0 for a draft."""

    def state(self, name: str) -> State | None:
        """The state of that name."""
        return next((s for s in self.states if s.name == name), None)

    def transition(self, name: str) -> Transition | None:
        """The transition of that name."""
        return next((t for t in self.transitions if t.name == name), None)

    def clock(self, name: str) -> Clock | None:
        """The clock of that name."""
        return next((c for c in self.clocks if c.name == name), None)

    def field(self, name: str) -> FormField | None:
        """The field of that name, of the kind's form or of a transition's."""
        return next((f for f in self.fields if f.name == name), None)

    @property
    def fields(self) -> tuple[FormField, ...]:
        """Every field a body may hold."""
        return (*self.form, *(f for t in self.transitions for f in t.form))

    @property
    def readers(self) -> frozenset[str]:
        """Roles that see the kind's cases."""
        acting = {role for t in self.transitions for role in t.roles} - {OPENER, ASSIGNED, "citizen"}
        return frozenset(self.seen_by) | acting


_Data: TypeAlias = Mapping[str, Any]


def kind_to_json(kind: CaseKind) -> Body:
    """Everything a kind says, but its version."""
    said = cast("Body", _plain(kind))
    del said["version"]
    return said


def _plain(value: object) -> Json:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if hasattr(value, "__dataclass_fields__"):
        names = [f.name for f in fields(cast("Any", value))]
        return {("from" if n == "sources" else n): _plain(getattr(value, n)) for n in names}
    return cast("Json", value)


def kind_from_json(data: object, *, version: int = 0) -> CaseKind:
    """The kind that JSON describes; SchemaError names the member that is not as it should be."""
    body = _object(data, "kind")
    return CaseKind(
        **_members(CaseKind, body, "kind", {
            "states": lambda v, w: _each(v, w, lambda x, p: State(**_members(State, x, p))),
            "transitions": lambda v, w: _each(v, w, _transition),
            "clocks": lambda v, w: _each(v, w, _clock),
            "form": _form,
        }, skip=("version",)),
        version=version,
    )  # fmt: skip


def _transition(data: _Data, where: str) -> Transition:
    renamed = {("sources" if k == "from" else k): v for k, v in data.items()}
    readers = {"form": _form, "when": lambda v, w: _each(v, w, _condition), "reason": _reason}
    return Transition(**_members(Transition, renamed, where, readers))


def _clock(data: _Data, where: str) -> Clock:
    readers = {
        "budget": _amount,
        "amounts": lambda v, w: _each(v, w, _amount_for),
        "when": lambda v, w: None if v is None else _condition(_object(v, w), w),
        "escalations": lambda v, w: _each(v, w, lambda x, p: Escalation(**_members(Escalation, x, p))),
    }
    return Clock(**_members(Clock, data, where, readers))


def _amount_for(data: _Data, where: str) -> AmountFor:
    return AmountFor(**_members(AmountFor, data, where, {"values": _values, "amount": _amount}))


def _amount(data: object, where: str) -> Amount:
    def unit(value: object, place: str) -> Unit:
        try:
            return Unit(str(value))
        except ValueError:
            known = ", ".join(u.value for u in Unit)
            raise SchemaError(f"{value!r} is no unit of a clock", where=place, hint=f"Use one of {known}.") from None

    return Amount(**_members(Amount, _object(data, where), where, {"unit": unit}))


def _condition(data: _Data, where: str) -> Condition:
    return Condition(**_members(Condition, data, where, {"values": _values}))


def _values(data: object, where: str) -> tuple[Json, ...]:
    if not isinstance(data, list):
        raise SchemaError("a list of values is needed", where=where)
    return tuple(data)


def _reason(data: object, where: str) -> Reason:
    try:
        return Reason(str(data))
    except ValueError:
        raise SchemaError(f"{data!r} is not required, optional or none", where=where) from None


def _form(data: object, where: str) -> tuple[FormField, ...]:
    def one(item: _Data, place: str) -> FormField:
        choices = {"choices": lambda v, w: _each(v, w, lambda x, p: Choice(**_members(Choice, x, p)))}
        return FormField(**_members(FormField, item, place, choices))

    return _each(data, where, one)


def _object(data: object, where: str) -> _Data:
    if not isinstance(data, dict):
        raise SchemaError("an object is needed", where=where)
    return data


def _each(data: object, where: str, read: Any) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise SchemaError("a list is needed", where=where)
    return tuple(read(_object(item, f"{where}[{n}]"), f"{where}[{n}]") for n, item in enumerate(data))


def _members(
    cls: Any, data: _Data, where: str, readers: Mapping[str, Any] | None = None, *, skip: Sequence[str] = ()
) -> dict[str, Any]:
    """Values for a dataclass: each member by its own reader, or of the plain type its annotation names."""
    types = {f.name: str(f.type) for f in fields(cls) if f.name not in skip}
    unknown = sorted(set(data) - set(types) - set(skip))
    if unknown:
        raise SchemaError(f"{unknown[0]!r} is not known here", where=where, hint=f"Known are {', '.join(types)}.")
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name in skip:
            continue
        place = f"{where}.{name}"
        reader = (readers or {}).get(name)
        found[name] = reader(value, place) if reader else _plain_value(value, types[name], place)
    missing = [f.name for f in fields(cls) if f.name in types and f.name not in found and _has_no_default(f)]
    if missing:
        raise SchemaError(f"{missing[0]!r} is missing", where=where)
    return found


def _has_no_default(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _plain_value(value: object, kind: str, where: str) -> Any:
    kinds, optional = kind.removesuffix(" | None"), kind.endswith(" | None")
    if optional and value is None:
        return None
    if kinds == "tuple[str, ...]":
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise SchemaError(f"{value!r} is no list of texts", where=where)
    wanted = {"str": str, "bool": bool, "int": int, "float": int | float}[kinds]
    if not isinstance(value, wanted) or (isinstance(value, bool) and kinds != "bool"):
        raise SchemaError(f"{value!r} is not of type {kinds}", where=where)
    return value
