"""Why a replay diverged, as far as the bodies tell."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tracefork_tui.replay.explain import _in_tool_result

RESULTS: dict[str, tuple[str, Any]] = {
    "anthropic": (
        "messages[1].content[0].content[0].text",
        {
            "messages": [
                {"role": "user", "content": "Go on."},
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "content": [{"type": "text", "text": "1"}]}
                    ],
                },
            ]
        },
    ),
    "openai": ("messages[0].content", {"messages": [{"role": "tool", "content": "1"}]}),
    "responses": ("input[0].output", {"input": [{"type": "function_call_output", "output": "1"}]}),
    "gemini": (
        "contents[0].parts[0].functionResponse.response.n",
        {"contents": [{"parts": [{"functionResponse": {"response": {"n": 1}}}]}]},
    ),
}


@pytest.mark.parametrize("provider", RESULTS)
def test_a_tools_result_is_known_in_every_dialect(provider: str) -> None:
    path, body = RESULTS[provider]
    assert _in_tool_result(path, json.dumps(body).encode())


@pytest.mark.parametrize("path", ["messages[0].content", "messages[1]", "messages[7].x", "", "a"])
def test_what_is_none(path: str) -> None:
    said = {"messages": [{"role": "user", "content": "tool_result"}, {"role": "user"}], "a": 1}
    assert not _in_tool_result(path, json.dumps(said).encode())
    assert not _in_tool_result(path, b"no JSON")
