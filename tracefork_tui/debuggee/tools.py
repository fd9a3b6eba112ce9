"""Ready-made seams: the tools of frameworks are calls that a replay does not make again.

The Anthropic SDK's tool runner, pydantic-ai's function tools, LangChain's tools, and what an MCP
client asks of a server that it started. A tool that talks to a model is called again, and its
exchanges and draws are the tape's.
"""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any, Callable

from ..tape.errors import Divergence
from . import frameworks
from .calls import What, aside, call, call_async
from .hooks import AfterImport
from .session import Session

CALLED_BACK = ("sampling_callback", "elicitation_callback", "logging_callback")
GIVEN_BY_LANGCHAIN = ("run_manager", "config", "callbacks", "runtime", "state", "store")


def install(session: Session, hooks: AfterImport, rerun: bool) -> None:
    """`rerun`: a replay runs them again, and is proven where they give the same."""
    tools = _Tools(session, rerun)
    hooks.on("anthropic.lib.tools._beta_runner", tools.anthropic)
    hooks.on("pydantic_ai.toolsets.function", tools.pydantic_ai)
    hooks.on("langchain_core.tools.base", tools.langchain)
    hooks.on("mcp.client.stdio", tools.mcp_server)
    hooks.on("mcp.client.session", tools.mcp_session)
    frameworks.install(session, hooks, rerun)


class _Tools:
    def __init__(self, session: Session, rerun: bool) -> None:
        self._session = session
        self._rerun = rerun
        self._started: list[Any] = []

    def _aside(self) -> bool:
        return self._session.detached or self._session.inside.value

    def _what(self, name: str, given: Any, **more: Any) -> What:
        frame = sys._getframe(2)
        return What(name, frame, given or None, fresh=self._rerun, **more)

    def anthropic(self, module: ModuleType) -> None:
        """`tool.call(input)`, as the runner makes it; what it gives is JSON for the model."""

        def run(tool: Any, given: Any) -> Any:
            if self._aside():
                return real(tool, given)
            what = self._what(f"tool {tool.name}", given, function=getattr(tool, "func", None))
            return call(self._session, what, functools.partial(real, tool, given))

        async def run_async(tool: Any, given: Any) -> Any:
            if self._aside():
                return await real_async(tool, given)
            what = self._what(f"tool {tool.name}", given, function=getattr(tool, "func", None))
            made = functools.partial(real_async, tool, given)
            return await call_async(self._session, what, made)

        functions: Any = sys.modules["anthropic.lib.tools._beta_functions"]
        owner, owner_async = functions.BetaFunctionTool, functions.BetaAsyncFunctionTool
        real, real_async = owner.call, owner_async.call
        owner.call = functools.wraps(real)(run)
        owner_async.call = functools.wraps(real_async)(run_async)

    def pydantic_ai(self, module: Any) -> None:
        owner = module.FunctionToolset
        real = owner.call_tool

        async def call_tool(
            toolset: Any, name: str, tool_args: Any, ctx: Any, tool: Any, *more: Any
        ) -> Any:
            if self._aside():
                return await real(toolset, name, tool_args, ctx, tool, *more)
            inner = getattr(getattr(tool.call_func, "__self__", None), "function", None)
            what = self._what(f"tool {name}", tool_args, function=inner)
            made = functools.partial(real, toolset, name, tool_args, ctx, tool, *more)
            return await call_async(self._session, what, made)

        owner.call_tool = functools.wraps(real)(call_tool)

    def langchain(self, module: Any) -> None:
        """`_run` and `_arun` of every tool class, beneath validation and callbacks."""
        owner = module.BaseTool
        real = vars(owner)["__init_subclass__"].__func__

        def __init_subclass__(cls: Any, **kwargs: Any) -> None:
            real(cls, **kwargs)
            self._wrap_langchain(cls)

        wrapped: Any = functools.wraps(real)(__init_subclass__)
        owner.__init_subclass__ = classmethod(wrapped)

    def _wrap_langchain(self, owner: Any) -> None:
        real, real_async = vars(owner).get("_run"), vars(owner).get("_arun")

        def _run(tool: Any, *args: Any, **kwargs: Any) -> Any:
            if self._aside():
                return real(tool, *args, **kwargs)
            what = self._what(f"tool {tool.name}", _asked(args, kwargs), function=_made_of(tool))
            return call(self._session, what, functools.partial(real, tool, *args, **kwargs))

        async def _arun(tool: Any, *args: Any, **kwargs: Any) -> Any:
            if self._aside():
                return await real_async(tool, *args, **kwargs)
            what = self._what(f"tool {tool.name}", _asked(args, kwargs), function=_made_of(tool))
            made = functools.partial(real_async, tool, *args, **kwargs)
            return await call_async(self._session, what, made)

        if callable(real):
            owner._run = functools.wraps(real)(_run)
        if callable(real_async):
            owner._arun = functools.wraps(real_async)(_arun)

    def mcp_server(self, module: Any) -> None:
        """A server that the client starts; a replay starts none, the tape answers for it."""
        from contextlib import asynccontextmanager

        real = module.stdio_client

        @asynccontextmanager
        async def stdio_client(server: Any, *args: Any, **kwargs: Any) -> Any:
            self._session.redactor.learn_variables(getattr(server, "env", None))
            if self._session.detached:
                async with real(server, *args, **kwargs) as streams:
                    yield streams
            elif self._session.policy.replaying and not self._rerun:
                pipe: Any = sys.modules["anyio"].create_memory_object_stream
                (unsaid, reads), (writes, unheard) = pipe(0), pipe(2**20)
                with unsaid, unheard, reads, writes:
                    self._started.append(writes)
                    writes.send = self._not_sent(writes.send)
                    yield reads, writes
            else:
                process = real(server, *args, **kwargs)
                with aside(self._session):
                    streams = await process.__aenter__()
                self._started.append(streams[1])
                try:
                    yield streams
                except BaseException as error:
                    with aside(self._session):
                        if not await process.__aexit__(type(error), error, error.__traceback__):
                            raise
                else:
                    with aside(self._session):
                        await process.__aexit__(None, None, None)

        module.stdio_client = functools.wraps(real)(stdio_client)

    def _not_sent(self, real: Any) -> Callable[[Any], Any]:
        """A message to a server that a replay did not start, which no answer would come to."""

        async def send(message: Any) -> None:
            inner = getattr(message, "message", message)
            asked = getattr(inner, "root", inner)
            if hasattr(asked, "method") and hasattr(asked, "id"):
                failure = Divergence(
                    f"the agent asked an MCP server for {asked.method} past its ClientSession, "
                    "which is not recorded"
                )
                raise self._session.fail(
                    failure, {"site": self._session.callers.site(sys._getframe())}
                )
            await real(message)

        return send

    def mcp_session(self, module: Any) -> None:
        owner = module.ClientSession
        real, real_init = owner.send_request, owner.__init__

        def __init__(session: Any, *args: Any, **kwargs: Any) -> None:
            for name in CALLED_BACK:
                if kwargs.get(name) is not None:
                    kwargs[name] = self._called_back(session, name, kwargs[name])
            real_init(session, *args, **kwargs)
            talks = getattr(session, "_dispatcher", session)
            writes = getattr(talks, "_write_stream", None)
            session._tracefork_started = any(one is writes for one in self._started)

        async def send_request(
            session: Any, request: Any, result_type: Any, *args: Any, **kwargs: Any
        ) -> Any:
            made = functools.partial(real, session, request, result_type, *args, **kwargs)
            if self._aside() or not getattr(session, "_tracefork_started", False):
                return await made()
            name = "progress_callback"
            if kwargs.get(name) is not None:
                kwargs[name] = self._called_back(session, name, kwargs[name])
                made = functools.partial(real, session, request, result_type, *args, **kwargs)
            asked = request.model_dump(by_alias=True, mode="json", exclude_none=True)
            given = dict(asked.get("params") or {})
            given.pop("_meta", None)
            what = self._what(
                f"mcp {_mcp_name(asked['method'], given)}",
                given,
                encode=lambda result: result.model_dump(
                    by_alias=True, mode="json", exclude_unset=True
                ),
                decode=_of_type(result_type),
            )
            return await call_async(self._session, what, made)

        owner.__init__ = functools.wraps(real_init)(__init__)
        owner.send_request = functools.wraps(real)(send_request)
        if hasattr(owner, "send_discover"):
            self._wrap_discover(owner)

    def _called_back(self, session: Any, name: str, real: Any) -> Any:
        """What a server says of its own is named: a replay's says nothing."""
        site = self._session.callers.site(sys._getframe(2))

        @functools.wraps(real)
        async def called(*args: Any, **kwargs: Any) -> Any:
            if getattr(session, "_tracefork_started", False) and not self._session.detached:
                self._session.note("mcp", {"what": name, "site": site}, once=(name, *site[:1]))
            return await real(*args, **kwargs)

        return called

    def _wrap_discover(self, owner: Any) -> None:
        """What newer clients ask first; it goes past `send_request`."""
        real = owner.send_discover

        async def send_discover(session: Any, version: str) -> Any:
            made = functools.partial(real, session, version)
            if self._aside() or not getattr(session, "_tracefork_started", False):
                return await made()
            what = self._what("mcp server/discover", {"version": version})
            return await call_async(self._session, what, made)

        owner.send_discover = functools.wraps(real)(send_discover)


def _asked(args: Any, kwargs: Any) -> Any:
    """What the model gave a LangChain tool, without what LangChain adds."""
    given = {name: value for name, value in kwargs.items() if name not in GIVEN_BY_LANGCHAIN}
    return {**given, "*": list(args)} if args else given


def _made_of(tool: Any) -> Any:
    """The function behind a LangChain tool."""
    return getattr(tool, "func", None) or getattr(tool, "coroutine", None) or type(tool)._run


def _mcp_name(method: str, given: Any) -> str:
    return f"{given.get('name')}" if method == "tools/call" else method


def _of_type(result_type: Any) -> Callable[[Any], Any]:
    if hasattr(result_type, "validate_python"):
        return lambda stored: result_type.validate_python(stored)
    return lambda stored: result_type.model_validate(stored)
