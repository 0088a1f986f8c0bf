"""What became of the readings that came in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api import shape
from api.context import Ctx, Seen
from api.params import parse_count
from twin.model.thing import Quarantined

router = APIRouter(prefix="/app", tags=["app"])

SHOWN_BYTES = 2000


@router.get("/ingest")
def ingest(ctx: Ctx, view: Seen, limit: Annotated[str | None, Query()] = None) -> Response:
    """Counters of each connector, its connection, and what lies in quarantine."""
    most = parse_count(limit, where="limit", default=50, high=1000)
    counters = {name: asdict(receipt) for name, receipt in ctx.store.counters(view).items()}
    waiting = ctx.store.quarantined(view, limit=most)
    connectors = ctx.ingest.status() if ctx.ingest is not None and view.viewer.is_staff else {}
    body = {"counters": counters, "connectors": connectors, "quarantined": [_message(q) for q in waiting]}
    return shape.answered(view, body)


def _message(message: Quarantined) -> dict[str, Any]:
    payload = message.payload[:SHOWN_BYTES]
    return {
        "id": message.id,
        "connector": message.connector,
        "topic": message.topic,
        "payload": payload.decode("utf-8", "backslashreplace"),
        "payload_bytes": len(message.payload),
        "reason": message.reason,
        "device": message.device,
        "readings": message.readings,
        "received_at": shape.moment(message.received_at),
        "recorded_at": shape.moment(message.recorded_at),
        "replayed_at": shape.moment(message.replayed_at),
    }
