"""Python children of the agent: each on a tape of its own, beside its parent's.

A child that is forked goes on with the seams in place and a new tape. One that is a Python to be
started is given the bootstrap and a plan, as the agent was. The parent's tape names every child;
the child's header names the parent's recording. On replay a child is answered by its own tape.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from types import FrameType, ModuleType
from typing import Any

from ..tape.codec import pack
from ..tape.errors import TapeError
from ..tape.writer import Writer
from .ahead import Ahead
from .further import BESIDE, Plan, child_plan, ordered
from .hooks import AfterImport
from .session import Session
from .sharing import Sharing
from .standin import stand_in

CHILD = "child"
UNRECORDED = "child not recorded"
FORK = "os.fork"
HERE = os.path.dirname(os.path.abspath(__file__))
BOOTSTRAP = os.path.join(HERE, "bootstrap")
PYTHON = r"^(?:python|pypy)[\d.]*$"
SHEBANG = rb"^#!\s*(\S*/(?:env\s+)?python[\d.]*)([^\n]*)"
ALONE = r"^-[^cmXW-]*[IES]"
VALUED = ("-X", "-W", "--check-hash-based-pycs")
HELPERS = ("resource_tracker", "multiprocessing.semaphore_tracker")
MULTIPROCESSING = {
    "--multiprocessing-fork": "multiprocessing spawn",
    "multiprocessing.forkserver": "multiprocessing forkserver",
}
MOST = 200
ENVIRONMENT = 5  # the place of env_list among fork_exec's arguments


class Children:
    """Names the children of a session, and gives them their plans."""

    def __init__(self, session: Session, plan: Plan, parent: Any) -> None:
        self._session = session
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sharing = Sharing(session)
        self._begin(plan, parent)

    def _begin(self, plan: Plan, parent: Any) -> None:
        self._plan = plan
        self._count = 0
        self._recorded: list[Plan] = []
        self._home = ""
        if parent is not None:
            told = (dict(note.data) for note in parent.notes if note.kind == CHILD)
            self._recorded = [one for one in told if one["number"] < BESIDE]
            self._home = os.path.dirname(os.path.abspath(plan["parent"]))
        self._sharing.begin(str(plan.get("path", "")), "child_of" in plan["header"], parent)

    def install(self, hooks: AfterImport) -> None:
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before, after_in_child=self._in_child)
        for name in ("posix_spawn", "posix_spawnp"):
            if hasattr(os, name):
                self._patch_spawn(name)
        self._patch_become()
        self._sharing.install(hooks)
        hooks.on("_posixsubprocess", lambda module: self._patch_exec(module, "fork_exec"))
        hooks.on("subprocess", lambda module: self._patch_exec(module, "_fork_exec"))

    # The plan of a child

    def _plan_of(self, what: str, frame: FrameType | None, words: list[str], within: bool) -> Plan:
        """Name a child that is about to begin; what it is to do."""
        session, plan = self._session, self._plan
        replayed = session.policy.replaying
        with self._lock:
            said = self._take(what, within) if replayed else {}
            self._count += 1
            number = int(said.get("number") or self._count)
        session.flush()
        step = getattr(session.policy, "_last", 0)
        command = session.redactor.command(map(self._relative, words))
        new = child_plan(plan, number, what, step, command)
        data = {
            "number": number,
            "what": what,
            "file": os.path.basename(new["out"]),
            "step": step,
            "within": within,
            "site": session.callers.site(frame),
        }
        session.note(CHILD, data)
        if replayed:
            new["parent"] = os.path.join(self._home, str(said["file"])) if said else ""
            new["silent"] = not os.path.isfile(new["parent"])
        return new

    def _relative(self, word: str) -> str:
        return self._session.callers.shown(word) if os.path.isabs(word) else word

    def _take(self, what: str, within: bool) -> Plan:
        """The recorded child that this one is: the next that was started alike."""
        alike = ordered([one for one in self._recorded if one["within"] == within], what)
        found = alike[0] if alike else {}
        if found:
            self._recorded.remove(found)
        return found

    # Forks

    def _before(self) -> None:
        self._local.plan = None
        session = self._session
        if session.detached or getattr(self._local, "executing", False):
            return
        within, inside = session.quiet(), session.inside.value
        session.inside.value = True
        try:
            self._local.plan = self._plan_of(FORK, sys._getframe(1), [], within)
        finally:
            session.inside.value = inside

    def _in_child(self) -> None:
        session, plan = self._session, getattr(self._local, "plan", None)
        if session.detached:
            return
        session.detach()
        if plan is None:
            return
        try:
            header = {"python": sys.version.split()[0], **plan["header"]}
            header["implementation"] = sys.implementation.name
            writer = Writer.create(plan["out"], header, force=plan["force"])
            self._lock = threading.Lock()
            from .kin import answers_of

            parent, policy = answers_of(plan)
            gate, ahead = session.gate, session.ahead
            session.again(writer, policy)
            session.gate = gate and gate.of(parent)
            session.ahead = ahead and Ahead(session)
            self._begin(plan, parent)
        except TapeError:
            session.detached = True

    # Pythons that are started

    def captures(self, words: list[str], executable: str = "") -> bool:
        """True for a Python that the bootstrap can enter."""
        options = _options(words, executable)
        return options is not None and not _alone(options)

    def _patch_exec(self, module: ModuleType, name: str) -> None:
        real = getattr(module, name, None)
        if real is None or hasattr(real, "__wrapped__"):
            return

        def fork_exec(*args: Any) -> Any:
            words = [os.fsdecode(word) for word in args[0]]
            given = args[ENVIRONMENT]
            more = self._environment(words, _program(args[1]), given, sys._getframe(1))
            if more is not None:
                given = [name + b"=" + value for name, value in more.items()]
            self._local.executing = True
            try:
                return real(*args[:ENVIRONMENT], given, *args[ENVIRONMENT + 1 :])
            finally:
                self._local.executing = False

        setattr(module, name, stand_in(fork_exec, real))

    def _patch_spawn(self, name: str) -> None:
        real = getattr(os, name)

        def spawn(path: Any, argv: Any, env: Any, **kwargs: Any) -> int:
            words = [os.fsdecode(word) for word in argv]
            given = os.environ if env is None else env  # None: from Python 3.13 on
            listed = [os.fsencode(key) + b"=" + os.fsencode(given[key]) for key in given]
            more = self._environment(words, os.fsdecode(path), listed, sys._getframe(1))
            return int(real(path, argv, env if more is None else more, **kwargs))

        setattr(os, name, stand_in(spawn, real))

    def _patch_become(self) -> None:
        """A Python that this process becomes, as wrappers of commands do, is a child too."""
        real, real_bare = os.execve, os.execv

        def becoming(path: Any, argv: Any, env: Any) -> dict[bytes, bytes] | None:
            if isinstance(path, int) or not os.access(path, os.X_OK):
                return None
            words = [os.fsdecode(word) for word in argv]
            listed = [os.fsencode(key) + b"=" + os.fsencode(env[key]) for key in env]
            return self._environment(words, os.fsdecode(path), listed, sys._getframe(2))

        def execve(path: Any, argv: Any, env: Any) -> Any:
            more = becoming(path, argv, env)
            return real(path, argv, env if more is None else more)

        def execv(path: Any, argv: Any) -> Any:
            more = becoming(path, argv, os.environ)
            return real_bare(path, argv) if more is None else real(path, argv, more)

        os.execve, os.execv = stand_in(execve, real), stand_in(execv, real_bare)

    def _environment(
        self, words: list[str], program: str, given: Any, frame: FrameType
    ) -> dict[bytes, bytes] | None:
        """The environment of a Python that is to record; None for any other program."""
        session = self._session
        options = None if session.detached else _options(words, program)
        if options is None:
            return None
        if _alone(options):
            said = {
                "what": f"{self._what(words)}: -I, -E or -S",
                "site": session.callers.site(frame),
            }
            session.note(UNRECORDED, said, once=tuple(words))
            return None
        items = [item.partition(b"=") for item in given] if given is not None else None
        env = dict(os.environb) if items is None else {name: value for name, _, value in items}
        inside = session.inside
        within, was_inside = session.quiet(), inside.value
        inside.value = True
        try:
            plan = self._plan_of(self._what(words), frame, words, within)
            place = self._written(plan)
        finally:
            inside.value = was_inside
        if not place:
            return None
        seed = str(plan["header"].get("hash_seed", "")).encode()
        for name, value in (("PYTHONPATH", os.fsencode(BOOTSTRAP)), ("PYTHONHASHSEED", seed)):
            key = name.encode()
            if key in env:
                env[b"TRACEFORK_" + key] = env[key]
            before = env.get(key, b"") if name == "PYTHONPATH" else b""
            if value:
                env[key] = value + os.pathsep.encode() + before if before else value
        env[b"TRACEFORK_PLAN"] = os.fsencode(place)
        return env

    def _what(self, words: list[str]) -> str:
        """A child in a line, the same in every run."""
        line = " ".join(words)
        known = next((what for mark, what in MULTIPROCESSING.items() if mark in line), "")
        return known or " ".join(map(self._relative, self._session.redactor.command(words)))[:MOST]

    def _written(self, plan: Plan) -> str:
        """The plan's file, "" where it cannot be written; the debugger removes what is left."""
        place = f"{self._plan['path']}.{os.getpid()}-{self._count}"
        try:
            with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pack(plan))
        except OSError:
            return ""
        return place


def _options(words: list[str], executable: str) -> list[str] | None:
    """The options of a Python, and what follows them; None for any other program."""
    if not words or any(helper in word for helper in HELPERS for word in words):
        return None
    program = _program([executable or words[0]])
    if re.match(PYTHON, os.path.basename(program)):
        return words[1:]
    match = re.match(SHEBANG, _first_bytes(program))
    return None if match is None else os.fsdecode(match[2]).split()


def _alone(options: list[str]) -> bool:
    """True where Python is told not to look at the environment or at site."""
    value = False
    for word in options:
        if not value and (not word.startswith("-") or word in ("-", "-c", "-m", "--")):
            return False
        if not value and re.match(ALONE, word):
            return True
        value = not value and word in VALUED
    return False


def _program(candidates: Any) -> str:
    """The file that is going to be executed."""
    names = [os.fsdecode(name) for name in candidates]
    if len(names) == 1 and os.sep not in names[0]:
        names = [os.path.join(folder, names[0]) for folder in os.get_exec_path()]
    return next((name for name in names if os.path.isfile(name)), names[0] if names else "")


def _first_bytes(program: str) -> bytes:
    try:
        with open(program, "rb") as file:
            return file.read(256)
    except OSError:
        return b""
