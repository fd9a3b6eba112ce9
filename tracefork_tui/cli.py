"""The command line: commands and exit codes. What they do is in the rooms below."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from .tape.errors import TapeError

if TYPE_CHECKING:
    from .replay.doctor import Finding
    from .replay.plan import Fork, Intervention, Manner
    from .tape.reader import Tape
    from .tape.steps import Step

PASS_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False}


class _Commands(click.Group):
    """A group whose arguments, where they name no command, are tapes to open."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        own = not first.startswith("-") or first.partition("=")[0] == "--run"
        if args and first not in self.commands and own:
            args = ["open", *args]
        elif not args:
            args = ["open"]
        return super().parse_args(ctx, args)


def main(args: Sequence[str] | None = None) -> int:
    """Run a command; gives its exit code. Errors are one line on stderr, exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(args=args, prog_name="tracefork-tui", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        return _failed(error.format_message())
    except click.Abort:
        return _failed("interrupted")
    except TapeError as error:
        return _failed(str(error))
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0
        where = f"{error.filename}: " if error.filename else ""
        return _failed(f"{where}{(error.strerror or str(error)).lower()}")
    return code if isinstance(code, int) else 0


def _failed(message: str) -> int:
    _say(" ".join(message.split()))
    return 2


def _say(message: str) -> None:
    from .wire.visible import visible

    print(visible(f"tracefork-tui: {message}"), file=sys.stderr)


def _print_json(document: dict[str, Any]) -> None:
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    json.dump(document, sys.stdout, ensure_ascii=plain)
    sys.stdout.write("\n")


def _open(path: str) -> Tape:
    from .tape.reader import Tape

    return Tape(path)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tracefork-tui", prog_name="tracefork-tui")
def cli() -> None:
    """A time-travel debugger for LLM agents.

    \b
    tracefork-tui TAPE ...                       open the debugger
    tracefork-tui record -o TAPE -- CMD [ARG...]  record an agent
    """


@cli.command("open", hidden=True)
@click.argument("tapes", nargs=-1)
@click.option("--run", "script", metavar="COMMANDS", help="Do these first; see the README.")
def open_(tapes: tuple[str, ...], script: str | None) -> int:
    """Open the debugger on tapes."""
    if script is not None:
        return _scripted(list(tapes), script)
    if not tapes:
        return _tapes_here()
    for path in tapes:
        _open(path).close()
    return _debugger(list(tapes))


def _scripted(paths: list[str], text: str) -> int:
    """A session told in advance; it goes on at the terminal unless it quits."""
    from .tui import run
    from .tui.actions import Mistake
    from .tui.script import read

    try:
        commands = read(text)
    except Mistake as mistake:
        raise click.UsageError(f"--run: {mistake}") from None
    quits = commands[-1:] in (["q"], ["quit"])
    for path in paths:
        _open(path).close()
    return run(paths, commands[:-1] if quits else commands, _on_terminal() and not quits)


def _tapes_here() -> int:
    """The debugger on the tapes of this folder; a plain list where there is none to show them."""
    from .tui.family import read_folder

    folder = read_folder(os.getcwd())
    if folder.tapes and _on_terminal():
        return _debugger([])
    from .tui.tapes_text import lines

    for line in lines(folder):
        print(line)
    return 0


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _debugger(paths: list[str]) -> int:
    if paths and not _on_terminal():
        raise TapeError(f"{paths[0]}: the debugger needs a terminal; use `show` or `show --json`")
    from .tui import run

    return run(paths)


@cli.command(context_settings=PASS_ON)
@click.option("-o", "--output", "out", required=True, metavar="TAPE", help="The tape to write.")
@click.option("--force", is_flag=True, help="Replace an existing tape.")
@click.option("--user", multiple=True, metavar="PKG", help="Treat this package as your own code.")
@click.option("--env", multiple=True, metavar="NAME", help="Record reads of this variable.")
@click.option("--capture-files", is_flag=True, help="Keep files that it reads, up to 256 kB each.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
def record(
    out: str,
    force: bool,
    user: tuple[str, ...],
    env: tuple[str, ...],
    capture_files: bool,
    command: tuple[str, ...],
) -> int:
    """Record an agent's run; the exit code is the agent's."""
    from .replay.recording import SMALL_FILE, record_command

    keep = SMALL_FILE if capture_files else 0
    return record_command(
        list(command), out, force, _say, list(user), list(env), capture_files=keep
    )


@cli.command()
@click.argument("path", metavar="TAPE")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as JSON.")
@click.option("--trust", is_flag=True, help="Run the tape's command though it was made elsewhere.")
@click.option("--in-copy", is_flag=True, help="Run in a copy of the working directory.")
@click.option("--rerun-tools", is_flag=True, help="Run recorded subprocesses again.")
@click.option("--pdb", "stops", type=int, multiple=True, metavar="N", help="Open pdb at step N.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
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

    With --pdb N the run stops where step N is asked for, before it is answered, and pdb opens in
    the frame of yours that asked: on the terminal, else on stdin and stdout. `c` goes on to the
    receipt; `q` ends the run, exit code 1.
    """
    from .replay.launch import check_command
    from .replay.plan import replay_launch
    from .replay.receipt import lines
    from .replay.replay import Replaying

    tape = _open(path)
    _check_stops(tape, stops)
    _consent(tape, trust, command)
    words = list(command) or None
    check_command(replay_launch(tape, "", words))
    stdout = sys.stderr if as_json else None
    with _manner(tape, in_copy, rerun_tools, stops) as manner, _interruptible():
        receipt = Replaying(tape, words, stdout=_fileno(stdout), manner=manner).receipt()
    if as_json:
        from .interop.steps_json import plain

        _print_json(plain(receipt.as_json()))
    elif receipt.stopped:
        _say(receipt.stopped)
    else:
        for line in lines(receipt):
            print(line, file=sys.stderr)
    return 0 if receipt.proven else 1


def _check_stops(tape: Tape, stops: Sequence[int]) -> None:
    for n in stops:
        if not 1 <= n <= len(tape.index.first):
            raise TapeError(f"{tape.path}: there is no step {n}; it has {len(tape.steps)}")


@cli.command()
@click.argument("path", metavar="TAPE")
@click.option("--at", required=True, type=int, metavar="N", help="The step to fork at.")
@click.option("--reply", type=click.Path(), metavar="FILE", help="Answer with this message (JSON).")
@click.option("--raw", is_flag=True, help="FILE holds the body's bytes.")
@click.option("--fault", metavar="NAME[:k=v,...]", help="Inject a fault; see `faults`.")
@click.option("--draw", metavar="VALUE", help="Give the draw this value.")
@click.option("--offline", is_flag=True, help="Answer the rest from the tape (the default).")
@click.option("--strict", is_flag=True, help="Offline: halt where the tape has no equal request.")
@click.option("--script", metavar="FILE[:NAME]", help="Offline: a Python callable for misses.")
@click.option("--live", is_flag=True, help="Run the rest against the real model; costs money.")
@click.option("--max-calls", type=click.IntRange(1), default=None, metavar="N")
@click.option("--max-cost", type=click.FloatRange(0), default=None, metavar="USD")
@click.option("--max-steps", type=click.IntRange(1), default=None, metavar="N")
@click.option("--timeout", type=click.FloatRange(0), default=0.0, metavar="S")
@click.option("-o", "--output", "out", metavar="OUT", help="The fork's tape.")
@click.option("--force", is_flag=True, help="Replace an existing tape.")
@click.option("--trust", is_flag=True, help="Run the tape's command though it was made elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--in-copy", is_flag=True, help="Run in a copy of the working directory.")
@click.option("--rerun-tools", is_flag=True, help="Run recorded subprocesses again.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def fork(path: str, at: int, **options: Any) -> int:
    """Run the agent again with one answer changed at step N."""
    tape = _open(path)
    planned = _fork_of(tape, at, options)
    _consent(tape, options["trust"], options["command"])
    return _run_fork(planned, options)


def _fork_of(tape: Tape, at: int, options: dict[str, Any]) -> Fork:
    from .replay.plan import LIVE, OFFLINE, STRICT, Fork

    if not 1 <= at <= len(tape.index.first):
        raise TapeError(f"{tape.path}: there is no step {at}; it has {len(tape.steps)}")
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
        intervention=_intervention(tape.step(at), options),
        tail=tail,
        max_calls=options["max_calls"] or 0,
        max_steps=options["max_steps"] or 0,
        max_cost=options["max_cost"] or 0.0,
        script=_script(options["script"]),
    )


def _intervention(step: Step, options: dict[str, Any]) -> Intervention:
    from .replay import interventions

    if options["fault"] is not None:
        return interventions.fault(step, options["fault"])
    if options["draw"] is not None:
        return interventions.draw(step, options["draw"])
    body = _read(options["reply"])
    if options["raw"]:
        return interventions.raw(step, body)
    try:
        return interventions.reply(step, body.decode())
    except UnicodeDecodeError:
        raise TapeError(f"{options['reply']}: the reply is not UTF-8 text; see --raw") from None
    except TapeError as error:
        raise TapeError(f"{options['reply']}: {error}") from None


def _read(path: str) -> bytes:
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
        names = compile(_read(path), path, "exec").co_names
    except (SyntaxError, ValueError) as error:
        raise TapeError(f"{path}: is no Python script: {error}") from None
    if (function or "answer") not in names:
        raise TapeError(f"{path}: there is no function {function or 'answer'} in it")
    return f"{os.path.abspath(path)}:{function or 'answer'}"


def _run_fork(planned: Fork, options: dict[str, Any]) -> int:
    from .replay.estimate import estimate
    from .replay.fork import begin
    from .replay.launch import check_command, check_output
    from .replay.plan import LIVE, fork_launch, fork_path
    from .replay.receipt import fork_document, fork_lines

    parent = planned.parent
    out = options["out"] or fork_path(parent.path)
    words = list(options["command"]) or None
    check_command(fork_launch(planned, out, words))
    check_output(out, options["force"])
    live = planned.tail == LIVE
    if live:
        for line in estimate(parent, planned).lines():
            _say(line)
    stdout = sys.stderr if options["as_json"] else None
    with (
        _manner(parent, options["in_copy"], options["rerun_tools"]) as manner,
        _interruptible(),
    ):
        forking = begin(
            planned,
            out,
            words,
            force=options["force"],
            timeout=options["timeout"],
            stdin=None if live else -3,
            stdout=_fileno(stdout),
            manner=manner,
        )
        forking.wait()
    report = forking.report()
    if options["as_json"]:
        from .interop.steps_json import plain

        _print_json(plain(fork_document(report)))
    else:
        for line in fork_lines(report):
            print(line, file=sys.stderr)
    return 0 if report.held else 1


@cli.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print the alignment as JSON.")
@click.option("--markdown", is_flag=True, help="Print a report for a pull request.")
def diff(first: str, second: str, as_json: bool, markdown: bool) -> int:
    """Align two trajectories."""
    if as_json and markdown:
        raise click.UsageError("--json and --markdown: one of them")
    from . import diff as diffs

    comparison = diffs.compare(_open(first), _open(second))
    document = diffs.as_json(comparison) if as_json else None
    if document is not None:
        _print_json(document)
    elif markdown:
        print(diffs.as_markdown(comparison), end="")
    else:
        print(diffs.as_text(comparison, shutil.get_terminal_size((100, 24)).columns))
    return 0 if comparison.equal else 1


@cli.command()
@click.argument("path", metavar="TAPE")
@click.argument("n", required=False, type=int)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.option("--where", metavar="EXPR", help="Only the steps of which EXPR is true.")
def show(path: str, n: int | None, as_json: bool, where: str | None) -> int:
    """Steps as a table, or one step whole.

    \b
    EXPR speaks of a step's fields, and of what its request and response hold:
      tool == "bash" and cost > 0.02
      kind == "draw" and name == "clock"
      request.messages[-1].content contains "refund"
    """
    from .interop import steps_json, steps_text

    tape = _open(path)
    if where is not None:
        if n is not None:
            raise click.UsageError("--where chooses among all steps: leave the step's number out")
        tape = _chosen(tape, where)
    if as_json:
        _print_json(steps_json.document(tape) if n is None else steps_json.whole(tape, n))
        return 0
    width = shutil.get_terminal_size((100, 24)).columns
    for line in steps_text.table(tape, width) if n is None else steps_text.whole(tape, n):
        print(line)
    return 0


def _chosen(tape: Tape, where: str) -> Tape:
    """The tape with only the steps of which an expression is true."""
    from . import query
    from .wire.visible import visible

    try:
        found = list(query.filter(tape, query.compile(where)))
    except query.QueryError as error:
        raise click.UsageError(visible(f"--where: {error}")) from None
    return cast("Tape", query.Selection(tape, found))


@cli.command()
@click.argument("path", metavar="TAPE")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def check(path: str, as_json: bool) -> int:
    """Integrity of the file: every record, body and hash."""
    from .tape.check import check as check_tape

    report = check_tape(path)
    if as_json:
        _print_json(report.as_json())
    else:
        for line in report.lines():
            print(line)
    return 1 if report.damage else 0


@cli.command()
@click.argument("path", metavar="TAPE")
@click.option("-o", "--output", "out", metavar="OUT", help="The file to write.")
@click.option("--in-place", is_flag=True, help="Put the packed file in the tape's place.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def pack(path: str, out: str | None, in_place: bool, force: bool) -> int:
    """Compress a tape for rest; all commands read it as it is.

    OUT is NAME.packed.msgpack if left out. `unpack` gives back the same bytes.
    """
    from .tape.packing import pack as packed

    stem = path.removesuffix(".msgpack")
    done = packed(path, *_place(path, out or f"{stem}.packed.msgpack", in_place, force))
    share = done.size / done.before
    _say(f"{done.path}: {done.size} bytes, packed from {done.before} ({share:.0%})")
    return 0


@cli.command()
@click.argument("path", metavar="TAPE")
@click.option("-o", "--output", "out", metavar="OUT", help="The file to write.")
@click.option("--in-place", is_flag=True, help="Put the tape in the packed file's place.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def unpack(path: str, out: str | None, in_place: bool, force: bool) -> int:
    """Give a packed tape back as it was, byte for byte.

    OUT is NAME.msgpack for NAME.packed.msgpack if left out.
    """
    from .tape.packing import unpack as unpacked

    stem = path.removesuffix(".packed.msgpack")
    if out is None and stem == path and not in_place:
        raise click.UsageError("name the file to write: -o OUT, or --in-place")
    done = unpacked(path, *_place(path, out or f"{stem}.msgpack", in_place, force))
    _say(f"{done.path}: {done.size} bytes, unpacked from {done.before}")
    return 0


def _place(path: str, out: str, in_place: bool, force: bool) -> tuple[str, bool]:
    return (path, True) if in_place else (out, force)


@cli.command("import")
@click.argument("sources", metavar="SRC...", nargs=-1, required=True)
@click.option("-o", "--output", "out", required=True, metavar="TAPE", help="The tape, or a folder.")
@click.option("--format", "format_", metavar="NAME", help="What SRC is; found out if left out.")
@click.option("--force", is_flag=True, help="Replace existing tapes.")
def import_(sources: tuple[str, ...], out: str, format_: str | None, force: bool) -> int:
    """Make tapes of other tools' recordings: cassettes, HAR, Inspect logs.

    One run goes to TAPE. Several (more than one SRC, a folder, a log with samples) go to the
    folder TAPE, named as their sources are; to a name that ends in .msgpack, they are numbered.
    What a source lacks (times, draws, the command) is named on the tape.

    Formats: vcrpy, langchain, go-vcr, ruby-vcr, httpmock, har, inspect, tracefork, sse. The exit
    code is 1 where some could not be imported, 2 where none could.
    """
    from .interop.importing import FORMATS, Importing
    from .replay.environment import user_secret

    if format_ is not None and format_ not in FORMATS:
        raise click.UsageError(f"--format is one of {', '.join(sorted(FORMATS))}")
    return Importing(out, user_secret(), _say, format_, force).run(sources)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def faults(as_json: bool) -> int:
    """The catalogue of faults that can be injected."""
    from .interop.faults import as_rows, as_text

    if as_json:
        _print_json({"faults": as_rows()})
    else:
        for line in as_text(shutil.get_terminal_size((100, 24)).columns):
            print(line)
    return 0


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
    """Is an agent replayable? Records CMD, or takes TAPE, and replays it under other conditions.

    The hash seed, the clock, the order of folders, the environment, the load and the working
    directory are changed, one at a time. Exit code 0 if it is proven under all.
    """
    command: list[str] = ctx.meta["command"]
    if path is None and not command:
        raise click.UsageError("name a tape, or the agent's command behind --")
    if path is not None:
        if out := options["out"]:
            raise click.UsageError(f"-o {out} goes with a recording, not with a tape")
        tape = _open(path)
        _consent(tape, options["trust"], command)
        return _examine(tape, command, options)
    from tempfile import TemporaryDirectory

    from .replay.recording import record_command

    with TemporaryDirectory(prefix="tracefork-") as folder:
        out = options["out"] or os.path.join(folder, "recorded.msgpack")
        stdout = _fileno(sys.stderr) if options["as_json"] else None
        user, env = list(options["user"]), list(options["env"])
        record_command(command, out, options["force"], _say, user, env, stdout)
        return _examine(_open(out), command, options) if _captured(out) else 1


def _captured(path: str) -> bool:
    from .replay.recording import exchanges

    return os.path.exists(path) and exchanges(_open(path)) > 0


def _examine(tape: Tape, command: list[str], options: dict[str, Any]) -> int:
    from .replay.copying import touches
    from .replay.doctor import examine
    from .replay.findings import finding_lines, verdict

    for line in touches(tape):
        _say(f"each replay will touch this again: {line}")

    def tell(finding: Finding) -> None:
        for line in finding_lines(finding):
            print(line, file=sys.stderr, flush=True)

    _say(f"{len(tape.steps)} steps, replayed under other conditions")
    diagnosis = examine(tape, command or None, options["runs"], options["timeout"], tell)
    print(f"doctor: {verdict(diagnosis)}", file=sys.stderr)
    if options["as_json"]:
        from .interop.steps_json import plain

        _print_json(plain(diagnosis.as_json()))
    return 0 if diagnosis.replayable else 1


@cli.command()
@click.option("-o", "--output", "out", metavar="TAPE", help="Where to keep the tape.")
@click.option("--force", is_flag=True, help="Replace an existing tape.")
@click.option("--no-open", is_flag=True, help="Record only.")
@click.option("--agent", default="refund", metavar="NAME", help="Which demo agent.")
@click.option("--tapes", metavar="FOLDER", help="Record the bundled tapes anew and compare.")
def demo(out: str | None, force: bool, no_open: bool, agent: str, tapes: str | None) -> int:
    """Record the demo agent on the offline model and open its tape."""
    from .replay.demo import record_demo, record_tapes

    if tapes is not None:
        return 0 if record_tapes(tapes, _say) else 1
    with record_demo(agent, out, force, _say) as path:
        return 0 if no_open else _debugger([path])


def _consent(tape: Tape, trust: bool, command: Sequence[str]) -> None:
    """A tape from elsewhere is not run until the user says so."""
    from .replay.environment import user_secret
    from .tape.seal import made_here

    if trust or command or made_here(tape, user_secret()):
        return
    words = " ".join(str(word) for word in tape.header.get("command", ()))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise TapeError(
            f"{tape.path}: it was not recorded by you on this machine and would run "
            f"`{words!r}`; pass --trust, or the command behind --"
        )
    _say(f"{tape.path} was not recorded by you on this machine. It would run: {words!r}")
    if not click.confirm("Run it?", err=True):
        raise TapeError(f"{tape.path}: not run")


@contextlib.contextmanager
def _manner(
    tape: Tape, in_copy: bool, rerun_tools: bool, stops: tuple[int, ...] = ()
) -> Iterator[Manner]:
    """How the agent is run again; what it would touch again outside of a copy is said first."""
    from .replay.copying import copied_home, touches
    from .replay.plan import Manner

    if in_copy:
        with copied_home(tape) as folder:
            yield Manner(rerun_tools, folder, stops)
        return
    for line in touches(tape):
        _say(f"it will touch this again: {line}; --in-copy runs it in a copy")
    yield Manner(rerun_tools, stops=stops)


def _fileno(stream: Any) -> int | None:
    return None if stream is None else int(stream.fileno())


class _interruptible:
    """While an agent runs in our terminal, Ctrl-C is for the agent."""

    def __enter__(self) -> None:
        import signal

        self._before: Callable[..., Any] | int | None = signal.signal(
            signal.SIGINT, lambda *_: None
        )

    def __exit__(self, *_: object) -> None:
        import signal

        signal.signal(signal.SIGINT, self._before)
