"""The opened twin: everything the core holds, for Python and for every room above."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from twin.access.audit import audited
from twin.cases.engine import Cases
from twin.cases.personal import VaultData
from twin.errors import ForbiddenError, NotFoundError, NoTwinError, ParameterError, StoreBusyError, StoreError
from twin.files import backup, registry, retention
from twin.files.backup import Manifest
from twin.files.blobs import Files
from twin.files.datakeys import DataKeys, SafeSettings, safe_of
from twin.files.retention import RetentionReport
from twin.files.vault import Vault
from twin.files.verifying import verify
from twin.geo.crs import from_wgs84
from twin.keys import KeyFolder
from twin.law.shipped import load_builtin
from twin.model.layer import Feature, Layer
from twin.model.record import RecordOp
from twin.model.thing import Datastream, DatastreamState
from twin.model.view import Right, Role, View, Viewer
from twin.store.base import Store
from twin.types import Json, LonLat, parse_time

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


class Twin:
    """An opened twin. Use as a context manager, or call :meth:`close`.

    Parameters
    ----------
    store
        Where everything is kept.
    files
        Content-addressed files beside it.
    viewer
        Who acts; methods that take a View of their own ignore it.
    keys
        The twin's own keys, beside it and in no backup.
    safe
        Where the master key of personal data comes from, and the second place of its keys.
    """

    def __init__(
        self, store: Store, files: Files, viewer: Viewer, keys: KeyFolder, safe: SafeSettings | None = None
    ) -> None:
        self.store = store
        self.files = files
        self.viewer = viewer
        self.keys = keys
        self.safe = safe or SafeSettings()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the store."""
        self.store.close()

    def as_viewer(self, viewer: Viewer) -> Twin:
        """The same opened twin for another viewer."""
        return Twin(self.store, self.files, viewer, self.keys, self.safe)

    @cached_property
    def vault(self) -> Vault:
        """Personal data: seals, opens, forgets."""
        known = self.store.info().get("id")
        if not isinstance(known, str):  # made before twins had an id
            known = uuid.uuid4().hex
            self.store.put_info({"id": known})
        return Vault(self.store, self.files, DataKeys(self.keys, self.safe, known))

    @property
    def cases(self) -> Cases:
        """The cases, with personal values in the vault."""
        return Cases(self.store, personal=VaultData(self.vault))

    def view(self, at: datetime | None = None, known_at: datetime | None = None) -> View:
        """The viewer's standpoint."""
        return View(self.viewer, at, known_at)

    def info(self) -> dict[str, Json]:
        """What the twin says of itself."""
        return self.store.info()

    def backup(self, folder: str | Path) -> Manifest:
        """Copy the twin as of one commit, with its files, into a new folder, check the copy and list what it holds."""
        from twin.store.embedded.store import EmbeddedStore  # noqa: PLC0415  the driver is loaded when it is needed

        target = Path(folder).resolve()
        damaged = backup.copy(self.store, self.files, target)
        with closing(EmbeddedStore(target / backup.STORE)) as copied:
            made = backup.describe(copied, target, damaged, self.vault.keys, datetime.now(UTC))
        return backup.write(target, made)

    def broken_files(self, *, budget: int | None = None) -> list[str]:
        """SHA-256 of kept files whose content changed, and of those that are referred to and not kept.

        ``budget`` limits how much is read (see :func:`twin.files.verifying.verify`). [bytes]
        """
        lost = [item.digest for item in registry.missing(self.store, self.files)]
        return [*verify(self.files, budget=budget).damaged, *lost]

    def forget(self, subject: str, *, reason: str) -> int:
        """Forget a subject's personal data on request, audited; how many keys were destroyed.

        Raises
        ------
        ForbiddenError
            If the viewer does not administer.
        ConflictError
            If the data is under a legal hold.
        """
        self._require_administrator()
        if not reason.strip():
            raise ParameterError("a reason is needed", where="reason")
        name = f"subject:{self.vault.keys.name_of(subject)}"

        def entry(details: dict[str, Json]) -> RecordOp:
            return audited(self.viewer, "files.forget", name, details={**details, "reason": reason})

        return self.vault.forget(subject, rule=f"request: {reason}", audit=entry)

    def apply_retention(self, now: datetime | None = None) -> RetentionReport:
        """Forget what is past its time (see :func:`twin.files.retention.apply`), audited."""
        self._require_administrator()
        return retention.apply(self.vault, now=now, audit=self._retired, ended=self._ended)

    def _ended(self, by: str) -> datetime | None:
        """When a case that refers to a file ended."""
        kind, _, key = by.partition(":")
        if kind != "case":
            return None
        try:
            body = self.store.record("case", key).body
        except NotFoundError:
            return None
        return None if body["open"] else parse_time(str(body["ended"]), where=by)

    def hold(self, subject: str, *, reason: str) -> None:
        """Put a subject's data under a legal hold, audited."""
        self._require_administrator()
        op = self.vault.hold(subject, reason, by=self.viewer.person or self.viewer.name, now=datetime.now(UTC))
        name = f"subject:{self.vault.keys.name_of(subject)}"
        self.store.write_records([op, audited(self.viewer, "files.hold", name, details={"reason": reason})])

    def lift(self, subject: str, *, reason: str) -> None:
        """Lift a legal hold, audited; NotFoundError if there is none."""
        self._require_administrator()
        name = f"subject:{self.vault.keys.name_of(subject)}"
        op = audited(self.viewer, "files.lift", name, details={"reason": reason})
        self.store.write_records([self.vault.lift(subject), op])

    def _retired(self, details: dict[str, Json]) -> RecordOp:
        return audited(self.viewer, "files.retire", "retention:applied", details=details)

    def _require_administrator(self) -> None:
        if not self.viewer.may(Right.ADMINISTER):
            raise ForbiddenError("only administrators may do this", where=self.viewer.role.value)

    def layers(self) -> list[Layer]:
        """Every layer the viewer may see."""
        return [summary.layer for summary in self.store.layers(self.view())]

    def layer(self, name: str, at: datetime | None = None, known_at: datetime | None = None) -> LayerAt:
        """A layer as it was at ``at``, as known at ``known_at``; NotFoundError if there is none."""
        view = self.store.resolve(self.view(at, known_at))
        return LayerAt(self.store, self.store.layer(view, name).layer, view)

    def datastream(self, number: int) -> DatastreamOf:
        """A datastream by its id; NotFoundError if there is none."""
        found = self.store.datastreams(self.view(), ids=[number])
        if not found:
            raise NotFoundError(f"there is no datastream {number}")
        return DatastreamOf(self.store, found[0], self.viewer)

    def state(self, at: datetime | None = None, known_at: datetime | None = None) -> list[DatastreamState]:
        """The state of every datastream at ``at``, as known at ``known_at``."""
        return self.store.latest(self.view(at, known_at))

    def within(
        self,
        point: LonLat | tuple[float, float],
        metres: float,
        at: datetime | None = None,
        known_at: datetime | None = None,
        *,
        layers: Sequence[str] | None = None,
    ) -> list[tuple[Feature, float]]:
        """Everything within ``metres`` of ``point`` (lon, lat) at ``at``, as known at ``known_at``, nearest first."""
        place = point if isinstance(point, LonLat) else LonLat(*point)
        return self.store.within(self.view(at, known_at), place, metres, layers=layers)


class LayerAt:
    """A layer under one resolved View."""

    def __init__(self, store: Store, layer: Layer, view: View) -> None:
        self.store = store
        self.layer = layer
        self.view = view

    def features(self) -> list[Feature]:
        """Its features, ordered by id."""
        return self.store.features(self.view, self.layer.name)

    def to_geodataframe(self, crs: int | str = 4326) -> gpd.GeoDataFrame:
        """One row a feature: id as index, attributes, ``valid_from``, ``valid_to``, ``recorded_from``, geometry.

        Geometry is WGS 84, or ``crs`` through the pinned transformation.
        """
        import geopandas as gpd  # noqa: PLC0415  half a second that most commands do not need

        features = self.features()
        name = f"EPSG:{crs}" if isinstance(crs, int) else crs
        shapes: Sequence[Any] = [f.geometry for f in features]
        if name.upper() != "EPSG:4326":
            moved = iter(from_wgs84([s for s in shapes if s is not None], name))
            shapes = [None if s is None else next(moved) for s in shapes]
        named = [f.name for f in self.layer.fields if any(f.name in x.properties for x in features)]
        columns: dict[str, list[object]] = {name: [] for name in named}
        for column, values in columns.items():
            values.extend(feature.properties.get(column) for feature in features)
        for column in ("valid_from", "valid_to", "recorded_from"):
            columns[column] = [getattr(f, column) for f in features]
        return gpd.GeoDataFrame(columns, geometry=list(shapes), index=[f.fid for f in features], crs=name)


class DatastreamOf:
    """A datastream of an opened twin."""

    def __init__(self, store: Store, datastream: Datastream, viewer: Viewer) -> None:
        self.store = store
        self.datastream = datastream
        self.viewer = viewer

    def to_dataframe(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> pd.DataFrame:
        """Observations by phenomenon time, with result, quality, reason, phenomenon_end and recorded_from."""
        import pandas as pd  # noqa: PLC0415  as above

        found = self.store.observations(View(self.viewer, at, known_at), self.datastream.id, start=start, end=end)
        return pd.DataFrame(
            {
                "result": [o.result for o in found],
                "quality": [o.quality.label for o in found],
                "reason": [o.reason for o in found],
                "phenomenon_end": [o.phenomenon_end for o in found],
                "recorded_from": [o.recorded_from for o in found],
            },
            index=pd.DatetimeIndex([o.phenomenon_start for o in found], name="phenomenon_start", tz="UTC"),
        )


def system_user() -> Viewer:
    """The operating-system user, who administers their own twins."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "system"
    return Viewer(name, Role.ADMINISTRATOR)


def files_of(path: Path) -> Files:
    """The files beside a twin's store: ``x.duckdb`` has ``x.files/``."""
    return Files(path.with_suffix(".files"))


def keys_of(path: Path) -> KeyFolder:
    """The keys beside a twin's store: ``x.duckdb`` has ``x.keys/``."""
    return KeyFolder(path.with_suffix(".keys"))


def create(place: str | Path, info: dict[str, Json] | None = None) -> None:
    """Make a new, empty twin at a path; StoreError if something is there."""
    from twin.store.embedded.store import EmbeddedStore  # noqa: PLC0415  the driver is loaded when it is needed

    path = _file(place)
    _make_folder(path.parent)
    store = EmbeddedStore(path, create=True)
    try:
        store.put_info({"title": path.stem, "country": "VN", "id": uuid.uuid4().hex, **(info or {})})
        load_builtin(cast("Store", store))
    finally:
        store.close()


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    seq: int
    deletions: int
    """Deletions later than the backup that were applied again."""
    deletions_known: bool
    """Whether the ledger of deletions was there; else something forgotten later may be back."""
    lost: tuple[str, ...]
    """Files that were lost already when the backup was taken."""


def restore(
    folder: str | Path,
    place: str | Path,
    *,
    safe: SafeSettings | None = None,
    keys: Path | None = None,
    without_deletions: bool = False,
    with_losses: bool = False,
) -> Restored:
    """Make a twin at ``place`` from a backup; checked before it takes its name.

    Parameters
    ----------
    safe
        Where the master key and the second place are; the environment's if not given.
    keys
        A keys folder (``x.keys``, or the twin's folder in the second place) to take keys and deletions from.
    without_deletions
        Restore although the ledger of deletions is not known; said in the audit.
    with_losses
        Restore although files were lost already when the backup was taken.

    Raises
    ------
    NotFoundError
        If ``folder`` holds no backup.
    StoreError
        If something is at ``place``, the backup does not hold together, or the ledger of deletions is not there.
    """
    source, path = Path(folder), _file(place)
    manifest = backup.read(source)
    if path.exists() or files_of(path).folder.exists():
        raise StoreError(f"{path} exists already", hint="Restore under another name.")
    if manifest.broken and not with_losses:
        raise StoreError(
            f"in the backup {folder}, {len(manifest.broken)} files are damaged or missing, the first "
            f"{manifest.broken[0]}; they were so already when it was taken",
            hint="Use an older backup, or restore all the rest with --with-losses.",
        )
    part = path.with_name(f".{path.name}.part")
    _make_folder(path.parent)
    kept = safe or safe_of(os.environ)
    try:
        backup.copy_back(source, manifest, part, files_of(path).folder)
        data_keys = DataKeys(keys_of(path), kept, manifest.twin)
        known = not manifest.keys or backup.bring_keys(data_keys, manifest, given=keys)
        if not known and not without_deletions:
            _refuse_unknown_deletions(manifest)
        done = _finish(part, path, kept, manifest, known=known)
        part.replace(path)
    except BaseException:
        # There was none before, and without its twin it would stand in the way of the next attempt.
        shutil.rmtree(files_of(path).folder, ignore_errors=True)
        raise
    finally:
        for left in path.parent.glob(f"{part.name}*"):
            left.unlink()
    return done


def _refuse_unknown_deletions(manifest: Manifest) -> None:
    raise StoreError(
        f"the backup holds personal data under {manifest.keys} keys, and the ledger of later deletions is not here: "
        "what was forgotten since could come back",
        hint="Name the keys folder with --keys, set TWIN_DELETIONS, or say --no-deletions-known.",
    )


def _finish(part: Path, path: Path, safe: SafeSettings, manifest: Manifest, *, known: bool) -> Restored:
    """Check a restored store, and forget again what was forgotten after its backup."""
    from twin.store.embedded.store import EmbeddedStore  # noqa: PLC0415  as above

    with Twin(EmbeddedStore(part), files_of(path), system_user(), keys_of(path), safe) as t:
        problems = t.store.check()["problems"]
        if problems:
            raise StoreError(f"the backup made at {manifest.made} does not hold together: {problems}")
        lost = {item.digest for item in registry.missing(t.store, t.files)} - set(manifest.broken)
        if lost:
            raise StoreError(f"in the backup, {len(lost)} files are missing, the first {min(lost)}")
        again = t.vault.carry_on(audit=t._retired)  # noqa: SLF001  this is the twin's own room
        details: dict[str, Json] = {
            "backup": manifest.made, "seq": manifest.seq, "deletions": again, "deletions_known": known,
            "lost": len(manifest.broken),
        }  # fmt: skip
        t.store.write_records([audited(t.viewer, "files.restore", "twin:restored", details=details)])
        return Restored(manifest.seq, again, known, manifest.broken)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(f"the folder {folder} cannot be made: {exc.strerror}", hint="Choose another place.") from exc


def open_twin(place: str | Path, viewer: Viewer | None = None, *, safe: SafeSettings | None = None) -> Twin:
    """Open a twin: the file itself, or through the process that owns it.

    ``safe`` says where the master key of personal data comes from; the environment's word if not given.

    Raises
    ------
    NoTwinError
        If there is none.
    StoreBusyError
        If another process has the file open and does not serve it.
    """
    from twin.store.embedded.store import EmbeddedStore  # noqa: PLC0415  as above
    from twin.store.remote import connect  # noqa: PLC0415

    path = _file(place)
    if not path.exists():
        raise NoTwinError(f"no twin at {path}", hint=f"Make one with: twin init {path}")
    store: Store
    try:
        store = cast("Store", EmbeddedStore(path))
    except StoreBusyError:
        store = connect(path)
    else:
        load_builtin(store)
    return over(store, viewer or system_user(), safe=safe)


def over(store: Store, viewer: Viewer, *, safe: SafeSettings | None = None) -> Twin:
    """The twin over an opened store, with the files and keys beside it."""
    return Twin(store, files_of(store.path), viewer, keys_of(store.path), safe or safe_of(os.environ))


def _file(place: str | Path) -> Path:
    if re.match(r"[a-z]+://", str(place)):
        raise ParameterError(
            f"{str(place).split('@')[-1]!r}: this version keeps twins in files only",
            hint="Give a path ending in .duckdb.",
        )
    return Path(place)
