"""Eight threads ask at once."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import anthropic

client = anthropic.Anthropic(base_url=os.environ["ANTHROPIC_BASE_URL"] + "/jittery.x")


def ask(number: int) -> str:
    said = []
    for turn in range(3):
        content = f"thread {number}, turn {turn}"
        message = client.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": content}]
        )
        said.append(message.id)
    return f"{number}: {said}"


with ThreadPoolExecutor(8) as pool:
    print(json.dumps(list(pool.map(ask, range(8)))))
