"""Recording from within: `with tracefork_tui.record("run.msgpack"): ...`.

What was read before, or is read through names that were imported before (`from time import
time`), is not on the tape; nor is a command, so that a replay needs one behind `--`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import Any

from ..debuggee import session as sessions
from ..debuggee.seams import active
from ..debuggee.start import install, make
from ..tape.redact import Redactor, check_pattern
from ..tape.seal import seal
from ..tape.writer import Writer
from .children import settle
from .environment import credential_names, keeps, key_names, origins, user_secret


@contextlib.contextmanager
def record(
    path: str | os.PathLike[str], *, force: bool = False, secrets: Iterable[str] = ()
) -> Iterator[None]:
    """Record what this process exchanges and draws within the block, to the tape at `path`.

    `secrets`: regular expressions for what is redacted besides credentials; ValueError for one that
    cannot be. Raises TapeError if the tape cannot be written. Within a process that is recorded or
    replayed already it does nothing: that tape has it all.
    """
    if active() is not None:
        yield
        return
    out = os.path.abspath(path)
    patterns = list(secrets)
    for pattern in patterns:
        if why := check_pattern(pattern):
            raise ValueError(f"{pattern}: {why}")
    redactor = Redactor(os.environ, patterns)
    header: dict[str, Any] = {
        "command": [],
        "cwd": os.path.relpath(os.getcwd(), os.path.dirname(out)),
        "name": os.path.splitext(os.path.basename(sys.argv[0] or "python"))[0],
        "started": time.time(),
        "environment": keeps(os.environ, redactor),
        "keys": key_names(os.environ),
        "credentials": credential_names(os.environ),
        "origins": origins(os.environ),
        "hash_seed": os.environ.get("PYTHONHASHSEED", ""),
        "python": sys.version.split()[0],
        "inprocess": True,
        "secrets": patterns,
        "id": os.urandom(8).hex(),
    }
    writer = Writer.create(out, header, force=force)
    place = os.path.join(tempfile.gettempdir(), f"tracefork-{header['id']}.plan")
    plan = {"header": header, "out": out, "force": force, "path": place, "secrets": patterns}
    session, _ = make(plan, writer)
    session.note("lacks", {"what": "what was drawn before the block or through earlier imports"})
    hooks = install(session, None, plan)
    started, failure = time.monotonic(), ""
    try:
        yield
    except BaseException as error:
        failure = f"{type(error).__qualname__}: {error}"
        raise
    finally:
        sessions.active = None
        session.detached = True
        hooks.remove()
        writer.close()
        outcome = {"exit_code": None, "signal": None, "exception": failure, "output": ""}
        notes = settle(out, user_secret(), place)
        elapsed = int((time.monotonic() - started) * 1e6)
        seal(out, outcome, elapsed, user_secret(), notes).close()
