"""Whose code is asking: the user's, a library's, or the transport's."""

from __future__ import annotations

import os
import re
import sys
from types import CodeType, FrameType
from typing import Any, Callable

from . import handed

MOST_FRAMES = 16

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
DEMO = HERE + "demo" + os.sep
HANDED = handed.call.__code__.co_filename
STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
PACKAGES = re.compile(r"[/\\](?:site|dist)-packages[/\\]")
TRANSPORT = (
    r"[/\\](?:httpcore2?|h11|h2|hpack|anyio|sniffio|asyncio|uvloop|trio|websockets|opentelemetry"
    r"|_pytest)[/\\]"
    r"|[/\\](?:ssl|_base_client|selectors|threading)\.py$"
)
ON_BEHALF = (
    r"[/\\]python3[^/\\]*[/\\]"
    r"(?:pathlib|email|glob|shutil|os|posixpath|platform|getpass|tempfile|multiprocessing[/\\]process"
    r"|gzip|zipfile|tarfile)"
    r"(?:\.py$|[/\\])"
    r"|^<frozen (?:os|posixpath|genericpath)>$"
    r"|[/\\]http[/\\]cookiejar\.py$"
    r"|[/\\](?:site|dist)-packages[/\\](?:arrow|dateparser|dateutil|humanize|pendulum"
    r"|pandas|faker|itsdangerous|cryptography[/\\]fernet\.py"
    r"|bson|cuid2|ksuid|timeflake|typeid|ulid|uuid6|uuid_extensions)(?:[/\\]|$)"
    r"|^<attrs generated "
    r"|[/\\]tracefork_tui[/\\]debuggee[/\\]inputs\.py$"
)
"""Code that asks in the name of who called it; the last calls the openers of files."""
FILLS = r"[/\\](?:site|dist)-packages[/\\]pydantic[/\\]"
"""Code that calls the defaults of a user's type, whoever makes a value of it."""
POOLS = r"[/\\](?:asyncio|anyio|concurrent[/\\]futures)[/\\]"
LIBRARIES = (
    *("httpx", "httpx2", "httpcore", "httpcore2", "h11", "h2", "hpack", "anyio", "sniffio"),
    *("certifi", "idna", "anthropic", "openai", "pydantic", "pydantic_ai", "litellm"),
    *("langchain_core", "langchain_anthropic"),
)
ENTRY_POINT = rb"(?m)^from\s+([A-Za-z_]\w*)[^\n]*\n(?:.*\n)*?\s*sys\.exit\("
RUNNERS = (
    *("pytest", "_pytest", "py", "coverage", "debugpy", "ipykernel", "ipykernel_launcher"),
    *("uvicorn", "gunicorn", "hypercorn", "fastapi", "fastapi_cli", "celery", "streamlit"),
    *("ddtrace", "opentelemetry", "dotenv", "poetry", "nbclient", "jupyter_core"),
)
"""Programs that run other people's code: they own `__main__`, and are no user's."""


class Callers:
    """Sorts code by its file. `cwd`: the agent's directory; `extra`: packages that --user adds."""

    def __init__(self, cwd: str, extra: list[str]) -> None:
        self._cwd = os.path.join(os.path.realpath(cwd), "")
        self._extra = extra
        self._mine: list[str] | None = None
        self._user: dict[str, bool] = {}
        self._transport: dict[str, bool] = {}
        self._behalf: dict[str, bool] = {}
        self._names: dict[str, str] = {}

    def user(self, frame: FrameType | None) -> bool:
        """True if the frame is the user's code."""
        return frame is not None and self.user_file(frame.f_code.co_filename)

    def asked(self, frame: FrameType | None) -> FrameType | None:
        """The user's frame that asks, itself or through a library that does so in its name."""
        fills = False
        while frame is not None:
            name = frame.f_code.co_filename
            if self.user_file(name):
                return frame
            behalf = self._on_behalf(name)
            fills = fills or (behalf and bool(re.search(FILLS, name)))
            if not (fills or behalf):
                return None
            frame = frame.f_back
        return None

    def hands_over(self, frame: FrameType | None) -> list[str]:
        """The call site of the user's code that hands a function to a pool; none for another's."""
        frame = past(frame, _of_pools)
        return self.site(frame) if self.user(frame) else []

    def waits(self, frame: FrameType | None) -> bool:
        """True where the user's code waits for what a pool does."""
        return self.user(past(frame, _of_pools))

    def user_behind(
        self, frame: FrameType | None, passes: Callable[[FrameType], bool]
    ) -> FrameType | None:
        """The user's frame behind those that are passed over; None where it is another's."""
        frame = past(frame, passes)
        return frame if self.user(frame) else None

    def asks(self, frame: FrameType | None) -> bool:
        return self.user(frame) or self.asked(frame) is not None

    def outside(self, name: str) -> bool:
        """True for a file whose code never asks for the user, whoever called it."""
        return not (self._on_behalf(name) or self.user_file(name)) and self._mine is not None

    def _on_behalf(self, name: str) -> bool:
        known = self._behalf.get(name)
        if known is None:
            known = self._behalf[name] = bool(re.search(f"{ON_BEHALF}|{FILLS}", name))
        return known

    def not_transport(self, frame: FrameType | None) -> bool:
        """True if the frame is anybody's but the transport's and the SDKs' retry."""
        if frame is None:
            return False
        name = frame.f_code.co_filename
        known = self._transport.get(name)
        if known is None:
            known = (name != HANDED and ours(name)) or bool(re.search(TRANSPORT, name))
            self._transport[name] = known
        return not known

    def user_file(self, name: str) -> bool:
        known = self._user.get(name)
        if known is None:
            known = self._is_user(name)
            if self._mine is not None:
                self._user[name] = known
        return known

    def site(self, frame: FrameType | None) -> list[str]:
        """The user's frames from the inside out, as `agent.py:88 in main`."""
        frames: list[str] = []
        user = self._user.get
        while frame is not None:
            code = frame.f_code
            name = code.co_filename
            if name == HANDED:
                return frames or list(frame.f_locals[handed.SITE])
            if user(name, True) and self.user_file(name) and not generated(code):
                asks = code.co_name if sys.version_info < (3, 11) else _qualified(code)
                frames.append(f"{self.shown(name)}:{frame.f_lineno} in {asks}")
                if len(frames) == MOST_FRAMES:
                    break
            frame = frame.f_back
        return frames

    def shown(self, name: str) -> str:
        """A file's name without the machine's own directories."""
        known = self._names.get(name)
        if known is None:
            known = self._names[name] = self._shorten(name)
        return known

    def relative(self, text: str) -> str:
        """A text without the working directory."""
        return text if self._cwd == os.sep else text.replace(self._cwd, "")

    def outside_of_home(self, place: str) -> bool:
        """True for a file, by its real path, that is not in the working directory."""
        return not os.path.join(place, "").startswith(self._cwd)

    def _shorten(self, name: str) -> str:
        return name if name.startswith("<") else self.placed(os.path.realpath(name))

    def placed(self, path: str) -> str:
        """`shown`, of a real path; of a link too."""
        roots = [self._cwd, *(os.path.join(os.path.realpath(p), "") for p in sys.path if p)]
        best = max((root for root in roots if path.startswith(root)), key=len, default="")
        return path[len(best) :] if best else os.path.basename(path)

    def _is_user(self, name: str) -> bool:
        if name.startswith("<"):
            return not name.startswith(("<frozen", "<attrs generated "))
        path = os.path.abspath(name)
        if name == HANDED:
            return True
        if ours(path):
            return False
        if any(path.startswith(root) for root in self._distribution()):
            return True
        known = PACKAGES.search(path) or path.startswith(STDLIB) or _vendored(path)
        return not known

    def _distribution(self) -> list[str]:
        """The directories of the packages that own `__main__`, and of those named by --user."""
        if self._mine is not None:
            return self._mine
        main: Any = sys.modules.get("__main__")
        spec = getattr(main, "__spec__", None)
        script = getattr(main, "__file__", None)
        names = list(self._extra)
        if spec is not None:
            names.append(spec.name.partition(".")[0])
        elif script and not script.endswith(".py"):
            names.extend(_entry_package(script))
        found: list[str] = []
        for name in names:
            if name in RUNNERS and name not in self._extra:
                continue
            module = sys.modules.get(name)
            places = getattr(module, "__path__", None) or ()
            found.extend(os.path.join(os.path.abspath(place), "") for place in places)
            if module is not None and not hasattr(module, "__path__"):
                found.append(os.path.abspath(getattr(module, "__file__", None) or "<none>"))
        if spec is not None or script:
            self._mine = found
        return found


def ours(path: str) -> bool:
    """True for the debugger's own files; the demo agents are anybody's programs."""
    return path.startswith(HERE) and not path.startswith(DEMO)


def _vendored(path: str) -> bool:
    """True for a file of a known library, wherever it is installed."""
    for name in LIBRARIES:
        origin = getattr(sys.modules.get(name), "__file__", None)
        if origin and path.startswith(os.path.join(os.path.dirname(os.path.abspath(origin)), "")):
            return True
    return False


def _entry_package(script: str) -> list[str]:
    """The package that a console script starts; none for any other script."""
    try:
        with open(script, "rb") as file:
            match = re.search(ENTRY_POINT, file.read(4096))
    except OSError:
        return []
    return [match[1].decode()] if match else []


def generated(code: CodeType) -> bool:
    """True for the methods that dataclasses write, which no user wrote."""
    return code.co_filename == "<string>" and code.co_name.startswith("__")


def _qualified(code: CodeType) -> str:
    return str(getattr(code, "co_qualname", code.co_name))


def past(frame: FrameType | None, passes: Callable[[FrameType], bool]) -> FrameType | None:
    """The nearest frame that is not passed over."""
    while frame is not None and passes(frame):
        frame = frame.f_back
    return frame


def _of_pools(frame: FrameType) -> bool:
    name = frame.f_code.co_filename
    return ours(name) or bool(re.search(POOLS, name))
