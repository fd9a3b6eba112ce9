"""Starts a session in the agent's process, by the plan that the debugger left for it."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Any

from ..tape.errors import TapeError
from ..tape.redact import Redactor
from ..tape.writer import Writer
from . import (
    carried,
    commands,
    draws,
    effects,
    environment,
    failures,
    inputs,
    leftovers,
    logs,
    machine,
    names,
    naps,
    native,
    ordered,
    outside,
    served,
    states,
    stdio,
    tools,
    tracebacks,
    trios,
    unbegun,
    waits,
)
from . import session as sessions
from .ahead import Ahead
from .arrivals import Arrivals
from .callers import Callers
from .children import Children
from .flight import LIBRARIES
from .forkpoint import ForkPoint
from .further import claim
from .hooks import AfterImport
from .policy import Recording, Redrawing
from .session import Session, perf_counter_ns
from .threads import Threads
from .turns import Turns
from .variables import travelling
from .virtual import VirtualTime, watch_timers

SDKS = ("anthropic", "openai", "pydantic_ai", "langchain_core", "litellm", "pydantic")
UNPATCHED = ("grpc", "pycurl", "curl_cffi")
"""Libraries that open connections of which the interpreter is not told."""

FROM_STDIN = ([""], ["-"])
"""What sys.argv begins with where the program is what Python reads from its input."""


def start(plan_path: str) -> None:
    """Take the plan, and record or replay this process by it."""
    plan = claim(plan_path)
    if plan is None:
        return
    header = dict(plan["header"])
    header["python"] = sys.version.split()[0]
    header["implementation"] = sys.implementation.name
    try:
        writer = Writer.create(plan["out"], header, force=plan["force"])
        session, parent = make(plan, writer)
    except TapeError as error:
        failures.say(str(error))
        os._exit(2)
    install(session, parent, plan)
    if sys.argv[:1] in FROM_STDIN:
        session.note("program", {"what": "read from standard input"})


def make(plan: dict[str, Any], writer: Writer) -> tuple[Session, Any]:
    """The session of a plan, and the parent tape that it replays, if any."""
    redactor = Redactor(os.environ, plan.get("secrets") or ())
    redactor.command(getattr(sys, "orig_argv", ()))
    callers = Callers(os.getcwd(), list(plan.get("user", ())))
    parent: Any = None
    policy: Any = Recording()
    if plan["header"].get("child_of"):
        from .kin import answers_of

        parent, policy = answers_of(plan)
    elif plan.get("parent"):
        from ..tape.reader import Tape

        parent = Tape(plan["parent"])
        policy = replaying(plan, parent)
    elif plan.get("redraws"):
        from ..tape.reader import Tape

        policy = Redrawing(Tape(plan["redraws"]))
    session = Session(writer, policy, callers, redactor, dict(plan["header"].get("origins", {})))
    sessions.active = session
    return session, parent


def replaying(plan: dict[str, Any], parent: Any) -> Any:
    """The policy that follows a tape, with what a fork changes."""
    from ..tape.answer import Answer
    from .replaying import Replaying

    answers = [Answer.unpacked(packed) for packed in plan.get("answers", ())]
    return Replaying(
        parent,
        at=plan.get("at", 0),
        answers=answers,
        provenance=plan.get("provenance", 0),
        keep_reply=plan.get("keep_reply", False),
        draw=plan.get("draw"),
        tail=plan.get("tail", ""),
        script=_script(plan.get("script", "")),
        max_calls=plan.get("max_calls", 0),
        max_steps=plan.get("max_steps", 0),
    )


def _script(name: str) -> Any:
    if not name:
        return None
    from .script import load

    return load(name)


def install(session: Session, parent: Any, plan: dict[str, Any]) -> AfterImport:
    """Put every seam in place; what is not imported yet is patched when it is."""
    hooks = AfterImport(lambda name, error: _name_unseen(session, name, error))
    hooks.install()
    for name in LIBRARIES:
        hooks.on(name, lambda module: _patch_http(module, session))
    for name in (*SDKS, *UNPATCHED):
        hooks.on(name, lambda module: _name_module(module, session))
    served.install()
    tracebacks.install(hooks)
    if plan.get("disturb"):
        from . import disturb

        disturb.install(session, hooks, plan["disturb"])
    watch_timers(session, hooks, travelling.get)
    naps.install(session, travelling.get)

    def aside() -> bool:
        return session.detached or travelling.get() or session.quiet()

    names.install(hooks, aside)
    threads = Threads(aside, session.callers.hands_over)
    threads.install(hooks)
    turns = Turns(session, aside)
    turns.install(hooks)
    waits.install(session, turns, aside)
    Arrivals(session, aside).install(hooks)
    ordered.install(hooks)
    trios.install(session, hooks, aside)
    if session.policy.replaying:
        from .gate import Gate

        session.ahead = Ahead(session)
        session.gate = Gate(parent, lambda: session.rounds, threads)
        session.fork_point = ForkPoint(session, threads) if plan.get("at") else None
        VirtualTime(session, threads).install(hooks)
        atexit.register(lambda: _order(session, session.gate))
    unbegun.install(session, hooks, threads)
    draws.install(session, hooks)
    leftovers.install(session, hooks)
    machine.install(session, hooks)
    environment.install(session, frozenset(plan.get("variables", ())))
    commands.install(session, hooks, bool(plan.get("rerun_tools")))
    tools.install(session, hooks, bool(plan.get("rerun_tools")))
    carried.install(session, hooks)
    logs.install(session, hooks)
    stdio.install(session)
    atexit.register(session.flush)
    reads = inputs.Inputs(session, int(plan.get("capture_files") or 0))
    if parent is not None:
        reads.serve(parent)
    children = Children(session, plan, parent)
    children.install(hooks)
    effects.install(session, reads, children, str(plan.get("copied_from") or ""))
    states.install(session, reads)
    native.install(session, hooks)
    outside.install(session, hooks)
    if plan.get("stops"):
        from .breakpoint import Breakpoints

        session.breakpoints = Breakpoints(session, plan["stops"])
    failures.watch(session)
    return hooks


def _patch_http(module: Any, session: Session) -> None:
    from . import http

    http.patch(module, session)
    _name_module(module, session)


def _name_unseen(session: Session, name: str, error: Exception) -> None:
    """A module that is not what it was taken for: the user's own of that name, or another version
    of a library's.
    """
    known = isinstance(error, RuntimeError)
    what = str(error) if known else f"{name} is another than is known: {error!r}"
    session.note("unseen", {"what": what}, once=name)
    if name in LIBRARIES:
        failures.say(what)


def _name_module(module: Any, session: Session) -> None:
    version = getattr(module, "__version__", None)
    what = {"name": module.__name__, "version": str(version) if version else ""}
    session.note("unpatched" if module.__name__ in UNPATCHED else "module", what)


def _order(session: Session, gate: Any) -> None:
    point = session.fork_point
    if not (gate.held and gate.completion.held and (point is None or point.held)):
        session.note("order", {"message": "answers could not be held in their recorded order"})


__all__ = ["install", "make", "perf_counter_ns", "start"]
