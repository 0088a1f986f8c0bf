"""Every secret is planted, used and looked for: in the log, in a backup, in what doctor and the audit say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pyotp

import twin
from tests.api.test_cli import Place, environment
from twin.access import audit
from twin.core import restore
from twin.model.record import KINDS

PASSWORD, NEW_PASSWORD = "ba con mèo trên mái", "bốn con vịt dưới ao"
CLIENT_SECRET, MQTT_PASSWORD = "bi-mat-oidc-7d21", "bi-mat-mqtt-55aa"


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[str]:
    (folder / "oidc.toml").write_text(
        '[[provider]]\nname = "sso"\nissuer = "https://sso.invalid"\nclient_id = "twin"\n'
        'client_secret = "env:OIDC_SECRET"\n',
        encoding="utf-8",
    )
    words = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--json"]
    with log.open("wb") as out:
        env = environment(settings(folder))
        with subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=out, text=True) as server:
            assert server.stdout is not None
            try:
                line = server.stdout.readline()
                assert line, log.read_text(encoding="utf-8")
                yield json.loads(line)["url"]
            finally:
                server.terminate()


def settings(folder: Path) -> dict[str, str]:
    return {
        "TWIN_ACCESS": "closed",
        "TWIN_SECOND_FACTOR": "nobody",
        "TWIN_LOG_LEVEL": "debug",
        "TWIN_OIDC_FILE": str(folder / "oidc.toml"),
        "OIDC_SECRET": CLIENT_SECRET,
        "TWIN_MQTT_URL": f"mqtt://twin:{MQTT_PASSWORD}@127.0.0.1:9",
    }


def used(url: str, link: str) -> set[str]:
    """Use every kind of secret over HTTP, rightly and wrongly; the secrets."""
    planted = {PASSWORD, NEW_PASSWORD, CLIENT_SECRET, MQTT_PASSWORD, link}
    with httpx.Client(base_url=url, timeout=30) as client:
        wrong = client.post("/app/session", json={"account": PASSWORD, "password": PASSWORD, "code": PASSWORD})
        assert wrong.status_code == 401
        assert client.post("/app/session/reset", json={"secret": link, "new": PASSWORD}).status_code == 204
        said = client.post("/app/session", json={"account": "an.nguyen", "password": PASSWORD}).json()
        client.headers["X-Twin-CSRF"] = said["csrf"]
        change = {"old": PASSWORD, "new": NEW_PASSWORD}
        assert client.post("/app/session/password", json=change).status_code == 204
        factor = client.post("/app/session/second-factor").json()["secret"]
        confirm = {"code": pyotp.TOTP(factor).now()}
        recovery = client.post("/app/session/second-factor/confirm", json=confirm).json()["recovery"]
        token = client.post("/app/tokens", json={"title": "x", "role": "integrator"}).json()["secret"]
        acting = {"X-Twin-Role": "administrator"}
        body = {"name": "B", "account": "b.tran"}
        other = client.post("/app/people", json=body, headers=acting).json()["link"].split("#")[1]
        planted |= {said["csrf"], client.cookies["twin_session"], factor, *recovery, token, other}
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/app/layers", headers=headers, params={"token": token}).status_code == 400
        assert client.get("/app/layers", headers=headers).status_code == 200
        assert client.get("/app/oidc/sso/start").status_code == 502
        assert client.get("/app/people", headers=acting).status_code == 200
    return planted


def everything_kept(place: Path) -> str:
    """All records with all their versions and all entries of a twin, as text."""
    with twin.open(place) as t:
        records = [t.store.record_history(r.kind, r.key) for kind in KINDS for r in t.store.records(kind)]
        return str(records) + str(t.store.entries(audit.LOG)) + json.dumps(t.info(), ensure_ascii=False)


def found_in(text: str | bytes, planted: set[str]) -> set[str]:
    return {secret for secret in planted if (secret.encode() if isinstance(text, bytes) else secret) in text}


def test_no_secret_is_in_a_log_a_backup_or_what_doctor_says(tmp_path: Path) -> None:
    place = Place(tmp_path, None)
    assert place.twin("init", "town.duckdb").returncode == 0
    made = place.json(
        "person", "add", "An", "--role", "administrator", "--role", "integrator", "--account", "an.nguyen"
    )
    link = made["link"].split("#")[1]
    log = tmp_path / "log"
    with serving(tmp_path, log) as url:
        planted = used(url, link)
        doctor = place.twin("doctor", "--json", env=settings(tmp_path)).stdout
        assert place.twin("backup", "saved", env=settings(tmp_path)).returncode == 0
    assert len(planted) >= 20
    logged = log.read_text(encoding="utf-8")
    assert "/app/session" in logged  # the log is there and at its loudest
    assert found_in(logged, planted) == set()
    assert json.loads(doctor)["checks"]
    assert found_in(doctor, planted) == set()
    saved = [path for path in (tmp_path / "saved").rglob("*") if path.is_file()]
    assert saved
    for path in saved:
        assert found_in(path.read_bytes(), planted) == set(), path
    restore(tmp_path / "saved", tmp_path / "again.duckdb")
    kept = everything_kept(tmp_path / "again.duckdb")
    assert "$argon2id$" in kept
    assert found_in(kept, planted) == set()


def test_the_twins_own_keys_are_in_no_backup(tmp_path: Path) -> None:
    place = Place(tmp_path, None)
    assert place.twin("init", "town.duckdb").returncode == 0
    place.json("person", "add", "An", "--identity", "CB-1")
    keys = [p.read_bytes() for p in (tmp_path / "town.keys").iterdir()]
    assert keys
    assert place.twin("backup", "saved").returncode == 0
    for path in (p for p in (tmp_path / "saved").rglob("*") if p.is_file()):
        assert not any(key in path.read_bytes() for key in keys), path
