"""The conditions under which `doctor` replays a tape, each with one thing changed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..tape.errors import TapeError
from ..tape.reader import Tape
from .copying import LEFT_OUT, copied_home
from .environment import KEYS, home_of, shapes
from .plan import AS_RECORDED, Manner

FORTY_DAYS = 40 * 86400 + 26_591
SWITCH = 1e-5
LARGEST_COPY = 64 * 1024 * 1024
MOST_FILES = 5000
NEEDED = ("HOME", "LOGNAME", "PATH", "PWD", "SHELL", "SHLVL", "TERM", "TMPDIR", "USER", "_")
NEEDED_PREFIXES = ("CONDA", "DYLD_", "LD_", "PYTHON", "SSL_", "TRACEFORK_", "VIRTUAL_ENV")
ELSEWHERE = {
    "COLUMNS": "61",
    "EDITOR": "ed",
    "HOSTNAME": "elsewhere",
    "LINES": "17",
    "LOGNAME": "somebody",
    "SHELL": "/bin/sh",
    "TERM": "dumb",
    "USER": "somebody",
    "USERNAME": "somebody",
}
FAR_ZONE = "FAR-12:45"


@dataclass(frozen=True)
class Trial:
    """One replay: what is changed for it, in words, and how it is run."""

    changed: str
    manner: Manner


Trials = Generator[Trial, None, None]


@dataclass(frozen=True)
class Condition:
    """`cause`, `remedy`: what it is, most likely, where a tape that replays unchanged fails."""

    name: str
    cause: str
    remedy: str
    trials: Callable[[Tape, int], Trials]


def _unchanged(tape: Tape, runs: int) -> Trials:
    yield Trial("", AS_RECORDED)


def _hash_seed(tape: Tape, runs: int) -> Trials:
    own = str(tape.header.get("hash_seed") or "0")
    first = int(own) if own.isdigit() else 0
    for number in range(1, runs + 1):
        seed = str((first + 7919 * number) % 2**32)
        yield Trial(f"PYTHONHASHSEED={seed}", Manner(hash_seed=seed))


def _clock(tape: Tape, runs: int) -> Trials:
    yield Trial("clocks 40 days on", Manner(disturb={"clock": FORTY_DAYS}))


def _order(tape: Tape, runs: int) -> Trials:
    for number in range(runs):
        how = f"shuffled ({number})" if number else "backwards"
        yield Trial(f"folders listed {how}", Manner(disturb={"order": number}))


def _elsewhere(tape: Tape, runs: int) -> Trials:
    with tempfile.TemporaryDirectory(prefix="tracefork-home-") as folder:
        places = {name: os.path.join(folder, name.lower()) for name in ("HOME", "TMPDIR")}
        for place in places.values():
            os.mkdir(place)
        new: dict[str, str | None] = {**ELSEWHERE, **places}
        new |= {name: None for name in os.environ if name.startswith("XDG_")}
        if "TZ" not in tape.header.get("environment", {}):
            new["TZ"] = FAR_ZONE
        changed = "another user, home, time zone and terminal"
        yield Trial(changed, Manner(disturb={"environment": new}))


def _bare(tape: Tape, runs: int) -> Trials:
    known = {*KEYS, *NEEDED, *tape.header.get("keys", ())}
    gone = [
        name
        for name in os.environ
        if name not in known and not shapes(name) and not name.startswith(NEEDED_PREFIXES)
        if not name.lower().endswith("_proxy")
    ]
    new: dict[str, str | None] = dict.fromkeys(gone)
    new["DOCTOR"] = "an extra variable"
    changed = f"without {len(gone)} variables that the tape does not keep, with one more"
    yield Trial(changed, Manner(disturb={"environment": new}))


def _load(tape: Tape, runs: int) -> Trials:
    with burning((os.cpu_count() or 1) + 1):
        for _ in range(runs):
            yield Trial(
                "a busy machine, threads that switch often", Manner(disturb={"switch": SWITCH})
            )


def _directory(tape: Tape, runs: int) -> Trials:
    home = home_of(tape.path, str(tape.header.get("cwd", ".")))
    if _too_large(home):
        raise TapeError(f"{home}: too large to be copied")
    with copied_home(tape) as folder:
        yield Trial("a copy of the working directory", Manner(folder=folder))


CONDITIONS = (
    Condition("unchanged", "", "", _unchanged),
    Condition(
        "hash seed",
        "the order of a set, or hash()",
        "sort what comes out of a set before it is sent",
        _hash_seed,
    ),
    Condition(
        "clock",
        "a clock that a library reads",
        "wrap the call that reads it with tracefork_tui.draw, or name the library with --user",
        _clock,
    ),
    Condition(
        "directory order",
        "the order of a folder's entries, listed by a library",
        "sort the entries, or wrap the call that lists them with tracefork_tui.draw",
        _order,
    ),
    Condition(
        "elsewhere",
        "the user, home folder, time zone or terminal of this machine",
        "read it in your own code and wrap that with tracefork_tui.draw, or record --env NAME",
        _elsewhere,
    ),
    Condition(
        "environment",
        "a variable that the tape does not keep",
        "record with --env NAME, so that its reads are draws",
        _bare,
    ),
    Condition(
        "load",
        "threads or tasks that race",
        "join them in a fixed order, or let one thread do what is sent",
        _load,
    ),
    Condition(
        "working directory",
        "the path of the working directory",
        "send paths relative to it",
        _directory,
    ),
)


@contextlib.contextmanager
def burning(count: int) -> Iterator[None]:
    """Processes that keep the machine busy."""
    words = [sys.executable, "-S", "-E", "-c", "while True: pass"]
    burners = [subprocess.Popen(words, stdin=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def _too_large(home: str) -> bool:
    size = files = 0
    for folder, folders, names in os.walk(home):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in names:
            with contextlib.suppress(OSError):
                size += Path(folder, name).lstat().st_size
            files += 1
        if size > LARGEST_COPY or files > MOST_FILES:
            return True
    return False
