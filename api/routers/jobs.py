"""Jobs over HTTP: ask for work, see how far it is, stop it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from api.context import Ctx, needs
from api.jobs import OFFERED, shape
from api.shape import json_response
from twin.errors import ForbiddenError, ParameterError
from twin.jobs.model import JobState
from twin.model.view import Right, Viewer

router = APIRouter(prefix="/app/jobs", tags=["jobs"])

_STAFF = (Right.WRITE, Right.SIMULATE, Right.WORK, Right.CASES)
Staff = Annotated[Viewer, needs(*_STAFF)]


class Wish(BaseModel):
    """Work that is asked for."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    inputs: dict[str, Any] = {}


@router.get("")
def jobs(
    ctx: Ctx,
    viewer: Staff,
    *,
    state: Annotated[str | None, Query(description="States, with commas between")] = None,
    kind: Annotated[str | None, Query()] = None,
    mine: bool = False,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Jobs the caller may see, newest first: their own, or all with the right to work on those of others."""
    found = ctx.queue.found(viewer, states=_states(state), kind=kind, mine=mine, limit=limit)
    return json_response({"jobs": [shape(job, full=False) for job in found]})


def _states(text: str | None) -> list[JobState]:
    try:
        return [JobState(part.strip()) for part in text.split(",")] if text else []
    except ValueError:
        known = ", ".join(state.value for state in JobState)
        raise ParameterError(f"{text!r} is not a state of jobs", where="state", hint=f"There are {known}.") from None


@router.get("/{job}")
def job(ctx: Ctx, viewer: Staff, job: str) -> Response:
    """One job, with its result."""
    return json_response(shape(ctx.queue.seen_by(viewer, job)))


@router.delete("/{job}")
async def stop(ctx: Ctx, viewer: Staff, job: str) -> Response:
    """Stop a job: it is dismissed at once, and its processes end."""
    found = await run_in_threadpool(ctx.queue.cancel, job, viewer)
    ctx.runner.wake()
    return json_response(shape(found))


@router.post("")
async def ask(
    ctx: Ctx, viewer: Staff, wish: Wish, idempotency_key: Annotated[str, Header(max_length=200)] = ""
) -> Response:
    """Ask for work; the same ``Idempotency-Key`` gives the same job."""
    if wish.kind not in OFFERED:
        raise ParameterError(
            f"{wish.kind!r} cannot be asked for here", where="kind", hint=f"There are {', '.join(sorted(OFFERED))}."
        )
    right, check = OFFERED[wish.kind]
    if not viewer.may(right):
        raise ForbiddenError(f"this needs the right to {right}", where=viewer.role.value, hint="Act in another role.")
    inputs = check(wish.inputs)
    made = await run_in_threadpool(lambda: ctx.queue.submit(wish.kind, inputs, viewer, key=idempotency_key))
    ctx.runner.wake()
    return json_response(shape(made), status=201, headers={"location": f"/app/jobs/{made.id}"})
