"""The opened twin: everything the core holds, for Python and for every room above."""

from __future__ import annotations

import getpass
import re
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from twin.errors import NotFoundError, NoTwinError, ParameterError, StoreBusyError, StoreError
from twin.files.blobs import Files
from twin.geo.crs import from_wgs84
from twin.keys import KeyFolder
from twin.model.layer import Feature, Layer, LayerKind
from twin.model.thing import Datastream, DatastreamState
from twin.model.view import Role, View, Viewer
from twin.store.base import Store
from twin.types import Json, LonLat

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
    """

    def __init__(self, store: Store, files: Files, viewer: Viewer, keys: KeyFolder) -> None:
        self.store = store
        self.files = files
        self.viewer = viewer
        self.keys = keys

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
        return Twin(self.store, self.files, viewer, self.keys)

    def view(self, at: datetime | None = None, known_at: datetime | None = None) -> View:
        """The viewer's standpoint."""
        return View(self.viewer, at, known_at)

    def info(self) -> dict[str, Json]:
        """What the twin says of itself."""
        return self.store.info()

    def backup(self, folder: str | Path) -> None:
        """Copy the twin as of one commit, with its files, into a new folder.

        Files are named by their content and never change, so those copied after the store's moment are at worst
        more than that moment needs.
        """
        target = Path(folder).resolve()
        self.store.backup(target)
        if self.files.folder.is_dir():
            shutil.copytree(self.files.folder, target / "twin.files", ignore=shutil.ignore_patterns(".part-*"))

    def broken_files(self) -> list[str]:
        """SHA-256 of kept files whose content changed, and of grids whose file is not kept."""
        grids = [s.layer.name for s in self.store.layers(self.view()) if s.layer.kind is LayerKind.RASTER]
        every = (None, None)
        named = {item.file for name in grids for item in self.store.rasters(self.view(), name, interval=every)}
        return [*self.files.damaged(), *sorted(digest for digest in named if not self.files.holds(digest))]

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
        store.put_info({"title": path.stem, "country": "VN", **(info or {})})
    finally:
        store.close()


def restore(folder: str | Path, place: str | Path) -> None:
    """Make a twin at ``place`` from a backup; checked before it takes its name.

    Raises
    ------
    NotFoundError
        If ``folder`` holds no backup.
    StoreError
        If something is at ``place``, or the backup does not hold together.
    """
    kept, path = Path(folder) / "twin.duckdb", _file(place)
    if not kept.is_file():
        raise NotFoundError(f"{folder} holds no backup", hint="Name the folder that `twin backup` made.")
    if path.exists() or files_of(path).folder.exists():
        raise StoreError(f"{path} exists already", hint="Restore under another name.")
    part = path.with_name(f".{path.name}.part")
    _make_folder(path.parent)
    try:
        shutil.copyfile(kept, part)
        _check_backup(part, Files(Path(folder) / "twin.files"), str(folder))
        if (Path(folder) / "twin.files").is_dir():
            shutil.copytree(Path(folder) / "twin.files", files_of(path).folder)
        part.replace(path)
    except BaseException:
        # There was none before, and without its twin it would stand in the way of the next attempt.
        shutil.rmtree(files_of(path).folder, ignore_errors=True)
        raise
    finally:
        part.unlink(missing_ok=True)


def _check_backup(part: Path, files: Files, name: str) -> None:
    """Raise :class:`StoreError` if the store does not hold together, or a file is damaged or a grid's is missing."""
    from twin.store.embedded.store import EmbeddedStore  # noqa: PLC0415  as above

    with Twin(EmbeddedStore(part), files, system_user(), keys_of(part)) as t:
        problems, broken = t.store.check()["problems"], t.broken_files()
    if problems:
        raise StoreError(f"the backup {name} does not hold together: {problems}")
    if broken:
        raise StoreError(
            f"in the backup {name}, {len(broken)} files are damaged or missing, the first {broken[0]}",
            hint="Take another backup, or bring back the files from an older one.",
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(f"the folder {folder} cannot be made: {exc.strerror}", hint="Choose another place.") from exc


def open_twin(place: str | Path, viewer: Viewer | None = None) -> Twin:
    """Open a twin: the file itself, or through the process that owns it.

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
    return over(store, viewer or system_user())


def over(store: Store, viewer: Viewer) -> Twin:
    """The twin over an opened store, with the files and keys beside it."""
    return Twin(store, files_of(store.path), viewer, keys_of(store.path))


def _file(place: str | Path) -> Path:
    if re.match(r"[a-z]+://", str(place)):
        raise ParameterError(
            f"{str(place).split('@')[-1]!r}: this version keeps twins in files only",
            hint="Give a path ending in .duckdb.",
        )
    return Path(place)
