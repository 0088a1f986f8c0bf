"""``twin serve`` and ``twin ingest``."""

from __future__ import annotations

import contextlib
import threading
from typing import Annotated

import typer

from api.commands.common import BAD, Json, Store, opened, print_json, say, settings_of, stop_on_terminate
from twin.errors import ExternalError, ParameterError, StoreBusyError

ingest_app = typer.Typer(help="Listen to devices over MQTT.", invoke_without_command=True)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; else TWIN_HTTP_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one; else TWIN_HTTP_PORT.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Serve the API and the map until interrupted, and ingest when TWIN_MQTT_URL is set."""
    from dataclasses import replace  # noqa: PLC0415  the server's libraries are loaded by this command only

    from api.app import create_app  # noqa: PLC0415
    from api.logs import configure  # noqa: PLC0415
    from api.serve import address, listen, make_server  # noqa: PLC0415
    from ingestion.service import Ingest  # noqa: PLC0415
    from twin.store.remote import Owner, RemoteStore  # noqa: PLC0415

    stop_on_terminate()
    settings = settings_of(store)
    configure(settings.log, settings.log_level)
    settings = replace(
        settings,
        http_host=host if host is not None else settings.http_host,
        http_port=port if port is not None else settings.http_port,
    )
    with contextlib.ExitStack() as stack:
        t = stack.enter_context(opened(settings.store))
        if isinstance(t.store, RemoteStore):
            raise StoreBusyError(f"another process serves {settings.store} already", hint="Stop it first.")
        ingest = Ingest(t, settings.mqtt_url) if settings.mqtt_url else None
        app = create_app(t, settings, ingest)
        sock = stack.enter_context(contextlib.closing(listen(settings)))
        stack.enter_context(Owner(t.store))
        if ingest is not None:
            stack.enter_context(ingest)
        server = make_server(app, on_ready=lambda: _announce(address(sock), as_json=as_json))
        # The server ends by the signal it was stopped with.
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[sock])


def _announce(url: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"url": url})
    else:
        say(f"Đang chạy tại {url} – dừng bằng Ctrl+C")


@ingest_app.callback()
def ingest(ctx: typer.Context, store: Store = None, as_json: Json = False) -> None:
    """Listen to the broker of TWIN_MQTT_URL until interrupted; `replay` sends quarantined messages again."""
    if ctx.invoked_subcommand is not None:
        return
    from api.logs import configure  # noqa: PLC0415  as above
    from ingestion.service import Ingest  # noqa: PLC0415

    stop_on_terminate()
    settings = settings_of(store)
    if not settings.mqtt_url:
        raise ParameterError("there is no broker to listen to", where="TWIN_MQTT_URL", hint="Set mqtt://host:1883.")
    configure(settings.log, settings.log_level)
    with opened(store) as t, Ingest(t, settings.mqtt_url) as running:
        if not running.wait_subscribed():
            raise ExternalError("the broker does not answer", where="TWIN_MQTT_URL", hint="Is it running there?")
        if as_json:
            print_json(running.status())
        else:
            say("Đang nghe thiết bị – dừng bằng Ctrl+C")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
        receipt = running.receipt()
    say(f"Đã nhận {receipt.received}: lưu {receipt.stored}, cách ly {receipt.quarantined}")


@ingest_app.command("replay", epilog="Example: twin ingest replay --store city.duckdb")
def replay(store: Store = None, as_json: Json = False) -> None:
    """Send quarantined messages through again. Exit status 1: some still cannot be used."""
    from ingestion.replay import replay as run  # noqa: PLC0415  as above

    with opened(store) as t:
        report = run(t)
    if as_json:
        print_json(
            {
                "tried": report.tried,
                "passed": report.passed,
                "stored": report.receipt.stored,
                "duplicate": report.receipt.duplicate,
                "remaining": [{"id": number, "reason": reason} for number, reason in report.remaining],
            }
        )
    else:
        say(f"Thử lại {report.tried}, qua được {report.passed}, còn {len(report.remaining)}")
        for number, reason in report.remaining[:10]:
            say(f"  {number}: {reason}")
    if report.remaining:
        raise typer.Exit(BAD)
