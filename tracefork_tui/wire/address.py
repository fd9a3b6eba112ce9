"""What a URL tells: which API it belongs to, and who serves it."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_INVOKED = ("/invoke", "/invoke-with-response-stream")
_STREAMS = ("/converse-stream", _INVOKED[1], ":streamGenerateContent", ":streamRawPredict")
_MODEL = re.compile(r"/model/(.+)/converse|/([^/]+)/invoke|/models/([^/:]+):")
_HOSTS = {
    "api.anthropic.com": "anthropic",
    "api.openai.com": "openai",
    "openai.azure.com": "azure",
    "cognitiveservices.azure.com": "azure",
    "openrouter.ai": "openrouter",
    "api.groq.com": "groq",
    "api.deepseek.com": "deepseek",
    "api.mistral.ai": "mistral",
    "api.together.xyz": "together",
    "api.fireworks.ai": "fireworks",
    "api.x.ai": "x-ai",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "amazonaws.com": "aws",
    "googleapis.com": "google",
}
_SPOKEN_BY = {"messages": "anthropic", "generate": "google", "converse": "aws", "cohere": "cohere"}


def api_of(url: str) -> str:
    """The API that a URL belongs to: messages, chat, completions, responses, generate, converse,
    cohere; "" if none of these."""
    path = path_of(url)
    if path.endswith(("/messages", "/messages/count_tokens", "/v1/complete")):
        return "" if "/threads/" in path else "messages"
    if path.endswith("/chat/completions"):
        return "chat"
    if path.endswith("/completions"):
        return "completions"
    if path.endswith("/v2/chat") or (path.endswith("/v1/chat") and "cohere" in url):
        return "cohere"
    if path.endswith("/responses"):
        return "responses"
    if path.endswith((":generateContent", ":streamGenerateContent")):
        return "generate"
    if "anthropic" in path and path.endswith((":rawPredict", ":streamRawPredict", *_INVOKED)):
        return "messages"
    if "/model/" in path and path.endswith(("/converse", "/converse-stream")):
        return "converse"
    return ""


def provider_of(url: str) -> str:
    """Who serves a URL; where the host tells nothing, who made the API that it speaks."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    known = (name for end, name in _HOSTS.items() if f".{host}".endswith(f".{end}"))
    return next(known, _SPOKEN_BY.get(api_of(url), "openai"))


def model_of(path: str) -> str:
    """The model that a path names, as AWS and Google have it; "" for none."""
    found = _MODEL.search(path)
    return found[found.lastindex or 0] if found else ""


def asks_stream(path: str) -> bool:
    """Whether a path asks for a stream; where it does not, the request's body may."""
    return path.endswith(_STREAMS)


def path_of(url: str) -> str:
    """The path of a URL without escapes, "" where it is none."""
    try:
        return unquote(urlsplit(url).path).rstrip("/")
    except ValueError:
        return ""
