"""The `coach` command line: every process and tool of Coach starts here."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from bot import doctor as checks
from bot import logs
from bot.answers import words
from bot.manifest import manifest as build_manifest
from bot.manual import manual
from bot.settings import BotSettings
from bot.supervise import MISTAKE, MistakeError, coach_parts, stop_on_signals, supervise
from storage import backup as backups
from storage.database import FILENAME, NewerSchemaError, migrate, opened
from trainer import locks
from trainer.process import die_with_parent

coach = typer.Typer(
    help="Coach trains a team's models, from Slack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
WithParent = Annotated[bool, typer.Option("--with-parent", hidden=True, help="End with it.")]


@coach.command()
def up() -> None:
    """Run bot and worker, and start either again when it dies."""
    with _in_words():
        _prepare()
        sys.exit(asyncio.run(_supervise()))


@coach.command()
def bot(*, with_parent: WithParent = False) -> None:
    """Run the bot alone: it answers Slack."""
    if with_parent:
        die_with_parent()
    with _in_words():
        settings = _prepare()
        if (lock := locks.take(settings.data_dir / "bot.lock", patience_s=1)) is None:
            raise MistakeError(f"Another bot already serves {settings.data_dir}: stop it first.")
        # While one connection stays open, closing the others doesn't write the log back each time.
        with lock, opened(settings.data_dir):
            asyncio.run(_answer(settings))


@coach.command()
def worker(*, with_parent: WithParent = False) -> None:
    """Run the worker alone: it starts and follows what is queued."""
    if with_parent:
        die_with_parent()
    with _in_words():
        _work(_prepare())


@coach.command("try")
def try_(
    *,
    once: Annotated[bool, typer.Option(help="End after the tour: 0 when every step went well.")] = (
        False
    ),
    port: Annotated[int, typer.Option(help="Of the page; 0 takes a free one.")] = 0,
    data_dir: Annotated[Path | None, typer.Option(help="Kept; else a temporary one.")] = None,
) -> None:
    """Try Coach with no Slack: a local workspace, and a tour of the main job in it."""
    from bot.trial import try_out  # noqa: PLC0415 - nothing else needs the workspace

    logs.configure("WARNING")
    with _in_words(), tempfile.TemporaryDirectory(prefix="coach-") as temporary:
        folder = (data_dir or Path(temporary)).resolve()
        migrate(folder)
        sys.exit(asyncio.run(try_out(folder, port=port, once=once, say=typer.echo)))


@coach.command()
def manifest(
    request_url: Annotated[
        str | None, typer.Option(help="For SLACK_MODE=http: where Slack reaches the bot.")
    ] = None,
) -> None:
    """Print the manifest to create the Slack app from."""
    typer.echo(json.dumps(build_manifest(request_url=request_url), indent=2, ensure_ascii=False))


@coach.command()
def commands() -> None:
    """Print the reference of all slash commands, as Markdown."""
    typer.echo(manual(), nl=False)


@coach.command()
def doctor() -> None:
    """Check tokens, scopes, data, GPU and base model, and say how to mend what fails."""
    with _in_words():
        found = asyncio.run(checks.examine(_settings()))
        for finding in found:
            typer.echo(finding.line())
        sys.exit(0 if all(finding.good for finding in found) else 1)


@coach.command()
def backup(file: Annotated[Path, typer.Argument(help="It must not exist yet.")]) -> None:
    """Copy the database to a file, while everything runs."""
    with _in_words():
        data_dir = _settings().data_dir
        if not (data_dir / FILENAME).exists():
            raise MistakeError(f"There is no database in {data_dir} yet: nothing to back up.")
        size = backups.back_up(data_dir, file)
        typer.echo(
            f"{file}: {size:,} bytes. Data sets and models are folders beside: copy them too."
        )


@coach.command()
def restore(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="What `coach backup` wrote.")
    ],
) -> None:
    """Put a copy of the database back."""
    with _in_words():
        data_dir = _settings().data_dir
        backups.restore(data_dir, file)
        migrate(data_dir)
        typer.echo(f"{data_dir} is as it was when {file} was written.")


# --- what they share ------------------------------------------------------------------------


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn a person's mistake into a sentence and exit status 2, which no restart mends."""
    try:
        yield
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"{name}: {problem['msg']}. See .env.example.", err=True)
        sys.exit(MISTAKE)
    except (MistakeError, NewerSchemaError, backups.NotABackupError) as error:
        typer.echo(str(error), err=True)
        sys.exit(MISTAKE)
    except (FileExistsError, FileNotFoundError, PermissionError) as error:
        typer.echo(f"{error.filename}: {error.strerror}.", err=True)
        sys.exit(MISTAKE)


def _settings() -> BotSettings:
    return BotSettings()


def _prepare() -> BotSettings:
    """Read the settings, begin to log, and bring the database to this version."""
    settings = _settings()
    logs.configure(settings.log_level)
    migrate(settings.data_dir)
    return settings


def _work(settings: BotSettings) -> None:
    from trainer import worker as work  # noqa: PLC0415 - nothing else needs the engines

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    wanted = work.WorkerSettings(
        data_dir=settings.data_dir,
        cpu_slots=settings.cpu_slots,
        cpu_threads=settings.cpu_threads,
        checkpoint_seconds=settings.checkpoint_seconds,
        max_upload_bytes=settings.max_upload_mb * 1_000_000,
    )
    try:
        work.run(wanted, stop)
    except work.AnotherWorkerError as error:
        raise MistakeError(str(error)) from None


async def _answer(settings: BotSettings) -> None:
    from bot.running import PASSING, run_bot  # noqa: PLC0415 - nothing else needs Bolt and charts

    stop = asyncio.Event()
    stop_on_signals(stop)
    try:
        await run_bot(settings, stop)
    except PASSING as error:
        typer.echo(f"Slack can't be reached ({words(error)}); a restart may mend it.", err=True)
        sys.exit(1)


async def _supervise() -> int:
    stop = asyncio.Event()
    stop_on_signals(stop)
    return await supervise(coach_parts(os.environ), stop)


def main() -> None:
    coach(prog_name="coach")


if __name__ == "__main__":
    main()
