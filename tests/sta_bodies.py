"""Bodies that the SensorThings tests post."""

from __future__ import annotations

from typing import Any

from support import day

from twin.types import format_time

OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_"


def datastream(name: str, *, kind: str = "Measurement", observations: list[dict[str, Any]] | None = None) -> Any:
    return {
        "name": name,
        "description": "",
        "observationType": OM + kind,
        "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "ucum:m"},
        "Sensor": {"name": f"s-{name}", "description": "", "encodingType": "text/html", "metadata": "radar"},
        "ObservedProperty": {"name": f"p-{name}", "description": "", "definition": "urn:p"},
        "Observations": observations or [],
    }


def thing(name: str, *streams: Any, lon: float = 106.9, lat: float = 11.5, **properties: Any) -> Any:
    place = {"type": "Point", "coordinates": [lon, lat]}
    return {
        "name": name,
        "description": f"about {name}",
        "properties": properties,
        "Locations": [
            {"name": f"at {name}", "description": "", "encodingType": "application/geo+json", "location": place}
        ],
        "Datastreams": list(streams),
    }


def observation(number: float, result: Any, **more: Any) -> dict[str, Any]:
    return {"phenomenonTime": format_time(day(number)), "result": result, **more}


GAUGES = (
    thing(
        "cầu 11",
        datastream("level", observations=[observation(n, n, resultTime=format_time(day(n + 0.5))) for n in (1, 2, 3)]),
        height=4.5,
        kind="gauge",
    ),
    thing("suối Rạt", datastream("stage", observations=[observation(4, 9)]), lon=107.5),
)
