"""Clients whose transports are the user's own: LIBRARY."""

import asyncio
import gzip
import importlib
import json
import os
import sys

URL = os.environ["ANTHROPIC_BASE_URL"]
library = sys.argv[1]
module = importlib.import_module(library)
log: list[object] = []


def made(request):
    path = request.url.path
    if path == "/json":
        return module.Response(200, json={"echo": request.content.decode()})
    if path == "/zipped":
        headers = {"content-encoding": "gzip"}
        return module.Response(200, headers=headers, content=gzip.compress(b"zipped", mtime=0))
    if path == "/parts":
        return module.Response(200, content=iter([b"one ", b"two"]))
    raise module.ConnectError("made up")


async def made_async(request):
    path = request.url.path
    if path == "/parts":

        async def parts():
            for part in (b"one ", b"two"):
                await asyncio.sleep(0)
                yield part

        return module.Response(200, content=parts())
    return made(request)


class Reading(module.BaseTransport):
    """Reads every response before it passes it on."""

    def __init__(self) -> None:
        self.inner = module.HTTPTransport()
        self.marks = ["mine"]

    def handle_request(self, request):
        for _ in range(2):
            response = self.inner.handle_request(request)
            response.read()
            if response.status_code != 429:
                break
        return response


def told(name: str, response) -> None:
    log.append([name, response.status_code, response.text, response.headers.multi_items()])


def sync() -> None:
    mock = module.Client(transport=module.MockTransport(made), base_url="http://mock")
    for path in ("json", "zipped", "parts", "lost"):
        try:
            told(path, mock.post(path, content=iter([b"made ", b"up"])))
        except module.ConnectError as error:
            log.append([type(error).__name__, str(error)])
    own = module.Client(transport=Reading())
    log.append(own._transport_for_url(module.URL(URL)).marks)
    for cell in ("plain.own", "zipped.own", "limited.own"):
        response = own.post(f"{URL}/{cell}/v1/messages", json={"m": 1})
        told(cell, response) if cell != "zipped.own" else log.append(response.text)
    mounts = {"http://mounted": module.MockTransport(made), "all://": Reading()}
    mounted = module.Client(mounts=mounts)
    told("mounted", mounted.post("http://mounted/json", json={"m": 1}))
    told("other", mounted.post(f"{URL}/plain.mount/v1/messages", json={"m": 1}))


async def asynchronous() -> None:
    mock = module.AsyncClient(transport=module.MockTransport(made_async), base_url="http://mock")
    for path in ("json", "zipped", "parts", "lost"):
        try:
            told(path, await mock.post(path, content=b"made up"))
        except module.ConnectError as error:
            log.append([type(error).__name__, str(error)])


sync()
asyncio.run(asynchronous())
print(json.dumps(log))
