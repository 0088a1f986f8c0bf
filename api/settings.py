"""Settings of the server: where it listens, who may see what, what it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from api import access_settings
from api.access_settings import ACCESS_SETTINGS, AccessSettings
from twin.errors import ParameterError
from twin.files.datakeys import SafeSettings
from twin.settings import DELETIONS, MASTER_KEY, Setting, SettingValues, read_settings, store_location
from twin.settings import SETTINGS as TWIN_SETTINGS
from twin.types import BBox

HTTP_HOST = Setting("TWIN_HTTP_HOST", "127.0.0.1", "address the server listens on")
HTTP_PORT = Setting("TWIN_HTTP_PORT", "8000", "port the server listens on")
MQTT_URL = Setting("TWIN_MQTT_URL", "", "broker that devices publish to")
ACCESS = Setting("TWIN_ACCESS", "", "open or closed")
TITLE = Setting("TWIN_TITLE", "Bản sao số đô thị", "name of the twin in Vietnamese")
TITLE_EN = Setting("TWIN_TITLE_EN", "Urban digital twin", "name of the twin in English")
BBOX = Setting("TWIN_BBOX", "", "box the map opens with: west,south,east,north")
UPLOAD_MB = Setting("TWIN_UPLOAD_MB", "512", "largest file accepted over HTTP, in MB")
LOG = Setting("TWIN_LOG", "text", "form of the log: text or json")
LOG_LEVEL = Setting("TWIN_LOG_LEVEL", "warning", "least level that is logged")
AUDIT_FOLDER = Setting("TWIN_AUDIT_FOLDER", "", "folder the audit's signed head is laid into every day")
SIGNING_KEY = Setting("TWIN_SIGNING_KEY", "", "private key that signs documents, by reference")
PDF_SIGNER = Setting("TWIN_PDF_SIGNER", "", "file of the certificate and key that sign PDFs")
PDF_SIGNER_PASSWORD = Setting("TWIN_PDF_SIGNER_PASSWORD", "", "password of that file, by reference")
JOBS = Setting("TWIN_JOBS", "2", "jobs worked on at a time")
JOB_MEMORY_MB = Setting("TWIN_JOB_MEMORY_MB", "4096", "most memory of an import's or a simulation's process, in MB")
JOB_DAYS = Setting("TWIN_JOB_DAYS", "30", "days that finished jobs are shown, and files uploaded for them kept")
LIVE_CLIENTS = Setting("TWIN_LIVE_CLIENTS", "1000", "most live streams at a time")

SETTINGS: dict[str, Setting] = {
    **TWIN_SETTINGS,
    **{
        s.variable: s
        for s in (
            HTTP_HOST,
            HTTP_PORT,
            MQTT_URL,
            ACCESS,
            TITLE,
            TITLE_EN,
            BBOX,
            UPLOAD_MB,
            LIVE_CLIENTS,
            LOG,
            LOG_LEVEL,
            AUDIT_FOLDER,
            *ACCESS_SETTINGS,
            SIGNING_KEY,
            PDF_SIGNER,
            PDF_SIGNER_PASSWORD,
            JOBS,
            JOB_MEMORY_MB,
            JOB_DAYS,
        )
    },
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server needs to know; ``access`` is ``"open"``, ``"closed"`` or ``""`` for the default."""

    store: str = "./twin.duckdb"
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    mqtt_url: str = ""
    access: str = ""
    title: str = TITLE.default
    title_en: str = TITLE_EN.default
    bbox: BBox | None = None
    upload_mb: int = 512
    live_clients: int = 1000
    job_places: int = 2
    job_memory_mb: int = 4096
    job_days: int = 30
    log: Literal["text", "json"] = "text"
    log_level: str = "warning"
    audit_folder: Path | None = None
    """``None``: beside the store (``x.audit/``)."""
    signing_key: str = ""
    pdf_signer: str = ""
    pdf_signer_password: str = ""
    safe: SafeSettings = field(default_factory=SafeSettings)
    entry: AccessSettings = field(default_factory=AccessSettings)


def load(environ: Mapping[str, str], *, folder: Path) -> Settings:
    """Read the settings of the server from the environment and ``folder/twin.toml``."""
    return from_values(read_settings(environ, folder=folder, settings=SETTINGS), environ)


def from_values(values: SettingValues, environ: Mapping[str, str]) -> Settings:
    """Check the given texts; :class:`ParameterError` names the variable that is wrong."""
    access = values.text(ACCESS).strip().lower()
    if access not in ("", "open", "closed"):
        raise ParameterError(f"{access!r} is neither open nor closed", where=ACCESS.variable)
    log, level = values.text(LOG).strip().lower(), values.text(LOG_LEVEL).strip().lower()
    if log not in ("text", "json"):
        raise ParameterError(f"{log!r} is neither text nor json", where=LOG.variable)
    if level not in ("debug", "info", "warning", "error"):
        raise ParameterError(f"{level!r} is not debug, info, warning or error", where=LOG_LEVEL.variable)
    return Settings(
        store=store_location(values),
        http_host=values.text(HTTP_HOST),
        http_port=values.integer(HTTP_PORT, low=0, high=65535),
        mqtt_url=values.text(MQTT_URL),
        access=access,
        title=values.text(TITLE),
        title_en=values.text(TITLE_EN),
        bbox=_box(values.text(BBOX)),
        upload_mb=values.integer(UPLOAD_MB, low=1, high=1_000_000),
        live_clients=values.integer(LIVE_CLIENTS, low=1, high=100_000),
        job_places=values.integer(JOBS, low=1, high=64),
        job_memory_mb=values.integer(JOB_MEMORY_MB, low=512, high=1_000_000),
        job_days=values.integer(JOB_DAYS, low=1, high=36_500),
        log="json" if log == "json" else "text",
        log_level=level,
        audit_folder=Path(values.text(AUDIT_FOLDER)) if values.text(AUDIT_FOLDER) else None,
        signing_key=values.text(SIGNING_KEY).strip(),
        pdf_signer=values.text(PDF_SIGNER).strip(),
        pdf_signer_password=values.text(PDF_SIGNER_PASSWORD).strip(),
        safe=SafeSettings(values.text(MASTER_KEY), values.text(DELETIONS), environ),
        entry=access_settings.from_values(values),
    )


def _box(text: str) -> BBox | None:
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ParameterError(
            f"{text!r} is not four numbers", where=BBOX.variable, hint="Write west,south,east,north."
        ) from None
    return BBox(west, south, east, north)
