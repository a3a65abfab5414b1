"""The command line: serve, demo, check, runbooks, and the commands of other files."""

import asyncio
import json
import shutil
import signal
import sys
import tempfile
import textwrap
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from bot import interpreter
from bot.commands.audit import audit_app
from bot.commands.console import WRONG_SETUP, settings_or_exit
from bot.commands.diagnose import diagnose
from bot.commands.drift import drift
from bot.commands.drift_event import drift_event_app
from bot.commands.policy import policy_app
from bot.commands.rules import rules
from bot.commands.runbooks import runbooks_app
from bot.commands.trust import show_trust
from incidents.errors import AgentOpsError, ManifestError

app = typer.Typer(
    help="AgentOps: from alert to recovered endpoint, in one Slack thread.", no_args_is_help=True, add_completion=False
)
app.add_typer(runbooks_app, name="runbooks")
app.add_typer(audit_app, name="audit")
app.add_typer(policy_app, name="policy")
app.command("trust")(show_trust)
app.command("rules")(rules)
app.add_typer(drift_event_app, name="drift-event")

SUBJECT_WIDTH = 31


@app.command()
def serve() -> None:
    """Run the bot: HTTP for Alertmanager, Slack for people. Settings come from the environment."""
    interpreter.load_without_collecting()
    interpreter.keep_memory_small()
    interpreter.hand_over_soon()
    import uvloop

    from bot import logs
    from bot.bootstrap.ground import Incomplete
    from bot.bootstrap.process import Bot

    settings = settings_or_exit()
    logs.configure(settings.log_level, settings.log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Bot(settings).run())
    except (ManifestError, Incomplete) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_SETUP) from error
    except OSError as error:
        typer.echo(f"could not go on: {error}", err=True)
        raise typer.Exit(1) from error
    except AgentOpsError as error:
        typer.echo(f"could not go on: {error}", err=True)
        raise typer.Exit(1) from error


@app.command()
def demo(
    scenario: Annotated[str | None, typer.Option(help="Start this scenario at once.")] = None,
    headless: Annotated[bool, typer.Option(help="Play the scenario without a person and exit.")] = False,
    answer: Annotated[str, typer.Option(help="headless: approve, deny or ignore the card.")] = "approve",
    as_json: Annotated[bool, typer.Option("--json", help="headless: print one JSON object.")] = False,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")] = 0,
    speed: Annotated[float, typer.Option(help="How much faster than real time the world runs.")] = 60.0,
    prometheus: Annotated[bool, typer.Option(help="Use real Prometheus and Alertmanager where installed.")] = True,
    require_prometheus: Annotated[bool, typer.Option(help="Fail where they are not installed.")] = False,
    reasoner: Annotated[str, typer.Option(help="offline, local-messages-api or local-chat-completions.")] = "offline",
    timeout: Annotated[float, typer.Option(help="headless: seconds until it counts as failed.")] = 120.0,
    data_dir: Annotated[Path | None, typer.Option(help="Where this run keeps its data and logs.")] = None,
    database_url: Annotated[str, typer.Option(help="Keep the rows there instead, e.g. in PostgreSQL.")] = "",
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the bot with local stand-ins for Slack, SageMaker and Prometheus, and break a model."""
    from bot.demo import headless as play
    from bot.demo import interactive
    from bot.processes import DemoFailed, DemoOptions, free_port

    if answer not in {"approve", "deny", "ignore"}:
        typer.echo("--answer: give approve, deny or ignore", err=True)
        raise typer.Exit(WRONG_SETUP)
    if reasoner not in {"offline", "local-messages-api", "local-chat-completions"}:
        typer.echo("--reasoner: give offline, local-messages-api or local-chat-completions", err=True)
        raise typer.Exit(WRONG_SETUP)
    if headless and scenario is None:
        typer.echo("--headless needs --scenario", err=True)
        raise typer.Exit(WRONG_SETUP)
    folder = data_dir or Path(tempfile.mkdtemp(prefix="agentops-demo-"))
    options = DemoOptions(
        port=port or free_port(),
        speed=speed,
        real_prometheus=prometheus,
        require_prometheus=require_prometheus,
        scenario=None if headless else scenario,
        data_dir=folder,
        reasoner=reasoner,
        log_level=log_level,
        database_url=database_url,
        # Nobody has to read the card when nobody will answer it.
        decision_speed=speed if headless and answer == "ignore" else 1.0,
    )
    # Asked to end by another than the keyboard, it stops both processes as well.
    signal.signal(signal.SIGTERM, _as_by_keyboard)
    try:
        if headless and scenario is not None:
            told = asyncio.run(play(options, scenario, answer, timeout))  # pyright: ignore[reportArgumentType] checked above
            typer.echo(json.dumps(told, indent=None if as_json else 2))
        else:
            typer.echo("Starting the sandbox and the bot ...", err=True)
            asyncio.run(
                interactive(
                    options, lambda url: typer.echo(f"\nOpen  {url}\n\nCtrl+C stops everything. Logs: {folder}")
                )
            )
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
    except DemoFailed as error:
        typer.echo(f"{error}. Logs: {folder}", err=True)
        raise typer.Exit(1) from error


def _as_by_keyboard(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


app.command()(drift)
app.command()(diagnose)


@app.command()
def check() -> None:
    """Say in plain words which settings, tokens, servers, channels and files are right, and what to do."""
    from bot import logs
    from bot.check.examination import examine
    from bot.check.finding import Finding

    settings = settings_or_exit()
    logs.configure("error", "console")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000

    def say(finding: Finding) -> None:
        mark = {"right": "ok   ", "wrong": "WRONG", "note": "note "}[finding.verdict]
        begin = f"{mark}  {finding.subject:<{SUBJECT_WIDTH}}  "
        typer.echo(textwrap.fill(finding.text, width, initial_indent=begin, subsequent_indent=" " * len(begin)))

    found = asyncio.run(examine(settings, say))
    wrong, notes = (sum(finding.verdict == verdict for finding in found) for verdict in ("wrong", "note"))
    noted = f"; {notes} {'note' if notes == 1 else 'notes'}" if notes else ""
    if wrong:
        typer.echo(f"\n{wrong} {'thing' if wrong == 1 else 'things'} to mend{noted}.")
        raise typer.Exit(1)
    typer.echo(f"\nEverything that is needed is right{noted}.")
