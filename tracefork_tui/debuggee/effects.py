"""What the seam cannot capture is named on the tape, each with its call site; and in a replay
no connection is opened.
"""

from __future__ import annotations

import atexit
import os
import sys
from types import FrameType
from typing import Any

from ..tape.errors import Divergence
from . import files, leftovers, sources
from .children import Children
from .held import held
from .inputs import CODE, ELSEWHERE, Inputs
from .session import Session
from .variables import travelling

CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
COMMANDS = {
    "subprocess.Popen": "subprocess",
    "os.system": "subprocess",
    "os.posix_spawn": "subprocess",
    "os.exec": "subprocess",
    "os.forkpty": "fork",
}
OTHERS = ("ctypes.dlopen", "mmap.__new__", "os.kill", "socket.bind", "syslog.syslog")
MACHINE = ("platform", "ctypes.util", "uuid", "sysconfig")
STARTS = ("subprocess.Popen", "os.posix_spawn", "os.exec")
MEDIATING = ("ctypes", "multiprocessing.shared_memory", "socket", "socketserver", "http.server")
LIBRARIES = ("aiohttp", "boto3", "botocore", "requests", "urllib3", "websockets")
STDIN = (0, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
FREQUENT = "builtins.id"
"""Raised hundreds of times an exchange, by SDKs that copy what they send."""
SETS = "os.putenv"
FOUND = "found"


def install(session: Session, inputs: Inputs, children: Children, copied_from: str) -> None:
    """Listen to the interpreter's audit events for the rest of the process.

    `copied_from`: the folder that the run's own is a copy of, in which it is to touch nothing.
    """
    original = os.path.join(copied_from, "") if copied_from else ""

    def hook(event: str, args: Any) -> None:
        if event == FREQUENT or event not in _WANTED:
            return
        if session.detached and event not in CONNECTS:
            return
        inside = session.inside
        if inside.value:
            if event in CONNECTS and session.policy.offline and not held.open:
                _connects(session, args)
            return
        inside.value = True
        try:
            if event in COMMANDS:
                _command(session, children, event, args)
            else:
                _heard(session, inputs, original, event, args)
        except Exception as error:
            session.note("unseen", {"what": f"{event}: {error!r}"}, once=event)
        finally:
            inside.value = False

    sys.addaudithook(hook)
    atexit.register(sources.texts, session)


RUNS = ("exec", "cpython.run_file", "cpython.run_command")
_WANTED = frozenset((*CONNECTS, *COMMANDS, *files.EVENTS, *OTHERS, *RUNS, *leftovers.MAKES, SETS))


def _heard(session: Session, inputs: Inputs, original: str, event: str, args: Any) -> None:
    if event in CONNECTS:
        _connects(session, args)
    elif event in OTHERS:
        _other(session, event, args)
    elif event in leftovers.MAKES:
        leftovers.make_room(session, args[0])
    elif event == SETS:
        session.redactor.learn_variables({os.fsdecode(args[0]): os.fsdecode(args[1])})
    elif event == "open" and args[0] == os.devnull:
        return
    elif event == "open" and args[0] in STDIN:
        _name(session, "file", "reads stdin past sys.stdin", users=True)
    elif event in files.EVENTS and (event != "open" or files.for_writing(args)):
        touch = None if files.of_a_whole(sys._getframe(2)) else files.touch(event, args)
        if touch is not None:
            _leave(session, original, touch.path)
            _touches(session, inputs, _with_room(session, inputs, touch, event, args))
    elif event == "open" and str(args[0]).startswith(ELSEWHERE):
        _name(session, "source", f"{args[0]}", users=True)
    elif event == "open" and not str(args[0]).endswith(CODE):
        inputs.read(args[0], _site(session))
    elif event == "exec":
        sources.executes(session, args[0], sys._getframe(1).f_back)
    elif event == "cpython.run_file":
        sources.runs(session, os.fsdecode(args[0]))
    elif event == "cpython.run_command":
        sources.runs_text(session, str(args[0]))


def _connects(session: Session, args: Any) -> None:
    address = args[1] if len(args) > 1 else None
    if address is None or travelling.get():
        return
    if isinstance(address, tuple) and len(address) > 1:
        where = f"{address[0]}:{address[1]}"
    elif _among_processes():
        return
    else:
        where = f"unix:{_path(session, address)}" if address else "a socket without a name"
    if session.policy.offline:
        failure = Divergence(f"the agent opened a connection to {where}; a replay opens none")
        raise session.fail(failure, {"address": where, "site": _site(session)})
    library = _library(sys._getframe())
    _name(session, "socket", f"{where}, by {library}" if library else where)


def _library(frame: FrameType | None) -> str:
    """The client library on the stack that is nearest to the user."""
    found = ""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        found = name if name in LIBRARIES else found
        frame = frame.f_back
    return found


def _among_processes() -> bool:
    """True where multiprocessing talks to processes of its own."""
    frame: Any = sys._getframe()
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith("multiprocessing"):
            return True
        frame = frame.f_back
    return False


def _other(session: Session, event: str, args: Any) -> None:
    """What the user's own code does with the machine; libraries do so all the time."""
    frame: Any = sys._getframe(3)
    while frame is not None and frame.f_globals.get("__name__") in MEDIATING:
        frame = frame.f_back
    if not session.callers.user(frame):
        return
    if event == "ctypes.dlopen":
        _name(session, "machine", f"calls C code of {args[0] or 'the process'} with ctypes")
    elif event == "mmap.__new__":
        _name(session, "machine", "maps memory that others may share")
    elif event == "os.kill":
        _name(session, "signal", f"sends signal {int(args[1])}")
    elif event == "syslog.syslog":
        _name(session, "file", "writes the system's log")
    elif isinstance(args[1], tuple) and len(args[1]) > 1:
        _name(session, "socket", f"listens on {args[1][0]}:{args[1][1]}")


def _with_room(
    session: Session, inputs: Inputs, touch: files.Touch, event: str, args: Any
) -> files.Touch:
    """A folder that the recorded run left is in no replay's way."""
    in_the_way = event == "os.mkdir" and touch.there and not inputs.wrote_itself(touch.path)
    if in_the_way and leftovers.is_of(session, touch.path):
        leftovers.make_room(session, touch.path)
        return files.touch(event, args) or touch
    return touch


def _leave(session: Session, original: str, path: str) -> None:
    """A run in a copy of a folder does not touch that folder, by an absolute path say."""
    if original and session.policy.replaying and path.startswith(original):
        site = _site(session)
        if site:
            what = f"the agent touches {path}, in the folder that it runs in a copy of"
            raise session.fail(Divergence(what), {"site": site})


def _touches(session: Session, inputs: Inputs, touch: files.Touch) -> None:
    """Name what is done to a file; `made` on the note is what was not there before.

    A replay tells what was there, as that may be the recorded run's.
    """
    shown, wrote = session.callers.placed, inputs.wrote_itself(touch.path)
    if touch.there and not wrote and session.policy.replaying:
        session.note(FOUND, {"what": shown(touch.path)}, once=touch.path)
    if not touch.verb or (wrote and not touch.written):
        return
    more: dict[str, Any] = {}
    if session.callers.outside_of_home(touch.path):
        more["outside"] = True
    if touch.made:
        more["made"] = shown(touch.made)
    if touch.there and touch.verb == files.DATABASE:
        inputs.read(touch.path, _site(session), database=True)
    for path in touch.written:
        inputs.wrote(path)
    _name(session, "file", f"{touch.verb} {shown(touch.path)}", users=True, more=more)


def _name(
    session: Session, kind: str, what: str, users: bool = False, more: dict[str, Any] | None = None
) -> None:
    site = _site(session)
    if users and not site:
        return
    call = session.within.get()
    within = {"within": call.step} if call is not None and call.step else {}
    data = {"what": what, "site": site, **within, **(more or {})}
    session.note(kind, data, once=(what, *site[:1]))


def _site(session: Session) -> list[str]:
    return session.callers.site(sys._getframe())


def _path(session: Session, path: Any) -> str:
    if not isinstance(path, (str, bytes)):
        return repr(path)
    return session.callers.shown(os.fsdecode(path))


def _command(session: Session, children: Children, event: str, args: Any) -> None:
    if _asks_machine(sys._getframe(2)):
        return
    what = args[0] if event == "os.system" else args[1] if len(args) > 1 else ""
    words = what if isinstance(what, (list, tuple)) else []
    plain = [os.fsdecode(word) for word in words if isinstance(word, (str, bytes, os.PathLike))]
    if event in STARTS and plain and children.captures(plain, os.fsdecode(args[0] or "")):
        return
    _name(session, COMMANDS[event], _words(what))


def _asks_machine(frame: FrameType | None) -> bool:
    """True where the standard library asks for what the machine is, as `uname -p` does."""
    while frame is not None and _starts(str(frame.f_globals.get("__name__"))):
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") in MACHINE


def _starts(module: str) -> bool:
    return module == "subprocess" or module.rpartition(".")[0] == __name__.rpartition(".")[0]


def _words(what: Any) -> str:
    if isinstance(what, (list, tuple)):
        return " ".join(os.fsdecode(word) for word in what if isinstance(word, (str, bytes)))
    return os.fsdecode(what) if isinstance(what, (str, bytes)) else repr(what)
