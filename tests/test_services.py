from __future__ import annotations

import pytest
import services


def test_every_program_found_means_nothing_is_missing() -> None:
    assert services.missing(lambda name: f"/usr/bin/{name}") == []


def test_one_of_several_programs_is_enough() -> None:
    found = {"mosquitto", "google-chrome"}
    assert services.missing(lambda name: name if name in found else None) == []


def test_what_is_missing_is_installed_with_one_line() -> None:
    wanted = services.missing(lambda name: None)
    assert services.install_command(wanted) == [
        "apt-get", "install", "-y", "--no-install-recommends", "mosquitto", "chromium",
    ]  # fmt: skip


def test_without_root_the_line_is_printed_and_the_run_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(services, "missing", lambda: [services.SERVICES[0]])
    monkeypatch.setattr(services.os, "geteuid", lambda: 1000)
    assert services.main() == 1
    assert "sudo apt-get install -y --no-install-recommends mosquitto\n" in capsys.readouterr().err
