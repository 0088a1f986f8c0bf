"""The web application's built files, and a page that says how to build them where they are not."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import html

HERE = Path(__file__).parent.parent
BUILT = HERE / "web" / "dist"
STATIC = HERE / "static"

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class WebFiles(StaticFiles):
    """Files of the application: named by their content they may be kept for ever, the page is asked for again.

    The page keeps its place behind the ``#`` of its address, so an address that is no file is not found.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one file."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = FOR_EVER if path.startswith("assets/") else ASK_AGAIN
        return response


def mount(app: FastAPI, *, built: Path = BUILT) -> None:
    """Serve the application at ``/``. To be called after every route, because it answers what is left."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    if (built / "index.html").is_file():
        app.mount("/", WebFiles(directory=built, html=True), name="web")
        return

    @app.get("/", include_in_schema=False)
    def not_built() -> Response:
        """Say how to build the map."""
        return html.page(
            "Chưa dựng giao diện bản đồ",
            html.paragraph("Máy chủ đang chạy, nhưng giao diện web chưa được dựng trên máy này."),
            html.paragraph("The server runs, but its web pages have not been built on this machine."),
            html.code("make web"),
            html.listing(
                [html.Link("/docs", "/docs"), html.Link("/ogc", "/ogc?f=html"), html.Link("/health", "/health")]
            ),
        )
