"""The command ``twin``: parse, call, print. Exit status 0 good, 1 the answer is bad, 2 it could not be carried out."""

from __future__ import annotations

import sys

import typer

from api.commands import (
    auditing,
    cases,
    documents,
    imports,
    jobs,
    keeping,
    lookup,
    people,
    policies,
    serving,
    simulating,
    store,
)
from api.commands import law as law_commands
from api.commands.common import BAD, FAILED, print_json
from api.commands.imports import RefusedFileError
from api.problems import Problem, whole_problem
from twin.errors import TwinError

app = typer.Typer(
    name="twin",
    help="Urban digital twin: one city in one place, on two clocks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command("init", epilog="Example: twin init city.duckdb --title 'Đồng Xoài'")(store.init)
app.command("import", epilog="Example: twin import thua-dat.gpkg --layer parcels --crs EPSG:9210 --id so_thua")(
    imports.import_
)
app.command("serve", epilog="Example: twin serve --store city.duckdb --port 8000")(serving.serve)
app.add_typer(serving.ingest_app, name="ingest", epilog="Example: TWIN_MQTT_URL=mqtt://127.0.0.1:1883 twin ingest")
app.command(
    "lookup",
    epilog="Example: twin lookup --parcel 14/125 --commune 'Tân Phú'",
    # A western longitude begins with a minus and is no option.
    context_settings={"ignore_unknown_options": True},
)(lookup.lookup)
app.add_typer(simulating.simulate_app, name="simulate", epilog="Example: twin simulate flood --help")
app.add_typer(documents.app, name="documents", epilog="Example: twin documents verify extract.pdf --keys keys.json")
app.add_typer(cases.case_app, name="case", epilog="Example: twin case list --kind plan_edit --open")
app.add_typer(cases.kind_app, name="case-kind", epilog="Example: twin case-kind dry-run plan_edit.json")
app.add_typer(jobs.jobs_app, name="jobs", epilog="Example: twin jobs list --state running")
app.command("layers", epilog="Example: twin layers --publish parcels")(store.layers)
app.command("state", epilog="Example: twin state --layer gauges --at 2026-11-23T19:42:00+07:00")(store.state)
app.command("doctor", epilog="Example: twin doctor --json")(store.doctor)
app.add_typer(people.person_app, name="person", epilog="Example: twin person list")
app.add_typer(people.token_app, name="token", epilog="Example: twin token list")
app.add_typer(auditing.audit_app, name="audit")
app.add_typer(law_commands.law_app, name="law", epilog="Example: twin law changes")
app.add_typer(policies.policy_app, name="policy")
app.add_typer(keeping.files_app, name="files")
app.add_typer(keeping.retention_app, name="retention")
app.command("forget", epilog="Example: twin forget case:FR-2026-000012 --reason 'yêu cầu của công dân'")(keeping.forget)
app.command("backup", epilog="Example: twin backup /srv/backup/2026-11-23")(store.backup)
app.command("restore", epilog="Example: twin restore /srv/backup/2026-11-23 --store restored.duckdb")(store.restore)

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""The base of errors of a wrong call; typer brings its own copy of the library that defines it."""


def main() -> None:
    """Run the command and leave with its exit status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command; returns the exit status."""
    as_json = "--json" in arguments
    try:
        status = app(args=arguments, standalone_mode=False)
    except RefusedFileError as refusal:
        _refuse(whole_problem(refusal.error), as_json=as_json)
        return BAD
    except TwinError as error:
        _refuse(whole_problem(error), as_json=as_json)
        return FAILED
    except _UsageError as error:
        text = getattr(error, "format_message", error.__str__)()
        _refuse(Problem("parameter", 400, text, hint="See --help."), as_json=as_json)
        return FAILED
    except (typer.Abort, KeyboardInterrupt):
        return FAILED
    return status if isinstance(status, int) else 0


def _refuse(problem: Problem, *, as_json: bool) -> None:
    if as_json:
        print_json(problem.body())
        return
    text = f"{problem.where}: {problem.detail}" if problem.where else problem.detail
    sys.stderr.write(f"{text.rstrip('.')}. {problem.hint}".strip() + "\n")


if __name__ == "__main__":
    main()
