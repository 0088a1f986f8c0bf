"""Tables of the embedded store. Times are microseconds since 1970 (see ``twin.model.time``).

Every versioned row carries ``recorded_from`` and ``recorded_to`` (open: ``OPEN_END``). Rows are appended; the
only update a version ever gets is the closing of its ``recorded_to``.
"""

from __future__ import annotations

SCHEMA_VERSION = 3

_VERSIONED = "recorded_from BIGINT NOT NULL, recorded_to BIGINT NOT NULL"

TABLES: dict[str, str] = {
    "meta": "key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL",
    "commit_log": "seq BIGINT NOT NULL, recorded_at BIGINT NOT NULL, source INTEGER NOT NULL",
    # What a commit touched: kind is feature, event, raster, layer, thing, observation or quarantine.
    "commit_touch": "seq BIGINT NOT NULL, kind VARCHAR NOT NULL, layer INTEGER NOT NULL, recorded_at BIGINT NOT NULL",
    "source": (
        "id INTEGER NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, "
        "crs_given VARCHAR NOT NULL, crs_used VARCHAR NOT NULL, decision VARCHAR NOT NULL, "
        "actor VARCHAR NOT NULL, report JSON NOT NULL, recorded_at BIGINT NOT NULL"
    ),
    "layer": f"id INTEGER NOT NULL, name VARCHAR NOT NULL, access VARCHAR NOT NULL, body JSON NOT NULL, {_VERSIONED}",
    "feature": (
        "vid BIGINT NOT NULL, layer INTEGER NOT NULL, fid VARCHAR NOT NULL, valid_from BIGINT NOT NULL, "
        f"valid_to BIGINT NOT NULL, {_VERSIONED}, west DOUBLE, south DOUBLE, east DOUBLE, north DOUBLE, "
        "geometry BLOB, native BLOB, crs VARCHAR NOT NULL, properties JSON NOT NULL, source INTEGER NOT NULL"
    ),
    "raster": (
        "id BIGINT NOT NULL, layer INTEGER NOT NULL, file VARCHAR NOT NULL, crs VARCHAR NOT NULL, "
        "west DOUBLE, south DOUBLE, east DOUBLE, north DOUBLE, valid_from BIGINT NOT NULL, "
        "valid_to BIGINT NOT NULL, unit VARCHAR NOT NULL, minimum DOUBLE, maximum DOUBLE, "
        f"properties JSON NOT NULL, source INTEGER NOT NULL, {_VERSIONED}"
    ),
    # Versions of features above the class `public`: `own` by their own attributes, `class` with what came later.
    "secret": (
        "vid BIGINT NOT NULL, layer INTEGER NOT NULL, fid VARCHAR NOT NULL, own TINYINT NOT NULL, "
        "class TINYINT NOT NULL"
    ),
    # A commit hid or showed versions that were there before, from whoever is cleared up to `low` but not to `high`.
    "veil": ("layer INTEGER NOT NULL, low TINYINT NOT NULL, high TINYINT NOT NULL, recorded_at BIGINT NOT NULL"),
    # Which versions of features and which grids are in each area of the policy.
    "area_member": "area VARCHAR NOT NULL, kind VARCHAR NOT NULL, id BIGINT NOT NULL",
    "link_rule": (
        "name VARCHAR NOT NULL, title VARCHAR NOT NULL, from_layer INTEGER NOT NULL, to_layer INTEGER NOT NULL, "
        f"relation VARCHAR NOT NULL, max_distance_m DOUBLE NOT NULL, {_VERSIONED}"
    ),
    "link": (
        "rule VARCHAR NOT NULL, from_layer INTEGER NOT NULL, from_fid VARCHAR NOT NULL, to_layer INTEGER NOT NULL, "
        "to_fid VARCHAR NOT NULL, measure DOUBLE NOT NULL, valid_from BIGINT NOT NULL, valid_to BIGINT NOT NULL, "
        f"{_VERSIONED}"
    ),
    "thing": (
        "id INTEGER NOT NULL, layer INTEGER NOT NULL, uid VARCHAR NOT NULL, name VARCHAR NOT NULL, "
        f"description VARCHAR NOT NULL, properties JSON NOT NULL, {_VERSIONED}"
    ),
    "location": (
        "id INTEGER NOT NULL, layer INTEGER NOT NULL, name VARCHAR NOT NULL, description VARCHAR NOT NULL, "
        f"encoding VARCHAR NOT NULL, geojson JSON NOT NULL, properties JSON NOT NULL, {_VERSIONED}"
    ),
    # A thing was at a location from `time` on: one row a location, sharing the id of the historical location.
    "thing_location": (
        f"id INTEGER NOT NULL, thing INTEGER NOT NULL, location INTEGER NOT NULL, time BIGINT NOT NULL, {_VERSIONED}"
    ),
    "sensor": (
        "id INTEGER NOT NULL, name VARCHAR NOT NULL, description VARCHAR NOT NULL, encoding VARCHAR NOT NULL, "
        f"metadata JSON NOT NULL, properties JSON NOT NULL, {_VERSIONED}"
    ),
    "observed_property": (
        "id INTEGER NOT NULL, name VARCHAR NOT NULL, title VARCHAR NOT NULL, definition VARCHAR NOT NULL, "
        f"description VARCHAR NOT NULL, properties JSON NOT NULL, {_VERSIONED}"
    ),
    "feature_of_interest": (
        "id INTEGER NOT NULL, thing INTEGER, layer INTEGER, name VARCHAR NOT NULL, description VARCHAR NOT NULL, "
        f"encoding VARCHAR NOT NULL, geojson JSON NOT NULL, properties JSON NOT NULL, {_VERSIONED}"
    ),
    "datastream": (
        "id INTEGER NOT NULL, thing INTEGER NOT NULL, layer INTEGER NOT NULL, uid VARCHAR NOT NULL, "
        "key VARCHAR NOT NULL, name VARCHAR NOT NULL, description VARCHAR NOT NULL, sensor INTEGER NOT NULL, "
        "observed_property INTEGER NOT NULL, feature_of_interest INTEGER NOT NULL, unit JSON NOT NULL, "
        "observation_type VARCHAR NOT NULL, result_type VARCHAR NOT NULL, max_age_s DOUBLE, "
        f"properties JSON NOT NULL, {_VERSIONED}"
    ),
    "device": (
        "kind VARCHAR NOT NULL, address VARCHAR NOT NULL, thing INTEGER NOT NULL, properties JSON NOT NULL, "
        f"{_VERSIONED}"
    ),
    "observation": (
        "id BIGINT NOT NULL, datastream INTEGER NOT NULL, foi INTEGER NOT NULL, phenomenon_start BIGINT NOT NULL, "
        "phenomenon_end BIGINT NOT NULL, result_time BIGINT, number DOUBLE, text VARCHAR, quality TINYINT NOT NULL, "
        "reason VARCHAR NOT NULL, lon DOUBLE, lat DOUBLE, parameters JSON, recorded_from BIGINT NOT NULL"
    ),
    "quarantine": (
        "id BIGINT NOT NULL, connector VARCHAR NOT NULL, topic VARCHAR NOT NULL, payload BLOB NOT NULL, "
        "reason VARCHAR NOT NULL, received_at BIGINT NOT NULL, device VARCHAR NOT NULL, readings INTEGER NOT NULL, "
        "recorded_at BIGINT NOT NULL, replayed_at BIGINT"
    ),
    "counter": (
        "connector VARCHAR NOT NULL, received BIGINT NOT NULL, stored BIGINT NOT NULL, revised BIGINT NOT NULL, "
        "duplicate BIGINT NOT NULL, quarantined BIGINT NOT NULL, recorded_at BIGINT NOT NULL"
    ),
    "record": (
        f"kind VARCHAR NOT NULL, key VARCHAR NOT NULL, version INTEGER NOT NULL, body JSON NOT NULL, {_VERSIONED}"
    ),
    "entry": (
        "log VARCHAR NOT NULL, number INTEGER NOT NULL, recorded_at BIGINT NOT NULL, actor VARCHAR NOT NULL, "
        "object VARCHAR NOT NULL, body JSON NOT NULL, hash VARCHAR NOT NULL"
    ),
}
TABLES["observation_history"] = TABLES["observation"] + ", recorded_to BIGINT NOT NULL"


ADDED: dict[int, tuple[str, ...]] = {2: ("record", "entry"), 3: ("secret", "veil", "area_member")}
"""Tables that came with a schema version; an older twin gets them when it is opened."""


def statements() -> list[str]:
    """The DDL of a new twin."""
    return [_create(name) for name in TABLES]


def upgrade(version: int) -> list[str] | None:
    """What brings a twin of an older schema up to date; ``None`` if this program cannot."""
    if not 1 <= version < SCHEMA_VERSION:
        return None
    return [_create(name) for step in range(version + 1, SCHEMA_VERSION + 1) for name in ADDED[step]]


def _create(name: str) -> str:
    return f"CREATE TABLE {name} ({TABLES[name]})"
