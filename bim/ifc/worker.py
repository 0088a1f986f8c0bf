"""The reading process: limits itself, reads one file, writes one JSON document, ends.

Run as ``python -m bim.ifc.worker FILE SCHEMA MEMORY_BYTES CPU_SECONDS PARENT``. Exit status 0: the model is on
standard output; 3: a sentence on why it cannot be read is; anything else: the process broke down.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from twin.jobs.limits import die_with, lower

REFUSED = 3
OUT_OF_MEMORY = 4
MAX_ANSWER_BYTES = 64 << 20


def limit(memory_bytes: int, cpu_s: int) -> None:
    """Bound this process before it touches the file: memory, CPU time, bytes written, no core dump."""
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, MAX_ANSWER_BYTES)
    lower(resource.RLIMIT_CPU, cpu_s, cpu_s + 5)
    lower(resource.RLIMIT_AS, memory_bytes)


def main(arguments: list[str]) -> int:
    """Read the file named in the arguments and write the answer."""
    file, schema, memory_bytes, cpu_s, parent = arguments
    die_with(int(parent))
    limit(int(memory_bytes), int(cpu_s))
    # Libraries print to standard output; the answer goes to the original one alone.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        status, text = _read(Path(file), schema)
    except MemoryError:
        return OUT_OF_MEMORY
    with answer:
        answer.write(text)
    return status


def _read(file: Path, schema: str) -> tuple[int, bytes]:
    # Imported under the limits, which bound what the library itself may take.
    import ifcopenshell  # noqa: PLC0415 - see above

    from bim.ifc.raw import RAW_MODEL  # noqa: PLC0415 - see above
    from bim.ifc.read import read_raw  # noqa: PLC0415 - see above

    try:
        model = read_raw(file, schema)
    except RecursionError:
        return REFUSED, b"its placements or parts refer to each other in a circle"
    except (ifcopenshell.Error, RuntimeError, AttributeError, TypeError, ValueError, LookupError) as exc:
        # What a malformed file makes the library raise; the sentence goes back to the person who sent it.
        return REFUSED, f"{type(exc).__name__}: {exc}".splitlines()[0][:300].encode("utf-8", "replace")
    return 0, RAW_MODEL.dump_json(model)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
