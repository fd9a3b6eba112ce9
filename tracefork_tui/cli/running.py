"""Commands that run an agent: on its own, on a tape alone, and the demo."""

from __future__ import annotations

import sys

import click

from .consent import consent, interruptible, manner_of
from .group import cli
from .output import debugger, fileno, open_tape, print_json, say

PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@cli.command(context_settings=PASS_ON)
@click.option("-o", "--output", "out", required=True, metavar="TAPE", help="The tape to write.")
@click.option("--force", is_flag=True, help="Replace an existing tape.")
@click.option("--user", multiple=True, metavar="PKG", help="Treat this package as your own code.")
@click.option("--env", multiple=True, metavar="NAME", help="Record reads of this variable.")
@click.option("--secret", multiple=True, metavar="REGEX", help="Redact what matches this, too.")
@click.option("--capture-files", is_flag=True, help="Keep files that it reads, up to 256 kB each.")
@click.argument(
    "command", metavar="-- CMD [ARG ...]", nargs=-1, type=click.UNPROCESSED, required=True
)
def record(
    out: str,
    force: bool,
    user: tuple[str, ...],
    env: tuple[str, ...],
    secret: tuple[str, ...],
    capture_files: bool,
    command: tuple[str, ...],
) -> int:
    """Record an agent's run; the exit code is the agent's.

    Nothing in the agent changes. What its child Pythons do goes to tapes beside it.
    """
    from ..replay.recording import SMALL_FILE, record_command
    from ..tape.redact import check_pattern

    for pattern in secret:
        if why := check_pattern(pattern):
            raise click.UsageError(f"--secret {pattern}: {why}")
    keep, hide = SMALL_FILE if capture_files else 0, list(secret)
    words, own, read = list(command), list(user), list(env)
    return record_command(words, out, force, say, own, read, capture_files=keep, secrets=hide)


@cli.command()
@click.argument("path", metavar="TAPE")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as JSON.")
@click.option("--trust", is_flag=True, help="Run the tape's command though it was made elsewhere.")
@click.option("--in-copy", is_flag=True, help="Run in a copy of the working directory.")
@click.option("--rerun-tools", is_flag=True, help="Call recorded tools and commands again.")
@click.option("--pdb", "stops", type=int, multiple=True, metavar="N", help="Open pdb at step N.")
@click.argument("command", metavar="[-- CMD ...]", nargs=-1, type=click.UNPROCESSED)
def replay(
    path: str,
    as_json: bool,
    trust: bool,
    in_copy: bool,
    rerun_tools: bool,
    stops: tuple[int, ...],
    command: tuple[str, ...],
) -> int:
    """Run the tape's agent again on the tape alone, and prove it.

    CMD runs in the place of the tape's own command. The exit code is 0 only where all was proven.

    With --pdb N the run stops where step N is asked for, before it is answered, and pdb opens in
    the frame of yours that asked: on the terminal, else on stdin and stdout. `c` goes on to the
    receipt; `q` ends the run, exit code 1.
    """
    from ..replay.launch import check_command
    from ..replay.plan import replay_launch
    from ..replay.receipt import lines
    from ..replay.replay import Replaying

    tape = open_tape(path)
    for n in stops:
        tape.step(n)
    consent(tape, trust, command)
    words = list(command) or None
    check_command(replay_launch(tape, "", words))
    stdout = sys.stderr if as_json else None
    with manner_of(tape, in_copy, rerun_tools, stops) as manner, interruptible():
        receipt = Replaying(tape, words, stdout=fileno(stdout), manner=manner).receipt()
    if as_json:
        from ..interop.steps_json import plain

        print_json(plain(receipt.as_json()))
    elif receipt.stopped:
        say(receipt.stopped)
    else:
        for line in lines(receipt):
            print(line, file=sys.stderr)
    return 0 if receipt.proven else 1


@cli.command()
@click.option("-o", "--output", "out", metavar="TAPE", help="Where to keep the tape.")
@click.option("--force", is_flag=True, help="Replace an existing tape.")
@click.option("--no-open", is_flag=True, help="Record only.")
@click.option("--agent", default="refund", metavar="NAME", help="Which demo agent.")
@click.option("--tapes", metavar="FOLDER", help="Record the bundled tapes anew and compare.")
def demo(out: str | None, force: bool, no_open: bool, agent: str, tapes: str | None) -> int:
    """Record the demo agent on the offline model and open its tape."""
    from ..replay.demo import record_demo, record_tapes

    if tapes is not None:
        return 0 if record_tapes(tapes, say) else 1
    with record_demo(agent, out, force, say) as path:
        return 0 if no_open else debugger([path])
