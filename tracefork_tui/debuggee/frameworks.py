"""Ready-made seams for the tools of more frameworks: each has one place that all tools pass."""

from __future__ import annotations

import functools
import sys
from typing import Any, Callable, NamedTuple

from . import forms
from .calls import What, call, call_async
from .hooks import AfterImport
from .session import Session

CO_COROUTINE = 0x80


class Seam(NamedTuple):
    """`owner`: the class, "" for the module itself. `named`, `given`: of what it is called with.
    `held`: the class of a result that holds a tool's own as its first field.
    """

    module: str
    owner: str
    name: str
    named: Callable[[Any, Any], str]
    given: Callable[[Any, Any], Any]
    held: str = ""


def _self_name(args: Any, kwargs: Any) -> str:
    return str(args[0].name)


def _plain(args: Any, kwargs: Any) -> Any:
    return {**kwargs, "*": list(args[1:])} if args[1:] else kwargs


def _openai(args: Any, kwargs: Any) -> str:
    return str(kwargs["function_tool"].name)


def _json(args: Any, kwargs: Any) -> Any:
    return {"arguments": kwargs["arguments"]}


SEAMS = (
    Seam(
        "agents.tool",
        "",
        "_invoke_function_tool_with_metadata",
        _openai,
        _json,
        "_FunctionToolInvocationResult",
    ),
    Seam("smolagents.tools", "Tool", "__call__", _self_name, _plain),
    Seam("dspy.adapters.types.tool", "Tool", "__call__", _self_name, _plain),
    Seam("dspy.adapters.types.tool", "Tool", "acall", _self_name, _plain),
    Seam("haystack.tools.tool", "Tool", "invoke", _self_name, _plain),
    Seam("haystack.tools.tool", "Tool", "invoke_async", _self_name, _plain),
    Seam(
        "autogen_core.tools._function_tool",
        "FunctionTool",
        "run",
        _self_name,
        lambda args, kwargs: args[1].model_dump(),
    ),
    *(
        Seam(
            "google.genai._extra_utils",
            "",
            f"invoke_function_from_dict_args{kind}",
            lambda args, kwargs: str(getattr(args[1], "__name__", "function")),
            lambda args, kwargs: dict(args[0]),
        )
        for kind in ("", "_async")
    ),
)


def install(session: Session, hooks: AfterImport, rerun: bool) -> None:
    """`rerun`: a replay runs them again, and is proven where they give the same."""
    for seam in SEAMS:
        hooks.on(seam.module, functools.partial(_patch, session, rerun, seam))


def _patch(session: Session, rerun: bool, seam: Seam, module: Any) -> None:
    owner = getattr(module, seam.owner, None) if seam.owner else module
    real = getattr(owner, seam.name, None)
    if real is None:
        return

    def told(args: Any, kwargs: Any, frame: Any) -> What | None:
        """What is called, None where that is no call of its own."""
        if session.detached or session.inside.value:
            return None
        try:
            name, given = seam.named(args, kwargs), seam.given(args, kwargs)
        except Exception:
            return None
        what = What(f"tool {name}", frame, given or None, fresh=rerun)
        held = getattr(module, seam.held, None) if seam.held else None
        return what if held is None else what._replace(encode=_opened, decode=_closed(held))

    def run(*args: Any, **kwargs: Any) -> Any:
        what = told(args, kwargs, sys._getframe(1))
        made = functools.partial(real, *args, **kwargs)
        return made() if what is None else call(session, what, made)

    async def run_async(*args: Any, **kwargs: Any) -> Any:
        what = told(args, kwargs, sys._getframe(1))
        made = functools.partial(real, *args, **kwargs)
        return await (made() if what is None else call_async(session, what, made))

    code = getattr(_bare(real), "__code__", None)
    awaited = code is not None and code.co_flags & CO_COROUTINE
    setattr(owner, seam.name, functools.wraps(real)(run_async if awaited else run))


def _opened(result: Any) -> Any:
    """A text alone is kept as it is, so that it can be read and edited."""
    first, *others = vars(result).values()
    if isinstance(first, str) and not any(others):
        return first
    return [forms.kept(value) for value in (first, *others)]


def _closed(held: Any) -> Callable[[Any], Any]:
    def decode(stored: Any) -> Any:
        values = stored if isinstance(stored, list) else [stored]
        return held(*map(forms.restore, values))

    return decode


def _bare(function: Any) -> Any:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function
