from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ingestion.salt import plate_salt
from twin.errors import StoreError


def test_the_salt_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(plate_salt(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(found[0]) == 32
    (path,) = (tmp_path / "keys").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert plate_salt(tmp_path / "other") != found[0]


def test_a_damaged_salt_is_refused_not_replaced(tmp_path: Path) -> None:
    plate_salt(tmp_path)
    path = tmp_path / "keys" / "plate-salt"
    path.write_bytes(b"short")
    with pytest.raises(StoreError, match="5 bytes"):
        plate_salt(tmp_path)
    assert path.read_bytes() == b"short"
