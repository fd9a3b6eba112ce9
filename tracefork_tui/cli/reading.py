"""Commands that read tapes: their steps, their integrity, the difference of two."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, cast

import click

from .group import cli
from .output import open_tape, print_json

if TYPE_CHECKING:
    from ..tape.reader import Tape


@cli.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print the alignment as JSON.")
@click.option("--markdown", is_flag=True, help="Print a report for a pull request.")
def diff(first: str, second: str, as_json: bool, markdown: bool) -> int:
    """Align two trajectories. The exit code is 0 where they are equal."""
    if as_json and markdown:
        raise click.UsageError("--json and --markdown: one of them")
    from .. import diff as diffs

    comparison = diffs.compare(open_tape(first), open_tape(second))
    document = diffs.as_json(comparison) if as_json else None
    if document is not None:
        print_json(document)
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
    """Steps as a table, a run of draws on one line; or one step whole.

    \b
    EXPR speaks of a step's fields, and of what its request and response hold:
      tool == "bash" and cost > 0.02
      kind == "draw" and name == "clock"
      request.messages[-1].content contains "refund"
    """
    from ..interop import steps_json, steps_text

    tape = open_tape(path)
    if where is not None:
        if n is not None:
            raise click.UsageError("--where chooses among all steps: leave the step's number out")
        tape = _chosen(tape, where)
    if as_json:
        print_json(steps_json.document(tape) if n is None else steps_json.whole(tape, n))
        return 0
    width = shutil.get_terminal_size((100, 24)).columns
    rows = steps_text.table(tape, width, not sys.stdout.isatty())
    for line in rows if n is None else steps_text.whole(tape, n):
        print(line)
    return 0


def _chosen(tape: Tape, where: str) -> Tape:
    """The tape with only the steps of which an expression is true."""
    from .. import query
    from ..wire.visible import visible

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
    from ..tape.check import check as check_tape

    report = check_tape(path)
    if as_json:
        print_json(report.as_json())
    else:
        for line in report.lines():
            print(line)
    return 1 if report.damage else 0


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def faults(as_json: bool) -> int:
    """The catalogue of faults that can be injected."""
    from ..interop.faults import as_rows, as_text

    if as_json:
        print_json({"faults": as_rows()})
    else:
        for line in as_text(shutil.get_terminal_size((100, 24)).columns):
            print(line)
    return 0
