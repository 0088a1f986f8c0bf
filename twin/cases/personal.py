"""Personal values of cases, sealed in the files' vault."""

from __future__ import annotations

from twin.files.registry import use
from twin.files.vault import Vault
from twin.model.record import RecordOp
from twin.types import Json


class VaultData:
    """Keeps a case's personal values under keys of their own; see :class:`twin.cases.base.PersonalData`."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, subject: str, value: Json, retention_class: str) -> str:
        """Keep a value; what no commit claims within a day is collected."""
        return self._vault.seal_json(subject, value, retention=retention_class, by="").digest

    def claim(self, ref: str, by: str) -> RecordOp:
        """The operation that says who refers to a value, for the commit that does."""
        return use(ref, by)

    def open(self, ref: str) -> Json | None:
        """The value; ``None`` once it was forgotten."""
        return self._vault.read_json(ref)
