"""Which route needs which right: read from the routes themselves, for the walk that proves it and for the table.

``python -m api.route_table`` writes the table into ``docs/access.md``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from api.context import Needs
from twin.model.view import RIGHTS, Role

PAGE: Final = Path(__file__).parent.parent / "docs" / "access.md"
BEGIN: Final = "<!-- routes: written by python -m api.route_table -->"
END: Final = "<!-- end of routes -->"
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class RouteNeeds:
    """A route and what it asks of its caller; every one of ``needs`` must be met, none asks nothing."""

    method: str
    path: str
    needs: tuple[Needs, ...]

    @property
    def is_declared(self) -> bool:
        """Whether a route that changes something says who may call it."""
        return self.method not in _UNSAFE or bool(self.needs)

    def allows(self, role: Role, *, signed_in: bool) -> bool:
        """Whether a caller in that role may call the route."""
        return all(need.allows(role, signed_in=signed_in) for need in self.needs)

    def expected(self, role: Role | None) -> int:
        """401 or 403 for who may not, else 200; ``None`` is an anonymous caller of a closed twin."""
        if self.allows(role or Role.CITIZEN, signed_in=role is not None):
            return 200
        return 401 if role is None else 403


def route_needs(app: FastAPI) -> list[RouteNeeds]:
    """Every method and path that the application answers, ordered by path."""
    return sorted(set(_walk(list(app.routes))), key=lambda r: (r.path, r.method))


def _walk(pending: list[Any]) -> Iterator[RouteNeeds]:
    while pending:
        route = pending.pop()
        included = getattr(route, "original_router", route)
        pending += getattr(included, "routes", None) or []
        needs = tuple(dict.fromkeys(_declared(getattr(route, "dependant", None))))
        for method in getattr(route, "methods", None) or ():
            if method != "HEAD":
                yield RouteNeeds(method, route.path, needs)


def _declared(dependant: Any) -> Iterator[Needs]:
    if dependant is None:
        return
    for part in dependant.dependencies:
        if isinstance(part.call, Needs):
            yield part.call
        yield from _declared(part)


NO_PAGES = Path("not-built")
"""The table is the same whether the pages are built, which are files and not routes, or not."""


def table(app: FastAPI) -> str:
    """The routes and roles as a Markdown table, between its marks."""
    roles: list[Role | None] = [None, *Role]
    head = ["route", "not signed in", *(role.value for role in Role)]
    lines = [BEGIN, "", f"| {' | '.join(head)} |", f"| --- |{' :-: |' * len(roles)}"]
    for route in route_needs(app):
        cells = ["yes" if (status := route.expected(role)) == 200 else str(status) for role in roles]
        lines.append(f"| `{route.method} {route.path}` | {' | '.join(cells)} |")
    rights = [f"| {role.value} | {', '.join(sorted(r.value for r in RIGHTS[role])) or '–'} |" for role in Role]
    lines += ["", "| role | rights |", "| --- | --- |", *rights, "", END]
    return "\n".join(lines)


def with_table(page: str, made: str) -> str:
    """The page with the table in its place."""
    return page[: page.index(BEGIN)] + made + page[page.index(END) + len(END) :]


def main() -> int:
    """Write the table into the page."""
    import twin  # noqa: PLC0415  only this needs a twin
    from api.app import create_app  # noqa: PLC0415
    from api.settings import Settings  # noqa: PLC0415
    from twin.core import create  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "routes.duckdb"
        create(place)
        with twin.open(place) as t:
            made = table(create_app(t, Settings(store=str(place), access="closed"), web_files=NO_PAGES))
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
