"""Commands that make tapes of files: packed, unpacked, of other tools."""

from __future__ import annotations

import click

from .group import cli
from .output import say


@cli.command()
@click.argument("path", metavar="TAPE")
@click.option("-o", "--output", "out", metavar="OUT", help="The file to write.")
@click.option("--in-place", is_flag=True, help="Put the packed file in the tape's place.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
def pack(path: str, out: str | None, in_place: bool, force: bool) -> int:
    """Compress a tape for rest; all commands read it as it is.

    OUT is NAME.packed.msgpack if left out. `unpack` gives back the same bytes.
    """
    from ..tape.packing import pack as packed

    stem = path.removesuffix(".msgpack")
    done = packed(path, *_place(path, out or f"{stem}.packed.msgpack", in_place, force))
    share = done.size / done.before
    say(f"{done.path}: {done.size} bytes, packed from {done.before} ({share:.0%})")
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
    from ..tape.packing import unpack as unpacked

    stem = path.removesuffix(".packed.msgpack")
    if out is None and stem == path and not in_place:
        raise click.UsageError("name the file to write: -o OUT, or --in-place")
    done = unpacked(path, *_place(path, out or f"{stem}.msgpack", in_place, force))
    say(f"{done.path}: {done.size} bytes, unpacked from {done.before}")
    return 0


def _place(path: str, out: str, in_place: bool, force: bool) -> tuple[str, bool]:
    return (path, True) if in_place else (out, force)


@cli.command("import")
@click.argument("sources", metavar="SRC...", nargs=-1, required=True)
@click.option("-o", "--output", "out", required=True, metavar="TAPE", help="The tape, or a folder.")
@click.option("--format", "format_", metavar="NAME", help="What SRC is; found out if left out.")
@click.option("--force", is_flag=True, help="Replace existing tapes.")
def import_(sources: tuple[str, ...], out: str, format_: str | None, force: bool) -> int:
    """Make tapes of other tools' recordings.

    One run goes to TAPE. Several (more than one SRC, a folder, a log with samples) go to the
    folder TAPE, named as their sources are; to a name that ends in .msgpack, they are numbered.
    What a source lacks (times, draws, the command) is named on the tape.

    Formats: vcrpy, langchain, go-vcr, ruby-vcr, httpmock, har, inspect, tracefork, sse. The exit
    code is 1 where some could not be imported, 2 where none could.
    """
    from ..interop.importing import FORMATS, Importing
    from ..replay.environment import user_secret

    if format_ is not None and format_ not in FORMATS:
        raise click.UsageError(f"--format is one of {', '.join(sorted(FORMATS))}")
    return Importing(out, user_secret(), say, format_, force).run(sources)
