"""One suite, every backend: a fresh store for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from twin.model.layer import Field, FieldType, Layer, LayerKind
from twin.model.view import Access
from twin.store.base import Store


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same store again and again (closing it first), as a restart would."""
    from twin.store.embedded.store import EmbeddedStore

    path = tmp_path / "city.duckdb"
    opened: list[EmbeddedStore] = []

    def open_it() -> EmbeddedStore:
        for store in opened:
            store.close()
        opened.append(EmbeddedStore(path, create=not path.exists()))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()


@pytest.fixture
def city(store: Store) -> Store:
    """A store with a public layer of parcels, a staff layer of cameras and an event layer."""
    name = Field("name", FieldType.STRING, "Tên")
    store.put_layer(
        Layer(
            "parcels",
            "Thửa đất",
            geometry_type="Polygon",
            access=Access.PUBLIC,
            fields=(name, Field("area", FieldType.NUMBER), Field("owner_note", FieldType.STRING, access=Access.STAFF)),
        )
    )
    store.put_layer(Layer("cameras", "Camera", geometry_type="Point", fields=(name,)))
    store.put_layer(Layer("gauges", "Trạm đo", geometry_type="Point", fields=(name,), access=Access.PUBLIC))
    store.put_layer(Layer("sightings", "Sự kiện", kind=LayerKind.EVENT, geometry_type="Point", access=Access.PUBLIC))
    return store
