"""An agent that goes through cells of the matrix and prints an account of what it saw.

    python cells.py LIBRARY MODE CELL...

LIBRARY is `anthropic` (the SDK, on httpx2), `httpx` or `httpx2` (their clients, bare); MODE is
`sync` or `async`. It is an ordinary program: it knows nothing of being recorded.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

URL = os.environ["ANTHROPIC_BASE_URL"]
REFUSING = os.environ["OPENAI_BASE_URL"]
PATIENCE = float(os.environ["PATIENCE"])
BODY: dict[str, Any] = {
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "How many “parcels”?"}],
    "model": "claude-opus-4-8",
}
KEY = {"x-api-key": "sk-ant-not-a-real-key"}
TIMED = ("timeout", "stalled")
CLOSING = ("early",)
CANCELLED = ("cancelled", "left")

Account = list[Any]


def base(cell: str) -> str:
    behaviour = cell.split(".")[0]
    return f"{REFUSING if behaviour == 'refused' else URL}/{cell}"


def patience(cell: str) -> float:
    return PATIENCE if cell.split(".")[0] in TIMED else 60.0


def retries(cell: str) -> int:
    """The SDK's default where the server says how soon to come back; elsewhere it waits long."""
    behaviour, flavour = cell.split(".")
    if behaviour in ("limited", "overloaded"):
        return 2
    return 1 if flavour == "json" else 0


def chain(error: BaseException | None) -> list[Any]:
    found: list[Any] = []
    while error is not None and len(found) < 8:
        kind = type(error)
        errno = getattr(error, "errno", None)
        found.append([kind.__module__, kind.__qualname__, str(error), errno])
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def head(response: Any) -> list[Any]:
    request = response.request
    return [
        response.status_code,
        response.reason_phrase,
        response.http_version,
        response.headers.multi_items(),
        dict(response.cookies),
        str(response.url),
        [request.method, request.headers.multi_items()],
        [[hop.status_code, str(hop.url), hop.content.decode()] for hop in response.history],
    ]


# The SDK


class SdkSync:
    """Each method tells what it sees, as it sees it, to `account`."""

    def __init__(self, cell: str) -> None:
        anthropic = importlib.import_module("anthropic")
        self.client = anthropic.Anthropic(
            base_url=base(cell), timeout=patience(cell), max_retries=retries(cell), **KEYED
        )
        self.closing = cell.startswith(CLOSING)

    def json(self, account: Account) -> None:
        if self.closing:
            self._json_closed(account)
            return
        raw = self.client.messages.with_raw_response.create(**BODY)
        account.append(["head", head(raw.http_response), raw.retries_taken])
        account.append(["content", raw.content.hex()])
        account.append(["message", raw.parse().to_dict()])

    def _json_closed(self, account: Account) -> None:
        with self.client.messages.with_streaming_response.create(**BODY) as response:
            account.append(["head", head(response.http_response), response.retries_taken])
            for chunk in response.http_response.iter_raw():
                account.append(["chunk", chunk.hex()])
                break

    def helper(self, account: Account) -> None:
        with self.client.messages.stream(**BODY) as stream:
            account.append(["head", head(stream.response)])
            for event in stream:
                account.append(["event", event.to_dict()])
                if self.closing:
                    return
            account.append(["message", stream.get_final_message().to_dict()])

    def raw(self, account: Account) -> None:
        with self.client.messages.create(stream=True, **BODY) as stream:
            account.append(["head", head(stream.response)])
            for event in stream:
                account.append(["event", event.to_dict()])
                if self.closing:
                    return

    def close(self) -> None:
        self.client.close()


class SdkAsync:
    def __init__(self, cell: str) -> None:
        anthropic = importlib.import_module("anthropic")
        self.client = anthropic.AsyncAnthropic(
            base_url=base(cell), timeout=patience(cell), max_retries=retries(cell), **KEYED
        )
        self.closing = cell.startswith(CLOSING)

    async def json(self, account: Account) -> None:
        if self.closing:
            await self._json_closed(account)
            return
        raw = await self.client.messages.with_raw_response.create(**BODY)
        account.append(["head", head(raw.http_response), raw.retries_taken])
        account.append(["content", raw.content.hex()])
        account.append(["message", raw.parse().to_dict()])

    async def _json_closed(self, account: Account) -> None:
        async with self.client.messages.with_streaming_response.create(**BODY) as response:
            account.append(["head", head(response.http_response), response.retries_taken])
            async for chunk in response.http_response.aiter_raw():
                account.append(["chunk", chunk.hex()])
                break

    async def helper(self, account: Account) -> None:
        async with self.client.messages.stream(**BODY) as stream:
            account.append(["head", head(stream.response)])
            async for event in stream:
                account.append(["event", event.to_dict()])
                if self.closing:
                    return
            account.append(["message", (await stream.get_final_message()).to_dict()])

    async def raw(self, account: Account) -> None:
        async with await self.client.messages.create(stream=True, **BODY) as stream:
            account.append(["head", head(stream.response)])
            async for event in stream:
                account.append(["event", event.to_dict()])
                if self.closing:
                    return

    async def close(self) -> None:
        await self.client.close()


KEYED = {"api_key": KEY["x-api-key"]}


# httpx and httpx2 as they are, with a small retry of their own


def again(response: Any, attempt: int) -> bool:
    return attempt < 3 and response.status_code in (429, 529)


def wait_for(response: Any) -> float:
    return float(response.headers.get("retry-after", 0.02))


class PlainSync:
    def __init__(self, cell: str, library: Any) -> None:
        self.url = f"{base(cell)}/v1/messages"
        self.client = library.Client(timeout=patience(cell), headers=KEY, follow_redirects=True)
        self.closing = cell.startswith(CLOSING)

    def json(self, account: Account) -> None:
        if self.closing:
            self._streamed(account, False)
            return
        import time

        for attempt in range(1, 4):
            response = self.client.post(self.url, json=BODY)
            account.append(["head", head(response), response.num_bytes_downloaded])
            account.append(["content", response.content.hex()])
            if not again(response, attempt):
                return
            time.sleep(wait_for(response))

    def helper(self, account: Account) -> None:
        with self.client.stream("POST", self.url, json={**BODY, "stream": True}) as response:
            account.append(["head", head(response)])
            for event in sse(response.iter_lines()):
                account.append(["event", event])
                if self.closing:
                    return

    def raw(self, account: Account) -> None:
        self._streamed(account, True)

    def _streamed(self, account: Account, stream: bool) -> None:
        body = {**BODY, "stream": True} if stream else BODY
        request = self.client.build_request("POST", self.url, json=body)
        response = self.client.send(request, stream=True)
        account.append(["head", head(response)])
        try:
            for chunk in response.iter_raw():
                account.append(["chunk", chunk.hex()])
                if self.closing:
                    break
        finally:
            response.close()
        account.append(["closed", response.is_closed, response.is_stream_consumed])

    def close(self) -> None:
        self.client.close()


class PlainAsync:
    def __init__(self, cell: str, library: Any) -> None:
        self.url = f"{base(cell)}/v1/messages"
        self.client = library.AsyncClient(
            timeout=patience(cell), headers=KEY, follow_redirects=True
        )
        self.closing = cell.startswith(CLOSING)

    async def json(self, account: Account) -> None:
        if self.closing:
            await self._streamed(account, False)
            return
        for attempt in range(1, 4):
            response = await self.client.post(self.url, json=BODY)
            account.append(["head", head(response), response.num_bytes_downloaded])
            account.append(["content", response.content.hex()])
            if not again(response, attempt):
                return
            await asyncio.sleep(wait_for(response))

    async def helper(self, account: Account) -> None:
        streamed = {**BODY, "stream": True}
        async with self.client.stream("POST", self.url, json=streamed) as response:
            account.append(["head", head(response)])
            async for event in sse_async(response.aiter_lines()):
                account.append(["event", event])
                if self.closing:
                    return

    async def raw(self, account: Account) -> None:
        await self._streamed(account, True)

    async def _streamed(self, account: Account, stream: bool) -> None:
        body = {**BODY, "stream": True} if stream else BODY
        request = self.client.build_request("POST", self.url, json=body)
        response = await self.client.send(request, stream=True)
        account.append(["head", head(response)])
        try:
            async for chunk in response.aiter_raw():
                account.append(["chunk", chunk.hex()])
                if self.closing:
                    break
        finally:
            await response.aclose()
        account.append(["closed", response.is_closed, response.is_stream_consumed])

    async def close(self) -> None:
        await self.client.aclose()


def sse(lines: Iterator[str]) -> Iterator[Any]:
    for line in lines:
        if line.startswith("data: "):
            yield json.loads(line[6:])


async def sse_async(lines: AsyncIterator[str]) -> AsyncIterator[Any]:
    async for line in lines:
        if line.startswith("data: "):
            yield json.loads(line[6:])


# One cell after the other


def run_sync(library: str, cell: str) -> Account:
    account: Account = []
    agent = SdkSync(cell) if library == "anthropic" else PlainSync(cell, module(library))
    try:
        getattr(agent, cell.split(".")[1])(account)
    except Exception as error:
        account.append(["raised", chain(error)])
    agent.close()
    return account


async def run_async(library: str, cell: str) -> Account:
    account: Account = []
    agent = SdkAsync(cell) if library == "anthropic" else PlainAsync(cell, module(library))
    call = getattr(agent, cell.split(".")[1])(account)
    behaviour = cell.split(".")[0]
    try:
        if behaviour == "cancelled":
            await asyncio.wait_for(call, PATIENCE)
        elif behaviour == "left":
            await cancel_after(call, PATIENCE)
        else:
            await call
    except (Exception, asyncio.CancelledError) as error:
        account.append(["raised", chain(error)])
    await agent.close()
    return account


async def cancel_after(call: Any, seconds: float) -> None:
    task = asyncio.ensure_future(call)
    await asyncio.sleep(seconds)
    task.cancel()
    await task


def module(library: str) -> Any:
    return importlib.import_module(library)


async def all_async(library: str, cells: list[str]) -> dict[str, Account]:
    return {cell: await run_async(library, cell) for cell in cells}


def main() -> None:
    library, mode, *cells = sys.argv[1:]
    if mode == "sync":
        accounts = {cell: run_sync(library, cell) for cell in cells}
    else:
        accounts = asyncio.run(all_async(library, cells))
    print(json.dumps(accounts))


main()
