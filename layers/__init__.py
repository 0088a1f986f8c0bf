"""Files in, checked and reported; maps and plans out."""

from layers.importing import import_file
from layers.join import Join
from layers.report import ImportReport

__all__ = ["ImportReport", "Join", "import_file"]
