"""What Python's audit events do not tell of: signals, and clients whose sockets are opened in C.

Each is named where it is used; of those that can be, connections are refused in a replay.
"""

from __future__ import annotations

import functools
import os
import sys
from types import ModuleType
from typing import Any, Callable

from ..tape import records
from ..tape.errors import Divergence
from .hooks import AfterImport
from .session import Session
from .standin import stand_in
from .variables import travelling

IN_C = ("MySQLdb", "oracledb", "psycopg2", "psycopg_c", "pycurl", "pymssql", "zmq")
CHANNELS = ("insecure_channel", "secure_channel")
CONNECTIONS = (
    "create_connection",
    "create_datagram_endpoint",
    "create_unix_connection",
    "sock_connect",
    "sock_sendto",
)


def install(session: Session, hooks: AfterImport) -> None:
    outside = _Outside(session)
    if session.policy.replaying:
        outside.kill()
    hooks.on("signal", outside.signals)
    for name in ("grpc", "grpc.aio"):
        hooks.on(name, outside.channels)
    hooks.on("uvloop", outside.uvloop)
    for name in IN_C:
        hooks.on(name, outside.in_c)


class _Outside:
    def __init__(self, session: Session) -> None:
        self._session = session

    def signals(self, module: Any) -> None:
        """When a signal comes is not recorded; that the user's code waits for one is named."""
        real, session = module.signal, self._session

        def signal(signalnum: Any, handler: Any) -> Any:
            frame = sys._getframe(1)
            if frame.f_code.co_name == "add_signal_handler" and frame.f_back is not None:
                frame = frame.f_back
            if callable(handler) and session.callers.user(frame) and not session.detached:
                name = getattr(signalnum, "name", signalnum)
                site = session.callers.site(frame)
                session.note(
                    "signal", {"what": f"handles {name}", "site": site}, once=(name, *site)
                )
            return real(signalnum, handler)

        module.signal = functools.wraps(real)(signal)

    def kill(self) -> None:
        """The numbers of processes are the tape's: no other process is to have the signal."""
        real, mine, above = os.kill, _plain(os.getpid), _plain(os.getppid)
        session = self._session

        def kill(pid: int, signalnum: int) -> None:
            policy = session.policy
            told = policy.replaying and policy.parent is not None
            known = _numbers(policy.parent).get(pid) if told else None
            if known == "os.getpid":
                pid = mine()
            elif known == "os.getppid":
                pid = above()
            elif known is not None:
                return
            real(pid, signalnum)

        os.kill = stand_in(kill, real)

    def channels(self, module: Any) -> None:
        for name in CHANNELS:
            if hasattr(module, name):
                self._refusing(module, name, "gRPC channel to {}")

    def _refusing(self, owner: Any, name: str, said: str) -> None:
        real = getattr(owner, name)

        def call(target: Any, *args: Any, **kwargs: Any) -> Any:
            self._reached(said.format(target))
            return real(target, *args, **kwargs)

        setattr(owner, name, functools.wraps(real)(call))

    def uvloop(self, module: Any) -> None:
        for name in CONNECTIONS:
            real = getattr(module.Loop, name, None)
            if real is not None:
                setattr(module.Loop, name, self._awaited(real, name))

    def _awaited(self, real: Any, name: str) -> Callable[..., Any]:
        async def call(loop: Any, *args: Any, **kwargs: Any) -> Any:
            if not travelling.get():
                where = [str(one) for one in (*args[1:3], *kwargs.values()) if _address(one)]
                self._reached(f"{':'.join(where) or name} (uvloop)")
            return await real(loop, *args, **kwargs)

        return functools.wraps(real)(call)

    def _reached(self, where: str) -> None:
        """A connection that no audit event tells of."""
        session = self._session
        if session.detached:
            return
        site = session.callers.site(sys._getframe(2))
        if session.policy.offline:
            failure = Divergence(f"the agent opened a connection to {where}; a replay opens none")
            raise session.fail(failure, {"address": where, "site": site})
        if not session.inside.value:
            session.note("socket", {"what": where, "site": site}, once=(where, *site[:1]))

    def in_c(self, module: ModuleType) -> None:
        what = f"{module.__name__} opens its connections in C"
        self._session.note("machine", {"what": what, "site": []}, once=what)


def _plain(function: Any) -> Any:
    return getattr(function, "__wrapped__", function)


def _numbers(tape: Any) -> dict[int, str]:
    """The numbers of processes that a tape gave out, by the draws that they came from."""
    found: dict[int, str] = {}
    for n in range(1, len(tape.index.first) + 1):
        head = tape.head_of(n) if tape.index.of_step(n) else [0]
        if head[0] in records.DRAW_KINDS:
            name = str(tape.atom(head[6]))
            if name in ("os.getpid", "os.getppid") or name.endswith(".pid"):
                found.setdefault(int(head[-1] or 0), name)
    return found


def _address(value: Any) -> bool:
    return type(value) in (str, int, tuple)
