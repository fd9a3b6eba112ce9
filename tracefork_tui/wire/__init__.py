"""What recorded bytes mean: SSE, Anthropic and OpenAI messages, one neutral model, prices.

The read functions are total: broken bytes give None or a part that says what is wrong.
"""

from .address import api_of, provider_of
from .body import as_json, decode
from .encode import NotAMessage, check_message, encode_reply, message_of
from .model import (
    Conversation,
    Delta,
    ErrorInfo,
    Kind,
    Part,
    Reply,
    ToolSpec,
    Turn,
    Usage,
)
from .prices import cost
from .read import (
    added,
    conversation,
    events_of,
    is_sse,
    is_stream,
    label,
    reply,
    stream_parser,
)
from .steps import call_words, conversation_of, cost_of, label_of, reply_of, told_of

__all__ = [
    "Conversation",
    "Delta",
    "ErrorInfo",
    "Kind",
    "NotAMessage",
    "Part",
    "Reply",
    "ToolSpec",
    "Turn",
    "Usage",
    "added",
    "api_of",
    "as_json",
    "call_words",
    "check_message",
    "conversation",
    "conversation_of",
    "cost",
    "cost_of",
    "decode",
    "encode_reply",
    "events_of",
    "is_sse",
    "is_stream",
    "label",
    "label_of",
    "message_of",
    "provider_of",
    "reply",
    "reply_of",
    "stream_parser",
    "told_of",
]
