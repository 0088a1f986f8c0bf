"""What the service claims to meet of SensorThings 1.1 (OGC 18-088, requirements of its conformance classes)."""

from __future__ import annotations

_ROOT = "http://www.opengis.net/spec/iot_sensing/1.1/req/"

_ENTITIES = (
    "thing",
    "location",
    "historical-location",
    "datastream",
    "sensor",
    "observed-property",
    "observation",
    "feature-of-interest",
)

CONFORMANCE: tuple[str, ...] = tuple(
    _ROOT + name
    for name in (
        *(f"datamodel/{entity}/{part}" for entity in _ENTITIES for part in ("properties", "relations")),
        "datamodel/entity-control-information/common-control-information",
        "resource-path/resource-path-to-entities",
        "request-data/status-code",
        "request-data/query-status-code",
        "request-data/order",
        "request-data/expand",
        "request-data/select",
        "request-data/orderby",
        "request-data/skip",
        "request-data/top",
        "request-data/count",
        "request-data/filter",
        "request-data/built-in-filter-operations",
        "request-data/built-in-query-functions",
        "request-data/pagination",
        "create-update-delete/create-entity",
        "create-update-delete/link-to-existing-entities",
        "create-update-delete/deep-insert",
        "create-update-delete/deep-insert-status-code",
        "create-update-delete/historical-location-auto-creation",
        "create-update-delete/historical-location-manual-creation",
    )
)
"""Requirements met. Changing and deleting, batch, multi-datastream and posting data arrays are not among them."""
