"""What recorded bytes mean: SSE, Anthropic and OpenAI messages, one neutral model, prices.

The read functions are total: broken bytes give None or a part that says what is wrong.

Nothing here is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazily import lazily

if TYPE_CHECKING:
    from .address import api_of as api_of
    from .address import provider_of as provider_of
    from .body import as_json as as_json
    from .body import decode as decode
    from .encode import NotAMessage as NotAMessage
    from .encode import check_message as check_message
    from .encode import encode_reply as encode_reply
    from .encode import message_of as message_of
    from .model import Conversation as Conversation
    from .model import Delta as Delta
    from .model import ErrorInfo as ErrorInfo
    from .model import Kind as Kind
    from .model import Part as Part
    from .model import Reply as Reply
    from .model import ToolSpec as ToolSpec
    from .model import Turn as Turn
    from .model import Usage as Usage
    from .prices import cost as cost
    from .read import added as added
    from .read import conversation as conversation
    from .read import events_of as events_of
    from .read import is_sse as is_sse
    from .read import is_stream as is_stream
    from .read import label as label
    from .read import reply as reply
    from .read import stream_parser as stream_parser
    from .steps import call_words as call_words
    from .steps import conversation_of as conversation_of
    from .steps import cost_of as cost_of
    from .steps import label_of as label_of
    from .steps import reply_of as reply_of
    from .steps import told_of as told_of

_HOME = {
    "api_of": ".address",
    "provider_of": ".address",
    "as_json": ".body",
    "decode": ".body",
    "NotAMessage": ".encode",
    "check_message": ".encode",
    "encode_reply": ".encode",
    "message_of": ".encode",
    "Conversation": ".model",
    "Delta": ".model",
    "ErrorInfo": ".model",
    "Kind": ".model",
    "Part": ".model",
    "Reply": ".model",
    "ToolSpec": ".model",
    "Turn": ".model",
    "Usage": ".model",
    "cost": ".prices",
    "added": ".read",
    "conversation": ".read",
    "events_of": ".read",
    "is_sse": ".read",
    "is_stream": ".read",
    "label": ".read",
    "reply": ".read",
    "stream_parser": ".read",
    "call_words": ".steps",
    "conversation_of": ".steps",
    "cost_of": ".steps",
    "label_of": ".steps",
    "reply_of": ".steps",
    "told_of": ".steps",
}

__getattr__ = lazily(__name__, _HOME)

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
