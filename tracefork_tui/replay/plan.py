"""Replays and forks as plans: what the debuggee is told to answer with."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..tape.answer import Answer
from ..tape.errors import TapeError
from ..tape.reader import Tape
from ..tape.records import PROVENANCES
from ..tape.redact import check_pattern
from .environment import home_of, live_origins, origins, restored, runnable, shapes
from .launch import Launch

OFFLINE, STRICT, LIVE = "offline", "strict", "live"


@dataclass(frozen=True)
class Intervention:
    """What happens at the fork's step instead of what was recorded.

    `kind`: "reply", "raw", "fault" or "draw". `answers`: one for each attempt, for an exchange;
    `draw`: (type, value), for a draw. `text`: one line that says it, for people.
    """

    kind: str
    text: str
    answers: list[Answer] = field(default_factory=list)
    draw: tuple[str, Any] | None = None

    @property
    def provenance(self) -> str:
        return "fault" if self.kind == "fault" else "edited"


@dataclass(frozen=True)
class Fork:
    """A run that follows `parent` up to step `at`, then the intervention, then the tail.

    Without an intervention the tail begins at step `at` itself. Zero for a limit is none.
    """

    parent: Tape
    at: int
    intervention: Intervention | None = None
    tail: str = OFFLINE
    max_calls: int = 0
    max_steps: int = 0
    max_cost: float = 0.0
    script: str = ""


@dataclass(frozen=True)
class Manner:
    """How an agent is run again. `rerun_tools`: recorded subprocesses run anew; `folder`: the
    working directory instead of the tape's; `stops`: the steps where pdb opens; `hash_seed`: in
    place of the tape's; `disturb`: other conditions, see debuggee/disturb.py."""

    rerun_tools: bool = False
    folder: str = ""
    stops: tuple[int, ...] = ()
    hash_seed: str = ""
    disturb: dict[str, Any] = field(default_factory=dict)


AS_RECORDED = Manner()


def replay_launch(
    parent: Tape, out: str, command: list[str] | None = None, manner: Manner = AS_RECORDED
) -> Launch:
    """A run on the tape alone."""
    return _launch(parent, out, command, {}, manner, live=False)


def fork_launch(
    fork: Fork,
    out: str,
    command: list[str] | None = None,
    force: bool = False,
    manner: Manner = AS_RECORDED,
) -> Launch:
    """The run of a fork. Raises TapeError for a step that the tape has not."""
    parent = fork.parent
    parent.head_of(fork.at)
    if os.path.exists(out) and os.path.samefile(out, parent.path):
        raise TapeError(f"{out}: is the parent tape, which a fork never changes; name another file")
    intervention = fork.intervention
    plan: dict[str, Any] = {
        "at": fork.at,
        "tail": fork.tail,
        "max_calls": fork.max_calls,
        "max_steps": fork.max_steps,
        "script": fork.script,
    }
    if intervention is not None:
        plan["answers"] = [answer.packed() for answer in intervention.answers]
        plan["provenance"] = PROVENANCES.index(intervention.provenance)
        plan["keep_reply"] = intervention.kind == "fault"
        plan["draw"] = list(intervention.draw) if intervention.draw else None
    launch = _launch(parent, out, command, plan, manner, live=fork.tail == LIVE)
    launch.force = force
    launch.header["parent"] = {
        "fingerprint": parent.fingerprint,
        "prefix": parent.fingerprint_at(fork.at - 1),
        "step": fork.at,
        "intervention": intervention.text if intervention else "",
        "kind": intervention.kind if intervention else "",
        "tail": fork.tail,
        "file": os.path.basename(parent.path),
    }
    return launch


def _launch(
    parent: Tape,
    out: str,
    command: list[str] | None,
    plan: dict[str, Any],
    manner: Manner,
    live: bool,
) -> Launch:
    header = parent.header
    taped = {name: str(value) for name, value in header.get("environment", {}).items()}
    taped = {name: value for name, value in taped.items() if shapes(name)}
    keys = [str(name) for name in header.get("keys", ())]
    credentials = [str(name) for name in header.get("credentials", ())]
    if live:
        environment = dict(os.environ)
        named = live_origins(environment, taped)
    else:
        environment = restored(os.environ, taped, keys, credentials)
        named = origins(environment)
    words = command or runnable([str(word) for word in header.get("command", ())])
    origin = header.get("child_of")
    if not words and isinstance(origin, dict):
        name = f"{origin.get('file')}"
        raise TapeError(f"{parent.path}: it is of a child process; replay its parent, {name}")
    if not words:
        raise TapeError(f"{parent.path}: it names no command; give one behind --")
    shaped: dict[str, Any] = {
        name: [str(word) for word in header.get(name, ())]
        for name in ("user", "variables", "secrets")
    }
    shaped["secrets"] = [one for one in shaped["secrets"] if not check_pattern(one)]
    shaped["rerun_tools"] = manner.rerun_tools
    shaped["stops"] = list(manner.stops)
    shaped["disturb"] = manner.disturb
    home = os.getcwd() if command else home_of(parent.path, str(header.get("cwd", ".")))
    shaped["copied_from"] = os.path.realpath(home) if manner.folder else ""
    place = os.path.relpath(home, os.path.dirname(os.path.abspath(out)))
    kept = {"cwd": place} if manner.folder else {}
    return Launch(
        command=words,
        out=out,
        cwd=manner.folder or home,
        environment=environment,
        plan={"parent": os.path.abspath(parent.path), **shaped, **plan},
        header={"origins": named, "name": header.get("name", ""), **kept},
        hash_seed=manner.hash_seed or str(header.get("hash_seed", "0")),
    )


def fork_path(parent: str, exists: Callable[[str], bool] = os.path.exists) -> str:
    """The default name of the next fork of a tape: `<parent>.fork-N.msgpack`."""
    stem = Path(parent).with_suffix("")
    number = 1
    while exists(f"{stem}.fork-{number}.msgpack"):
        number += 1
    return f"{stem}.fork-{number}.msgpack"
