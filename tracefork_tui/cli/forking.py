"""The command that runs an agent again with one answer changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..tape.errors import TapeError
from .consent import consent, interruptible, manner_of
from .group import cli
from .output import fileno, open_tape, print_json, say

if TYPE_CHECKING:
    from ..replay.plan import Fork, Intervention
    from ..tape.reader import Tape
    from ..tape.steps import Step


@cli.command()
@click.argument("path", metavar="TAPE")
@click.option("--at", required=True, type=int, metavar="N", help="The step to fork at.")
@click.option("--reply", type=click.Path(), metavar="FILE", help="Answer with this message (JSON).")
@click.option("--raw", is_flag=True, help="FILE holds the body's bytes.")
@click.option("--fault", metavar="NAME[:K=V,...]", help="Inject a fault; see `faults`.")
@click.option("--draw", metavar="VALUE", help="Give the draw this value.")
@click.option("--offline", is_flag=True, help="Answer the rest from the tape (the default).")
@click.option("--strict", is_flag=True, help="Offline: halt where the tape has no equal request.")
@click.option("--script", metavar="FILE[:NAME]", help="Offline: Python that answers what is new.")
@click.option("--live", is_flag=True, help="Run the rest against the real model; costs money.")
@click.option("--max-calls", type=click.IntRange(1), metavar="N", help="Live: at most N requests.")
@click.option(
    "--max-cost", type=click.FloatRange(0), metavar="USD", help="Live: end it above this."
)
@click.option("--max-steps", type=click.IntRange(1), metavar="N", help="At most N steps after it.")
@click.option(
    "--timeout", type=click.FloatRange(0), default=0.0, metavar="S", help="End it after S seconds."
)
@click.option("-o", "--output", "out", metavar="OUT", help="The fork's tape; else TAPE.fork-N.")
@click.option("--force", is_flag=True, help="Replace an existing tape.")
@click.option("--trust", is_flag=True, help="Run the tape's command though it was made elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--in-copy", is_flag=True, help="Run in a copy of the working directory.")
@click.option("--rerun-tools", is_flag=True, help="Call recorded tools and commands again.")
@click.argument("command", metavar="[-- CMD ...]", nargs=-1, type=click.UNPROCESSED)
def fork(path: str, at: int, **options: Any) -> int:
    """Run the agent again with one answer changed at step N.

    What happens at N is one of --reply, --fault and --draw. The steps before it are proven, those
    after it come from the tape, from a script or from the model.

    \b
    A reply:   {"content": "The refund is $48.", "stop_reason": "end_turn"}
    A script:  def answer(request): gives a message, or None to leave it to the tape;
               request has "method", "url" and "body"

    CMD runs in the place of the tape's own command.
    """
    tape = open_tape(path)
    planned = _fork_of(tape, at, options)
    consent(tape, options["trust"], options["command"])
    return _run_fork(planned, options)


def _fork_of(tape: Tape, at: int, options: dict[str, Any]) -> Fork:
    from ..replay.plan import LIVE, OFFLINE, STRICT, Fork

    step = tape.step(at)
    given = [name for name in ("reply", "fault", "draw") if options[name] is not None]
    if len(given) != 1:
        raise click.UsageError("name what happens at the step: one of --reply, --fault, --draw")
    if options["live"] and (options["offline"] or options["strict"] or options["script"]):
        raise click.UsageError("--live does not go with --offline, --strict or --script")
    if not options["live"] and (options["max_calls"] or options["max_cost"] is not None):
        raise click.UsageError("--max-calls and --max-cost go with --live")
    if options["raw"] and options["reply"] is None:
        raise click.UsageError("--raw goes with --reply")
    tail = LIVE if options["live"] else STRICT if options["strict"] else OFFLINE
    return Fork(
        parent=tape,
        at=at,
        intervention=_intervention(step, options),
        tail=tail,
        max_calls=options["max_calls"] or 0,
        max_steps=options["max_steps"] or 0,
        max_cost=options["max_cost"] or 0.0,
        script=_script(options["script"]),
    )


def _intervention(step: Step, options: dict[str, Any]) -> Intervention:
    from ..replay import interventions

    if options["fault"] is not None:
        return interventions.fault(step, options["fault"])
    if options["draw"] is not None:
        return interventions.draw(step, options["draw"])
    body = read_file(options["reply"])
    if options["raw"]:
        return interventions.raw(step, body)
    try:
        return interventions.reply(step, body.decode())
    except UnicodeDecodeError:
        raise TapeError(f"{options['reply']}: the reply is not UTF-8 text; see --raw") from None
    except TapeError as error:
        raise TapeError(f"{options['reply']}: {error}") from None


def read_file(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TapeError(f"{path}: cannot be read: {(error.strerror or '').lower()}") from None


def _script(name: str | None) -> str:
    if not name:
        return ""
    path, _, function = name.partition(":")
    try:
        names = compile(read_file(path), path, "exec").co_names
    except (SyntaxError, ValueError) as error:
        raise TapeError(f"{path}: is no Python script: {error}") from None
    if (function or "answer") not in names:
        raise TapeError(f"{path}: there is no function {function or 'answer'} in it")
    return f"{os.path.abspath(path)}:{function or 'answer'}"


def _run_fork(planned: Fork, options: dict[str, Any]) -> int:
    from ..replay.estimate import estimate
    from ..replay.fork import begin
    from ..replay.launch import check_command, check_output
    from ..replay.plan import LIVE, fork_launch, fork_path
    from ..replay.receipt import fork_document, fork_lines

    parent = planned.parent
    out = options["out"] or fork_path(parent.path)
    words = list(options["command"]) or None
    check_command(fork_launch(planned, out, words))
    check_output(out, options["force"])
    live = planned.tail == LIVE
    if live:
        for line in estimate(parent, planned).lines():
            say(line)
    stdout = sys.stderr if options["as_json"] else None
    with (
        manner_of(parent, options["in_copy"], options["rerun_tools"]) as manner,
        interruptible(),
    ):
        forking = begin(
            planned,
            out,
            words,
            force=options["force"],
            timeout=options["timeout"],
            stdin=None if live else -3,
            stdout=fileno(stdout),
            manner=manner,
        )
        forking.wait()
    report = forking.report()
    if options["as_json"]:
        from ..interop.steps_json import plain

        print_json(plain(fork_document(report)))
    else:
        for line in fork_lines(report):
            print(line, file=sys.stderr)
    return 0 if report.held else 1
