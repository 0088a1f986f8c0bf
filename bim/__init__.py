"""Building models: read from IFC, measured, placed on the map, stored in the twin."""


def register_readers() -> None:
    """Make ``layers`` read IFC files; called once when a program starts."""
    from bim.reader import read_ifc  # noqa: PLC0415  keeps `import bim` light for the reading process
    from layers.readers.registry import register  # noqa: PLC0415  the same

    register("ifc", read_ifc)
