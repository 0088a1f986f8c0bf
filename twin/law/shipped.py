"""The rules that come with the program: read from its files, checked, and put into a twin.

Loading is idempotent and never overwrites what a person entered or countersigned: a newer shipped version of such a
rule becomes a draft that waits for a person.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from twin.access.audit import audited
from twin.errors import InternalError
from twin.law.content import check_content
from twin.law.rule import Rule, State, Version, rule_body, rule_of, version_body, version_of
from twin.model.record import Put, RecordOp, canonical
from twin.model.view import ADMINISTRATOR
from twin.store.base import Store

RECORD: Final = "law_rule"
_INFO: Final = "law_shipped"
_UNKNOWN: Final = "–"
"""How the files write a value that is not known."""


def load_builtin(store: Store) -> int:
    """Put the shipped rules into a store; returns how many rules were made or got a new version."""
    digest = _digest_of_files()
    if store.info().get(_INFO) == digest:
        return 0
    held = {r.key: rule_of(r.key, r.body, r.version) for r in store.records(RECORD)}
    changed = [
        (rule, merged)
        for name, versions in shipped_rules().items()
        if (merged := _merged(rule := held.get(name, Rule(name, ())), versions)) != rule
    ]
    ops: list[RecordOp] = [
        Put(RECORD, rule.id, rule_body(merged), expect=rule.record_version) for rule, merged in changed
    ]
    if ops:
        ops.append(audited(ADMINISTRATOR, "law.load", "law:shipped", details={"digest": digest, "rules": len(ops)}))
        store.write_records(ops)
    store.put_info({_INFO: digest})
    return len(changed)


def _merged(rule: Rule, shipped: tuple[Version, ...]) -> Rule:
    for new in shipped:
        same = {v.number for v in rule.versions if v.edition == new.edition}
        if not any(v.digest == new.digest for v in rule.versions if v.number in same):
            rule = _with(rule, new, same)
    return rule


def _with(rule: Rule, new: Version, same: set[int]) -> Rule:
    """The rule with a shipped version that it does not know; ``same`` are earlier ones of its edition."""
    current = next((v for v in rule.effective if _descends(rule, v, same)), None)
    if current is None:
        untouched = not any(v.state is State.SIGNED and _overlap(v, new) for v in rule.effective)
    else:
        untouched = current.state is State.SHIPPED
    gone = {current.number} if current is not None and untouched else {v.number for v in rule.drafts} & same
    kept = [replace(v, state=State.REPLACED) if v.number in gone else v for v in rule.versions]
    state = State.SHIPPED if untouched else State.DRAFT
    replaces = None if current is None else current.number
    kept.append(replace(new, number=len(kept) + 1, state=state, replaces=replaces))
    return replace(rule, versions=tuple(kept))


def _descends(rule: Rule, version: Version, numbers: set[int]) -> bool:
    seen: Version | None = version
    while seen is not None:
        if seen.number in numbers:
            return True
        seen = rule.number(seen.replaces) if seen.replaces is not None else None
    return False


def _overlap(a: Version, b: Version) -> bool:
    first, last = date.min, date.max
    return (a.valid_from or first) < (b.valid_to or last) and (b.valid_from or first) < (a.valid_to or last)


@cache
def shipped_rules() -> Mapping[str, tuple[Version, ...]]:
    """Every shipped version by rule, in the files' order.

    Raises
    ------
    InternalError
        If a file says something twice.
    SchemaError
        If a rule is not one.
    """
    rules: dict[str, list[Version]] = {}
    for path in _data_files():
        for body in tomllib.loads(path.read_text(encoding="utf-8"))["rule"]:
            plain = _plain(body)
            version = _with_digest(version_of(str(plain.pop("id")), plain))
            check_content(version)
            before = rules.setdefault(version.rule, [])
            if any(v.edition == version.edition for v in before):
                raise InternalError(f"{version.rule}: edition {version.edition!r} is shipped twice", where=path.name)
            before.append(version)
    return {name: tuple(versions) for name, versions in rules.items()}


def _with_digest(version: Version) -> Version:
    said = canonical(version_body(version))
    return replace(version, digest=hashlib.sha256(said.encode()).hexdigest())


def _data_files() -> Iterator[Traversable]:
    folder = files("twin.law").joinpath("data")
    yield from sorted((p for p in folder.iterdir() if p.name.endswith(".toml")), key=lambda p: p.name)


@cache
def _digest_of_files() -> str:
    digest = hashlib.sha256()
    for path in _data_files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """Dates as texts and unknown values as none: what a record can hold."""
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, date):
        return value.isoformat()
    return None if value == _UNKNOWN else value
