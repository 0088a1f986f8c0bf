"""The store's contract. One behaviour suite (``tests/twin/store``) holds every backend to it.

*Reading.* Every read takes one :class:`~twin.model.view.View` first. What its viewer may not see
(:mod:`twin.model.policy`) does not exist: a hidden layer, attribute or row is answered exactly like one that was
never there. ``at`` of ``None`` means
now, ``known_at`` of ``None`` everything recorded so far; :meth:`Store.resolve` pins both, and two reads with the
same resolved View agree for ever.

*Writing.* Each writing method is one commit: all of it or nothing. It gets one recorded time, later than every
commit before it even if the wall clock went back.

*Arguments and results* are frozen dataclasses, standard types and shapely geometries, so that a store can be
reached through its owner's socket (:mod:`twin.store.remote`) exactly as in the same process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from twin.model.layer import Commit, Feature, FeatureChange, Layer, RasterItem, Source
from twin.model.link import Link, LinkRule
from twin.model.query import EntityPage, EntityQuery, Expression
from twin.model.record import Body, Condition, Entry, Record, RecordOp
from twin.model.thing import (
    Datastream,
    DatastreamState,
    Device,
    IngestReceipt,
    Observation,
    ObservationIn,
    Quarantined,
    QuarantineIn,
    SeriesPoint,
    Thing,
    ThingSpec,
)
from twin.model.view import Role, View
from twin.types import BBox, Json, LonLat


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """Count, extent and age of a layer under a View."""

    layer: Layer
    count: int
    extent: BBox | None
    newest: datetime | None
    """Recorded time of the newest version or observation."""
    revision: int
    """Count of commits that changed what the viewer may see of its features, events or grids up to ``known_at``."""


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What a role would gain and lose on a layer under another policy.

    Features (or grids) that can be seen at any time; with an ``attribute``, those it would appear on or vanish from.
    """

    role: Role
    layer: Layer
    gains: int
    loses: int
    attribute: str = ""
    before: bool = True
    """Whether the role sees the layer at all now …"""
    after: bool = True
    """… and would then."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A policy tried on a store: every layer there is with its extent, and who would gain or lose what."""

    layers: tuple[tuple[Layer, BBox | None], ...]
    changes: tuple[AccessChange, ...]


@dataclass(frozen=True, slots=True)
class ThingIds:
    """Ids given to a registered thing and its datastreams, by key."""

    thing: int
    datastreams: dict[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a commit did, for live listeners.

    ``kind`` is ``observation`` (``items`` are ``{"datastream", "uid", "layer", "key", "time", "result",
    "quality"}``), ``event`` or ``feature`` (``items`` are ``{"fid"}``), ``layer``, ``quarantine`` or ``record``
    (``items`` are ``{"kind", "key"}``; for staff only).
    """

    seq: int
    recorded_at: datetime
    kind: str
    layer: str
    items: tuple[dict[str, Json], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class FileMention:
    """A text in the store that is, or may be, the SHA-256 of a kept file."""

    digest: str
    by: str
    """What mentions it: ``layer:terrain``, ``case:7``, ``log:…``."""
    is_certain: bool
    """Whether it names a file for certain (a grid, an attribute ``…_file``)."""


class Store(Protocol):
    """What the twin needs of a store."""

    path: Path
    """The twin's file (embedded) or a local work folder (server stores)."""

    def info(self) -> dict[str, Json]:
        """What the twin says of itself: ``title``, ``title_en``, ``country``, ``synthetic``, ``center`` …."""

    def put_info(self, changes: dict[str, Json]) -> None:
        """Change some of it; a value of ``None`` removes the entry."""

    def backup(self, folder: Path) -> None:
        """Copy the store as of one commit into ``folder`` (made; ConflictError if it holds anything)."""

    def close(self) -> None:
        """Flush and close; further calls raise :class:`~twin.errors.StoreError`."""

    # -- clocks ---------------------------------------------------------------------------------------------

    def resolve(self, view: View) -> View:
        """Pin ``at`` and ``known_at``.

        ``known_at`` later than the wall clock raises :class:`~twin.errors.TimeError`; one later than the newest
        commit waits for an open write, after which every later commit is recorded after it.
        """

    # -- layers, features, events, rasters --------------------------------------------------------------------

    def put_layer(self, layer: Layer) -> Commit:
        """Create a layer or change its description. Another kind or geometry type raises ConflictError."""

    def layers(self, view: View) -> list[LayerSummary]:
        """Every layer the viewer may see, in list order."""

    def layer(self, view: View, name: str) -> LayerSummary:
        """One layer; NotFoundError if there is none, or none the viewer may see."""

    def write_features(
        self,
        layer: str,
        changes: Sequence[FeatureChange],
        source: Source,
        *,
        only_if_changed: bool = False,
        end_missing_at: datetime | None = None,
        define: Layer | None = None,
    ) -> Commit:
        """Record changes of a feature or event layer.

        ``valid_from`` of ``None`` in a change means the commit's recorded time; ``twin.types.BEGINNING`` means since
        always. An attribute the layer does not declare is declared with it, for staff only. With ``only_if_changed``
        a change equal to what is known is counted as duplicate and writes nothing. With ``end_missing_at`` every
        feature current at that time and not named in ``changes`` ends then. What a source of kind ``connector``
        writes is added to its counters.

        ``define`` makes the layer, or changes its description, in the same commit. What the commit did
        (``stored``, ``revised``, ``duplicate``, ``ended``) is added to a report that the source carries.
        """

    def features(
        self,
        view: View,
        layer: str,
        *,
        bbox: BBox | Sequence[BBox] | None = None,
        interval: tuple[datetime | None, datetime | None] | None = None,
        fids: Sequence[str] | None = None,
        where: Expression | None = None,
        limit: int | None = None,
        offset: int = 0,
        geometry: bool = True,
    ) -> list[Feature]:
        """Features holding at the View's time, or at any moment of ``interval`` (closed; ``None`` is open).

        Ordered by ``fid``; within an interval the last version of each. ``where`` may name only attributes
        the viewer sees (SchemaError otherwise). ``bbox`` selects what touches the box; of several, any will do.
        """

    def count_features(
        self,
        view: View,
        layer: str,
        *,
        bbox: BBox | Sequence[BBox] | None = None,
        interval: tuple[datetime | None, datetime | None] | None = None,
        where: Expression | None = None,
    ) -> int:
        """How many features :meth:`features` would return without limit."""

    def history(self, view: View, layer: str, fid: str) -> list[Feature]:
        """Every version of a feature recorded by ``known_at``, superseded ones with their ``recorded_to``.

        Ordered by valid time, then recorded time; ``at`` plays no part.
        """

    def within(
        self,
        view: View,
        point: LonLat,
        metres: float,
        *,
        layers: Sequence[str] | None = None,
        event_window_s: float = 3600.0,
    ) -> list[tuple[Feature, float]]:
        """Everything within ``metres`` (geodesic) of a point, nearest first, with its distance. [m]

        Events count when they touch ``[at - event_window_s, at]``.
        """

    def search(self, view: View, text: str, *, limit: int = 10) -> list[Feature]:
        """Features whose name or identifiers match, ignoring case and diacritics."""

    def put_rasters(self, items: Sequence[RasterItem], source: Source, *, define: Sequence[Layer] = ()) -> Commit:
        """Add grids to raster layers; an item with the layer and valid_from of an earlier one replaces it.

        ``define`` and the source's report are as in :meth:`write_features`.
        """

    def rasters(
        self, view: View, layer: str, *, interval: tuple[datetime | None, datetime | None] | None = None
    ) -> list[RasterItem]:
        """Grids valid at the View's time (or touching ``interval``), by valid time."""

    def raster_times(self, view: View, layer: str) -> list[datetime]:
        """Distinct valid_from times of a raster layer, ascending."""

    # -- links --------------------------------------------------------------------------------------------------

    def put_link_rule(self, rule: LinkRule) -> Commit:
        """Create or change a rule; its links are computed for all of history and kept current from then on."""

    def links(self, view: View, layer: str, fid: str) -> list[Link]:
        """Links from and to a feature, at the View's time."""

    # -- things ---------------------------------------------------------------------------------------------------

    def register_things(self, specs: Sequence[ThingSpec], source: Source) -> list[ThingIds]:
        """Register things with datastreams and devices; known ones (by layer, uid) are updated, not doubled."""

    def thing(self, view: View, layer: str, uid: str) -> Thing:
        """The thing behind a feature; NotFoundError if there is none."""

    def datastreams(
        self,
        view: View,
        *,
        ids: Sequence[int] | None = None,
        thing: int | None = None,
        layer: str | None = None,
        observed_property: str | None = None,
    ) -> list[Datastream]:
        """Datastreams by id, thing, layer or observed property, ordered by id."""

    def devices(self, view: View) -> list[Device]:
        """Every device address of things the viewer may see."""

    # -- observations -------------------------------------------------------------------------------------------

    def record_observations(
        self,
        batch: Sequence[ObservationIn],
        source: Source,
        *,
        quarantine: Sequence[QuarantineIn] = (),
        replayed: Sequence[int] = (),
    ) -> IngestReceipt:
        """Record a batch in one commit.

        Same key and same result: duplicate. Same key, other result: revision (``suspect: conflicting``
        unless it is a correction). An unknown datastream or a result of the wrong type raises SchemaError
        (ingestion checks first and quarantines). ``quarantine`` goes in with the same commit;
        ``replayed`` marks quarantined messages that went through now.
        """

    def observations(
        self,
        view: View,
        datastream: int,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Observation]:
        """Observations with phenomenon_start in ``[start, end]`` as known at ``known_at`` and not after ``at``."""

    def observation_history(self, view: View, observation: int) -> list[Observation]:
        """Every revision of an observation known at ``known_at``, oldest first."""

    def latest(self, view: View, datastreams: Sequence[int] | None = None) -> list[DatastreamState]:
        """The state of each datastream at ``at``, as known at ``known_at``; silence is shown as silence."""

    def series(
        self, view: View, datastream: int, *, start: datetime, end: datetime, points: int = 2000
    ) -> list[SeriesPoint]:
        """A series in at most ``points`` buckets of equal length, empty ones left out, extremes kept."""

    def counters(self, view: View) -> dict[str, IngestReceipt]:
        """Totals per connector (the source's name) since the twin was made."""

    def quarantined(self, view: View, *, limit: int = 100, replayed: bool = False) -> list[Quarantined]:
        """Quarantined messages, newest first (staff only; none for a citizen)."""

    # -- SensorThings entities ----------------------------------------------------------------------------------

    def entities(self, view: View, query: EntityQuery) -> EntityPage:
        """Read SensorThings entities (see :mod:`twin.model.query`)."""

    def create_entities(self, kind: str, body: dict[str, Json], source: Source) -> int:
        """Create a SensorThings entity with its deep insert, all or nothing; returns its id."""

    # -- records and logs (see twin.model.record) ----------------------------------------------------------------
    #
    # The rooms that keep them (cases, jobs, law, access, files) decide who may see what; the store takes no View.

    def write_records(self, ops: Sequence[RecordOp], source: Source | None = None) -> Commit:
        """Carry out all operations in one commit, or none.

        ConflictError if an ``expect`` does not hold; the text names the record and the version there is.
        """

    def along(self, ops: Sequence[RecordOp], method: str, /, *args: object, **kwargs: object) -> Any:
        """Call another writing method with these operations in the same commit; its result is returned.

        A method that changes nothing still commits the operations.
        """

    def record(self, kind: str, key: str, *, known_at: datetime | None = None) -> Record:
        """The current version of a record, or that known at ``known_at``; NotFoundError if there is none."""

    def records(
        self,
        kind: str,
        *,
        where: Mapping[str, Condition] | None = None,
        text: str = "",
        known_at: datetime | None = None,
        order: str = "key",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Record]:
        """Records whose top-level members meet every condition, ordered by ``key``, ``recorded`` or a member.

        ``text`` is looked for anywhere in the body, ignoring case and diacritics. A kind without history takes no
        ``known_at``.
        """

    def count_records(
        self,
        kind: str,
        *,
        where: Mapping[str, Condition] | None = None,
        text: str = "",
        known_at: datetime | None = None,
    ) -> int:
        """How many records :meth:`records` would return without limit."""

    def record_history(self, kind: str, key: str) -> list[Record]:
        """Every version of a record, oldest first; none if there never was one."""

    def entries(
        self,
        log: str,
        *,
        after: int = 0,
        before: int | None = None,
        actor: str | None = None,
        object: str | None = None,  # noqa: A002  as in Entry
        start: datetime | None = None,
        end: datetime | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> list[Entry]:
        """Entries numbered above ``after`` and below ``before``, recorded in ``[start, end]``, by actor and object."""

    def file_mentions(self) -> list[FileMention]:
        """Every text that can name a kept file, in any version of grids, features, records and logs.

        Left out are what the files' own room keeps (``file``, ``data_key``, the log ``forgotten``) and the audit.
        """

    # -- the policy (see twin.model.policy) -----------------------------------------------------------------------
    #
    # It is the record ``policy``/``current``, whose body's member ``policy`` is the document. A commit that writes one
    # which is none fails with SchemaError; from the commit on it holds in every read.

    def policy_key(self, view: View) -> str:
        """Short text equal for viewers who see the same, for keys of caches and ETags.

        It changes when a policy is published, and when what the viewer saw becomes hidden.
        """

    def rehearse_policy(self, policy: Body) -> Rehearsal:
        """What a policy would change for each role, counted exactly; nothing is kept."""

    # -- provenance, change, health ------------------------------------------------------------------------------

    def add_source(self, source: Source) -> Source:
        """Store a source by itself (a refused import, a run) and return it with its id."""

    def source(self, view: View, source_id: int) -> Source:
        """One source; a citizen sees neither who acted nor internal reports."""

    def sources(self, view: View, *, kind: str | None = None, limit: int = 50) -> list[Source]:
        """The newest sources of a kind."""

    def last_seq(self) -> int:
        """Sequence number of the newest commit."""

    def wait_for_commit(self, after: int, timeout_s: float) -> int:
        """Wait until a commit later than ``after`` exists or the time is up; the newest sequence number."""

    def changes(self, view: View, after: int, *, limit: int = 1000) -> list[Change]:
        """What the viewer may see of the commits later than ``after``, in order."""

    def breakpoints(self, view: View, layers: Iterable[str], start: datetime, end: datetime) -> list[datetime]:
        """Valid times in ``[start, end]`` at which any of the layers changes."""

    def check(self) -> dict[str, Json]:
        """Invariants and sizes, for ``twin doctor``: ``{"ok": bool, "problems": [...], "rows": {...}}``."""
