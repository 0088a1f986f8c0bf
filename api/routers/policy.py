"""Who may see what: the policy in force, those before, what another would change, publishing it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import Response

from api.context import Ctx, needs
from api.shape import json_response, moment
from twin.access import policies
from twin.errors import ParameterError
from twin.model.view import Right, Viewer

router = APIRouter(prefix="/app/policy", tags=["access"])

Administrator = Annotated[Viewer, needs(Right.ADMINISTER)]
_PRIVATE = {"cache-control": "no-store"}


@router.get("", dependencies=[needs(Right.ADMINISTER)])
def current(ctx: Ctx) -> Response:
    """The policy in force."""
    return json_response(_version(policies.current(ctx.store)), headers=_PRIVATE)


@router.get("/history", dependencies=[needs(Right.ADMINISTER)])
def history(ctx: Ctx) -> Response:
    """Every policy that held, newest first; version 0 is the built-in one."""
    found = [_version(version) for version in policies.history(ctx.store)]
    return json_response({"versions": found}, headers=_PRIVATE)


@router.post("/dry-run", dependencies=[needs(Right.ADMINISTER)])
def dry_run(ctx: Ctx, policy: Annotated[Any, Body()]) -> Response:
    """What is wrong with a policy, and who would gain or lose access by it; nothing is changed."""
    tried = policies.dry_run(ctx.store, policy)
    body = {
        "publishable": tried.publishable,
        "problems": [asdict(problem) for problem in tried.problems],
        "changes": [
            {name: value for name, value in asdict(change).items() if name != "attribute" or value}
            for change in tried.changes
        ],
    }
    return json_response(body, headers=_PRIVATE)


@router.post("")
def publish(ctx: Ctx, viewer: Administrator, said: Annotated[Any, Body()]) -> Response:
    """Bring a policy into force; 409 if another was published since the version seen."""
    wanted = said if isinstance(said, dict) else {}
    seen, reason = wanted.get("seen"), wanted.get("reason")
    if not isinstance(seen, int) or isinstance(seen, bool) or not isinstance(reason, str):
        raise ParameterError(
            "a policy is published with the version that was seen and a reason",
            where="body",
            hint='Send {"policy": {...}, "seen": 0, "reason": "..."}.',
        )
    published = policies.publish(ctx.store, viewer, wanted.get("policy"), seen=seen, reason=reason)
    return json_response(_version(published), headers=_PRIVATE)


def _version(version: policies.Version) -> dict[str, Any]:
    return {
        "version": version.version,
        "policy": version.policy,
        "since": moment(version.since),
        "until": moment(version.until),
        "by": version.by,
        "reason": version.reason,
    }
