"""Reading SensorThings entities: paths, filters, pages and expansions, each level in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from twin.errors import NotFoundError, ParameterError
from twin.model.entity import EntityKind, Navigation, entity_kind
from twin.model.layer import Layer
from twin.model.query import EntityPage, EntityQuery
from twin.model.view import View
from twin.store.embedded.database import Database
from twin.store.embedded.entity_filter import Compiler, Values
from twin.store.embedded.entity_rows import COLUMNS_READ, entity_of, spans_of
from twin.store.embedded.entity_sql import RELATION, STEPS, relations
from twin.store.embedded.geo_functions import register
from twin.store.embedded.journal import JournalPart
from twin.store.embedded.part import Moment
from twin.types import Json

Entity: TypeAlias = "dict[str, Json | EntityPage]"


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows to choose from: a whole set, or what a navigation from some entities leads to."""

    kind: EntityKind
    navigation: tuple[EntityKind, Navigation] | None = None
    parents: tuple[int, ...] = ()

    def sql(self, values: Values) -> tuple[str, str, list[str]]:
        """``FROM``, the parent's id, and conditions."""
        table = f"{RELATION[self.kind.name]} e"
        if self.navigation is None:
            return table, "0", []
        origin, navigation = self.navigation
        step = STEPS[origin.name, navigation.name]
        parent = step.parent.format(e="e")
        between = f" JOIN {step.between.format(e='e')}" if step.between else ""
        if len(self.parents) == 1:
            return table + between, parent, [f"{parent} = {values.bind(self.parents[0])}"]
        return table + between, parent, [f"{parent} IN (SELECT unnest({values.bind(list(self.parents))}))"]


class EntityReadPart(JournalPart):
    """SensorThings reads."""

    def entities(self, view: View, query: EntityQuery) -> EntityPage:
        """See :meth:`twin.store.base.Store.entities`."""
        moment = self.moment(view)
        return _Reader(self.db, moment, self.visible_layers(moment.policy)).page(query)


class _Reader:
    """One question under one resolved View."""

    def __init__(self, db: Database, moment: Moment, layers: dict[int, Layer]) -> None:
        self.db = db
        self.moment = moment
        self.prelude = relations(moment, layers)
        self.layer_names = {number: layer.name for number, layer in layers.items()}

    def page(self, query: EntityQuery) -> EntityPage:
        """Follow the path and read what it leads to."""
        source, single = self._follow(query.path)
        if single is not None:
            rows = self._fetch(source, EntityQuery((), select=query.select, top=1), only=single)
            entities = [row for _, row in rows]
            if not entities:
                raise _absent(source.kind.single, single)
            self._expand(source.kind, entities, query)
            return EntityPage(source.kind.name, single=True, entities=tuple(entities))
        return self._many(source, query)[source.parents[0] if source.parents else 0]

    def _follow(self, path: tuple[tuple[str, int | None], ...]) -> tuple[_Source, int | None]:
        """The last set of the path, and the id of the one entity meant, if it is one."""
        if not path:
            raise ParameterError("a path names at least one entity set")
        source = _Source(entity_kind(path[0][0]))
        chosen = path[0][1]
        single = chosen is not None
        if chosen is not None:
            self._find(source, chosen)
        for name, key in path[1:]:
            if not single or chosen is None:
                raise NotFoundError(f"{source.kind.name} needs an id before /{name}")
            navigation = source.kind.navigation(name)
            if navigation is None:
                raise NotFoundError(f"{source.kind.single} leads to no {name!r}")
            source = _Source(entity_kind(navigation.target), (source.kind, navigation), (chosen,))
            single = key is not None or not navigation.many
            chosen = self._find(source, key) if single else None
        return source, chosen

    def _find(self, source: _Source, key: int | None) -> int:
        """The id of the entity, if it is there."""
        values = Values()
        table, _, conditions = source.sql(values)
        if key is not None:
            conditions.append(f"e.id = {values.bind(key)}")
        rows = self._read(f"SELECT e.id FROM {table} WHERE {' AND '.join(conditions)} LIMIT 1", values)
        if not rows:
            raise _absent(source.kind.single, key)
        return int(rows[0][0])

    # -- sets -----------------------------------------------------------------------------------------------------

    def _many(self, source: _Source, query: EntityQuery) -> dict[int, EntityPage]:
        """A page of entities for each parent (0 where there is none)."""
        parents = source.parents or (0,)
        found: dict[int, list[Entity]] = {parent: [] for parent in parents}
        for parent, entity in self._fetch(source, query):
            found[parent].append(entity)
        counts = self._counts(source, query) if query.count else {}
        more = {parent: len(entities) > query.top for parent, entities in found.items()}
        kept = {parent: entities[: query.top] for parent, entities in found.items()}
        self._expand(source.kind, [e for entities in kept.values() for e in entities], query)
        return {
            parent: EntityPage(
                source.kind.name,
                single=False,
                entities=tuple(entities),
                count=counts.get(parent, 0) if query.count else None,
                more=more[parent],
            )
            for parent, entities in kept.items()
        }

    def _fetch(self, source: _Source, query: EntityQuery, *, only: int | None = None) -> list[tuple[int, Entity]]:
        """Parent and entity, in order, one more than asked for where there are more."""
        values = Values()
        compiler = Compiler(source.kind.name, values, self.moment.at)
        table, parent, conditions = source.sql(values)
        if only is not None:
            conditions.append(f"e.id = {values.bind(only)}")
        if query.filter is not None:
            conditions.append(compiler.condition(query.filter))
        keys = [(key, down) for path, down in query.order_by for key in compiler.order(path)]
        columns = COLUMNS_READ[source.kind.name]
        order = ", ".join(
            [f"o{i} {'DESC NULLS LAST' if down else 'ASC NULLS FIRST'}" for i, (_, down) in enumerate(keys)] + ["id"]
        )
        inner = ", ".join(
            [f"{parent} AS parent", *(f"e.{c}" for c in columns), *(f"{k} AS o{i}" for i, (k, _) in enumerate(keys))]
        )
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        chosen = f"SELECT {inner} FROM {table} {where}"
        last = query.skip + query.top + 1
        if len(source.parents) > 1:
            sql = (
                f"SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY parent ORDER BY {order}) AS n "
                f"FROM ({chosen})) WHERE n <= {last} AND n > {query.skip} ORDER BY parent, n"
            )
        else:
            sql = f"SELECT * FROM ({chosen}) ORDER BY {order} LIMIT {query.top + 1} OFFSET {query.skip}"
        rows = self._read(sql, values)
        entities = [(int(row[0]), entity_of(source.kind.name, row[1 : 1 + len(columns)])) for row in rows]
        for _, entity in entities:
            if "@layer" in entity:
                entity["@layer"] = self.layer_names[entity["@layer"]]
        if source.kind.name == "Datastreams":
            self._add_spans([entity for _, entity in entities], query.select)
        return entities

    def _counts(self, source: _Source, query: EntityQuery) -> dict[int, int]:
        values = Values()
        compiler = Compiler(source.kind.name, values, self.moment.at)
        table, parent, conditions = source.sql(values)
        if query.filter is not None:
            conditions.append(compiler.condition(query.filter))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._read(f"SELECT {parent} AS parent, count(*) FROM {table} {where} GROUP BY parent", values)
        return {int(number): int(count) for number, count in rows}

    def _add_spans(self, entities: Sequence[Entity], select: tuple[str, ...]) -> None:
        """What times a datastream's observations cover."""
        if not entities or (select and not {"phenomenonTime", "resultTime"} & set(select)):
            return
        values = Values()
        ids = values.bind(sorted({_id(entity) for entity in entities}))
        rows = self._read(
            "SELECT datastream, min(phenomenon_start), max(phenomenon_end), min(result_time), max(result_time) "
            f"FROM r_observation WHERE datastream IN (SELECT unnest({ids})) GROUP BY datastream",
            values,
        )
        spans = {int(row[0]): spans_of(row[1:]) for row in rows}
        for entity in entities:
            entity.update(spans.get(_id(entity), {}))

    # -- expansion ------------------------------------------------------------------------------------------------

    def _expand(self, kind: EntityKind, entities: Sequence[Entity], query: EntityQuery) -> None:
        """Put what each navigation leads to into its entities."""
        for name, nested in query.expand:
            navigation = kind.navigation(name)
            if navigation is None:
                raise ParameterError(
                    f"{kind.single} leads to no {name!r}",
                    where="$expand",
                    hint=f"Known: {', '.join(n.name for n in kind.navigations)}.",
                )
            if not entities:
                continue
            ids = tuple(sorted({_id(entity) for entity in entities}))
            source = _Source(entity_kind(navigation.target), (kind, navigation), ids)
            pages = self._many(source, nested)
            for entity in entities:
                page = pages[_id(entity)]
                entity[name] = page if navigation.many else _only(page)

    def _read(self, sql: str, values: Values) -> list[tuple[Any, ...]]:
        if values.spatial:
            register(self.db)
        return self.db.read(*values.used(f"{self.prelude} {sql}"))


def _id(entity: Entity) -> int:
    number = entity["id"]
    assert isinstance(number, int)
    return number


def _only(page: EntityPage) -> Any:
    """The entity of a page that holds one, or ``None``."""
    return page.entities[0] if page.entities else None


def _absent(single: str, key: int | None) -> NotFoundError:
    return NotFoundError(f"there is no {single}{'' if key is None else f'({key})'}")
