"""Sends bodies that are made while they are sent, in every form: LIBRARY MODE."""

import asyncio
import importlib
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator

URL = os.environ["ANTHROPIC_BASE_URL"]
REFUSING = os.environ["OPENAI_BASE_URL"]
library, mode = sys.argv[1:]
module = importlib.import_module(library)
log: list[object] = []


def parts(name: str) -> Iterator[bytes]:
    for number in range(3):
        log.append(f"{name} makes part {number}")
        yield f"{name} part {number};".encode() * 5


async def parts_async(name: str) -> AsyncIterator[bytes]:
    for part in parts(name):
        await asyncio.sleep(0)
        yield part


def broken(name: str) -> Iterator[bytes]:
    yield from parts(name)
    raise ZeroDivisionError(f"{name} broke")


async def broken_async(name: str) -> AsyncIterator[bytes]:
    async for part in parts_async(name):
        yield part
    raise ZeroDivisionError(f"{name} broke")


class Unsized(io.BytesIO):
    """A file that cannot tell its length."""

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


class Ask(module.Auth):
    """Answers the server's challenge; the same request is sent again."""

    requires_response_body = True

    def auth_flow(self, request):
        response = yield request
        if response.status_code == 401:
            log.append(["challenge", response.headers["www-authenticate"], response.text])
            request.headers["Authorization"] = "Answer 42"
            yield request


def files() -> dict[str, object]:
    return {"file": ("a.txt", io.BytesIO(b"abc" * 1000), "text/plain"), "other": Unsized(b"x" * 70)}


def calls(make, breaks):
    yield "framed", "plain.framed", {"content": make("framed")}
    sized = {"Content-Length": str(len(b"".join(parts("sized"))))}
    yield "sized", "plain.sized", {"content": make("sized"), "headers": sized}
    yield "form", "plain.form", {"files": files(), "data": {"k": "v"}}
    yield "one file", "plain.file", {"files": {"file": ("a.txt", io.BytesIO(b"abc"))}}
    yield "moved", "redirect.moved", {"content": make("moved"), "follow_redirects": True}
    yield "moved list", "redirect.list", {"content": b"whole", "follow_redirects": True}
    yield "guarded", "guarded.whole", {"content": b"whole", "auth": Ask()}
    yield "guarded upload", "guarded.upload", {"content": make("guarded"), "auth": Ask()}
    yield "refused", "refused", {"content": make("refused")}
    yield "refused form", "refused", {"files": {"file": ("a.txt", io.BytesIO(b"abc"))}}
    yield "dropped", "dropped.d", {"content": make("dropped")}
    yield "broken", "plain.broken", {"content": breaks("broken")}
    yield "empty", "plain.empty", {"content": b""}


def url(cell: str) -> str:
    return f"{REFUSING if cell == 'refused' else URL}/{cell}/v1/files"


def told(name: str, response) -> None:
    request = response.request
    log.append([name, response.status_code, response.text, type(request.stream).__name__])
    log.append([hasattr(request, "_content"), request.headers.get("transfer-encoding")])


def failed(name: str, error: Exception) -> None:
    log.append([name, type(error).__name__, str(error)])


def sync() -> None:
    client = module.Client()
    client.event_hooks["request"].append(lambda request: log.append(f"sends {request.method}"))
    client.event_hooks["response"].append(lambda response: log.append(response.status_code))
    for name, cell, options in calls(parts, broken):
        try:
            told(name, client.post(url(cell), **options))
        except Exception as error:
            failed(name, error)


async def asynchronous() -> None:
    client = module.AsyncClient()
    for name, cell, options in calls(parts_async, broken_async):
        try:
            told(name, await client.post(url(cell), **options))
        except Exception as error:
            failed(name, error)


if mode == "sync":
    sync()
else:
    asyncio.run(asynchronous())
print(json.dumps(log))
