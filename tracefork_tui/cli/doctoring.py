"""The command that tells whether an agent is replayable."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from .consent import consent
from .group import cli
from .output import fileno, open_tape, print_json, say

if TYPE_CHECKING:
    from ..replay.doctor import Finding
    from ..tape.reader import Tape


class _TapeOrCommand(click.Command):
    """A command with a tape, or a command line of the user's behind `--`, or both."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place = args.index("--") if "--" in args else len(args)
        ctx.meta["command"] = args[place + 1 :]
        return super().parse_args(ctx, args[:place])


@cli.command(cls=_TapeOrCommand)
@click.argument("path", metavar="[TAPE] [-- CMD ...]", required=False)
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, metavar="N",
              help="Replays where chance plays a part.")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(1), default=120.0, show_default=True, metavar="S",
              help="Seconds that a replay may take.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.option("--trust", is_flag=True, help="Run the tape's command though it was made elsewhere.")
@click.option("-o", "--output", "out", metavar="TAPE", help="Where to keep the tape.")
@click.option("--force", is_flag=True, help="Replace an existing tape.")
@click.option("--user", multiple=True, metavar="PKG", help="Treat this package as your own code.")
@click.option("--env", multiple=True, metavar="NAME", help="Record reads of this variable.")
@click.pass_context
def doctor(ctx: click.Context, /, path: str | None, **options: Any) -> int:
    """Replay under other conditions, and name what drifts.

    Records CMD, or takes TAPE. The hash seed, the clock, the order of folders, the environment, the
    load and the working directory are changed, one at a time. Exit code 0 if it is proven under
    all.
    """
    command: list[str] = ctx.meta["command"]
    if path is None and not command:
        raise click.UsageError("name a tape, or the agent's command behind --")
    if path is not None:
        if out := options["out"]:
            raise click.UsageError(f"-o {out} goes with a recording, not with a tape")
        tape = open_tape(path)
        consent(tape, options["trust"], command)
        return _examine(tape, command, options)
    from tempfile import TemporaryDirectory

    from ..replay.recording import record_command

    with TemporaryDirectory(prefix="tracefork-") as folder:
        out = options["out"] or os.path.join(folder, "recorded.msgpack")
        stdout = fileno(sys.stderr) if options["as_json"] else None
        user, env = list(options["user"]), list(options["env"])
        record_command(command, out, options["force"], say, user, env, stdout)
        return _examine(open_tape(out), command, options) if _captured(out) else 1


def _captured(path: str) -> bool:
    from ..replay.recording import exchanges

    return os.path.exists(path) and exchanges(open_tape(path)) > 0


def _examine(tape: Tape, command: list[str], options: dict[str, Any]) -> int:
    from ..replay.copying import touches
    from ..replay.doctor import examine
    from ..replay.findings import finding_lines, verdict

    for line in touches(tape):
        say(f"each replay will touch this again: {line}")

    def tell(finding: Finding) -> None:
        for line in finding_lines(finding):
            print(line, file=sys.stderr, flush=True)

    say(f"{len(tape.steps)} steps, replayed under other conditions")
    diagnosis = examine(tape, command or None, options["runs"], options["timeout"], tell)
    print(f"doctor: {verdict(diagnosis)}", file=sys.stderr)
    if options["as_json"]:
        from ..interop.steps_json import plain

        print_json(plain(diagnosis.as_json()))
    return 0 if diagnosis.replayable else 1
