"""The minds of the offline model: functions from a request to a reply.

A script decides from what the conversation says (tool results, earlier replies), never from how
long it is, so an edited reply anywhere leads on to a different, consistent continuation.
"""

from __future__ import annotations

from collections.abc import Callable

from tracefork_tui.demo.messages import Reply, Request
from tracefork_tui.demo.scripts import chat, generic, refund, research

Script = Callable[[Request], Reply]

# Words of a system prompt, and who answers to them.
BY_SYSTEM_PROMPT: dict[str, Script] = {
    "You are the support agent of Harbour & Hearth": refund.support,
    "You review the tone of emails": refund.tone,
    "You write the shift report": refund.report,
    "You lead an incident review": research.lead,
    "You read one source": research.reader,
    "You are a companion in a terminal": chat.companion,
}


def choose(request: Request) -> Script:
    """The script for a request; a generic one for a conversation nobody foresaw."""
    for words, script in BY_SYSTEM_PROMPT.items():
        if words in request.system:
            return script
    return generic.answer
