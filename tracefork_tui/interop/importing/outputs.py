"""Where imported tapes go."""

from __future__ import annotations

import os
import re

from ...tape.errors import TapeError

TAPE = ".msgpack"


class Outputs:
    """Names tapes after `out`: the tape itself for one; for several, files in that folder.

    Where several are to go to a name that ends in .msgpack, they are numbered: run-1.msgpack.
    """

    def __init__(self, out: str, several: bool, force: bool) -> None:
        self._out = out
        self._several = several
        self._force = force
        self._taken: set[str] = set()

    def expect_several(self) -> None:
        self._several = True

    def path(self, name: str, inside: str = "") -> str:
        """The next tape's path; `inside`: the folder below the output. Its folder is made.

        Raises TapeError where it exists already.
        """
        path = self._free(name, inside)
        if os.path.exists(path) and not self._force:
            raise TapeError(f"{path}: exists already; name another place or pass --force")
        folder = os.path.dirname(path) or "."
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise TapeError(f"{folder}: cannot be made: {(error.strerror or '').lower()}") from None
        self._taken.add(path)
        return path

    def _free(self, name: str, inside: str) -> str:
        out = self._out
        numbered = self._several and out.endswith(TAPE) and not os.path.isdir(out)
        if numbered:
            return f"{out.removesuffix(TAPE)}-{len(self._taken) + 1}{TAPE}"
        if not self._several and not out.endswith(os.sep) and not os.path.isdir(out):
            return out
        stem = os.path.join(out, inside, _safe(name))
        number, path = 1, f"{stem}{TAPE}"
        while path in self._taken:
            number += 1
            path = f"{stem}-{number}{TAPE}"
        return path


def _safe(name: str) -> str:
    """A file name: no separators, no control characters, not hidden, not too long."""
    return re.sub(r"[^\w.,+@=()\[\]-]+", "_", name).lstrip(".")[:150] or "tape"
