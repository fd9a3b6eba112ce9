"""W(n): the real SDK over a mock transport, n turns, each adding 1 KB of assistant text and 2 KB
of tool result, the whole conversation resent. Prints the loop's seconds as JSON, and each turn's.
"""

import json
import random
import sys
import time
from itertools import pairwise

import anthropic
import httpx2

KB = 1024


def text(rng, size):
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz      ", k=size))


def reply_to(number, rng):
    return {
        "id": f"msg_{number:06}",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [
            {"type": "text", "text": text(rng, KB)},
            {
                "type": "tool_use",
                "id": f"toolu_{number:06}",
                "name": "look",
                "input": {"n": number},
            },
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 10},
    }


def main(turns):
    rng = random.Random(7)
    replies = [json.dumps(reply_to(n, rng)).encode() for n in range(turns)]
    results = [text(rng, 2 * KB) for _ in range(turns)]
    waiting = iter(replies)
    headers = {"content-type": "application/json", "request-id": "req_1"}

    def answer(request):
        return httpx2.Response(200, headers=headers, content=next(waiting))

    client = anthropic.Anthropic(
        api_key="none",
        base_url="http://mock",
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )
    tools = [{"name": "look", "description": "look", "input_schema": {"type": "object"}}]
    messages = [{"role": "user", "content": "begin"}]

    def turn(number):
        got = client.messages.create(
            model="claude-sonnet-4-5", max_tokens=100, messages=messages, tools=tools
        )
        messages.append({"role": "assistant", "content": got.content})
        result = {
            "type": "tool_result",
            "tool_use_id": f"toolu_{number:06}",
            "content": results[number],
        }
        messages.append({"role": "user", "content": [result]})

    wall, cpu = (
        getattr(clock, "__wrapped__", clock) for clock in (time.perf_counter, time.process_time)
    )
    begin = wall(), cpu()
    ends = [begin[0]]
    for number in range(turns):
        turn(number)
        ends.append(wall())
    took = {"seconds": ends[-1] - begin[0], "cpu": cpu() - begin[1]}
    took["each"] = [round(b - a, 7) for a, b in pairwise(ends)]
    print(json.dumps({"turns": turns, **took}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
