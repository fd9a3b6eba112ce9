"""Files and folders to tapes: which outputs, what happened to each, and the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ...tape.errors import TapeError
from ...tape.reader import Tape
from .formats import FORMATS, parts, reason, remedy
from .material import Material
from .model import NotImported, Part, Unknown
from .outputs import Outputs
from .write import write

TYPICAL = (".yaml", ".yml", ".yaml.gz", ".har", ".eval", ".sqlite", ".sse")
"""In a folder, a file with such a name that cannot be imported is a failure, any other is not."""

Say = Callable[[str], None]


@dataclass
class Importing:
    """Imports sources to `out`; `say` gets one line for each tape and for each failure."""

    out: str
    secret: bytes
    say: Say
    format: str | None = None
    force: bool = False
    made: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)

    def run(self, sources: Sequence[str]) -> int:
        """The exit code: 0, 1 where some sources failed, 2 where nothing was imported."""
        several = len(sources) > 1 or any(os.path.isdir(source) for source in sources)
        outputs = Outputs(self.out, several, self.force)
        for source in sources:
            if not os.path.isdir(source):
                self._file(source, "", outputs)
                continue
            for path in _files(source):
                self._file(path, os.path.dirname(os.path.relpath(path, source)), outputs, True)
        self._summary()
        if not self.made:
            return 2
        return 1 if self.failed else 0

    def _file(self, path: str, inside: str, outputs: Outputs, found_there: bool = False) -> None:
        try:
            material = Material(path)
            kind, runs = parts(material, self.format)
        except Unknown as error:
            if found_there and not path.lower().endswith(TYPICAL):
                self.skipped.append(os.path.basename(path))
            else:
                self._fail(str(error))
            return
        except TapeError as error:
            self._fail(str(error))
            return
        if not runs:
            self._fail(f"{path}: {FORMATS[kind].TITLE}, but it holds no runs")
        if len(runs) > 1:
            outputs.expect_several()
        for run in runs:
            self._run(material, kind, run, inside, outputs)

    def _run(
        self, material: Material, kind: str, part: Part, inside: str, outputs: Outputs
    ) -> None:
        """One tape. Whatever a hostile file makes a reader raise is one line."""
        label = f"{material.path} ({part.name})" if part.name else material.path
        try:
            run = part.load()
            run.name = run.name or material.stem
            out = outputs.path(".".join(filter(None, (material.stem, part.name))), inside)
            imported = {"format": kind, "source": material.name}
            tape = write(run, out, imported, self.secret)
        except NotImported as error:
            self._fail(f"{label}: {FORMATS[kind].TITLE}, but {error}")
        except TapeError as error:
            self._fail(str(error))
        except ImportError as error:
            self._fail(f"{label}: {remedy(error)}")
        except Exception as error:
            self._fail(f"{label}: {FORMATS[kind].TITLE}, but {reason(error)}")
        else:
            with tape:
                self.made += 1
                self.say(f"{out}: {_counted(tape)} from {label} ({FORMATS[kind].TITLE})")

    def _fail(self, line: str) -> None:
        self.failed += 1
        self.say(" ".join(line.split()))

    def _summary(self) -> None:
        if self.skipped:
            names = ", ".join(self.skipped[:5]) + (", …" if len(self.skipped) > 5 else "")
            self.say(f"skipped, not recordings: {names}")
        if self.made + self.failed > 1:
            self.say(f"{self.made} imported, {self.failed} failed")


def _counted(tape: Tape) -> str:
    draws = sum(step.kind == "draw" for step in tape.steps)
    exchanges = len(tape.steps) - draws
    words = f"{exchanges} exchange{'' if exchanges == 1 else 's'}"
    return f"{words} and {draws} draw{'' if draws == 1 else 's'}" if draws else words


def _files(folder: str) -> Iterator[str]:
    """The files of a folder and those below it, sorted, hidden ones left out."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(place, name) for name in sorted(names) if name[0] != ".")
