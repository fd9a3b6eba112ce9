"""The group of commands: where the first word names none, they are tapes to open."""

from __future__ import annotations

import click


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


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tracefork-tui", prog_name="tracefork-tui")
def cli() -> None:
    """A time-travel debugger for LLM agents.

    \b
    tracefork-tui                                   the tapes of this folder
    tracefork-tui TAPE ...                          open the debugger
    tracefork-tui TAPE --run 'COMMAND; COMMAND'     the same, told in advance
    tracefork-tui record -o TAPE -- CMD [ARG ...]   record an agent
    """
