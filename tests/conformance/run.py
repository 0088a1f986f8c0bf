"""Run official suites against a twin of their own: ``run.py [NAME]``; one JSON line each.

Exit status 0 when every test passed, 1 when one failed, 2 for an unknown name.
"""

from __future__ import annotations

import importlib
import json
import sys

SUITES = {"features": "features_suite", "tiles": "tiles_suite", "sta": "sta_suite"}
"""Module of each suite by its name; each has ``run() -> dict``."""


def main(names: list[str]) -> int:
    """Run the suites named, or all."""
    if unknown := [name for name in names if name not in SUITES]:
        print(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}", file=sys.stderr)
        return 2
    failed = 0
    for name in names or SUITES:
        result = importlib.import_module(SUITES[name]).run()
        print(json.dumps(result), flush=True)
        failed += result["failed"] + result["skipped"]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
