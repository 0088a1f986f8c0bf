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


PAGES = frozenset({"account", "admin", "cases", "jobs", "law", "report", "reset", "sign-in", "verify"})
"""First parts of the paths of the application's own pages; see ``shell/router.ts``."""


class WebFiles(StaticFiles):
    """Files of the application: named by their content they may be kept for ever, the page is asked for again.

    Every address below one of the application's pages is answered with the page; any other that is no file is not
    found.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one file, or the page."""
        # The name of a case or of a rule may hold dots: what lies below a page is never a file.
        parts = Path(path).parts
        if parts and parts[0] in PAGES:
            return self._page(depth=len(parts) - 1)
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = FOR_EVER if path.startswith("assets/") else ASK_AGAIN
        return response

    def _page(self, *, depth: int) -> Response:
        """The page, with its relative addresses counted from where the application is."""
        page = (Path(str(self.directory)) / "index.html").read_text(encoding="utf-8")
        if depth:
            page = page.replace("<head>", f'<head><base href="{"../" * depth}">', 1)
        return Response(page, media_type="text/html", headers={"cache-control": ASK_AGAIN})


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
