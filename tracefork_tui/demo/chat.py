"""A chat in the terminal: one line in, a streamed reply out, until "quit" or the end of input."""

from __future__ import annotations

from datetime import datetime

from anthropic import Anthropic
from anthropic.types import MessageParam

MODEL = "claude-haiku-4-5"


def answer(client: Anthropic, system: str, messages: list[MessageParam]) -> str:
    """Print one reply as it comes and return it whole."""
    said = ""
    for event in client.messages.create(
        model=MODEL, max_tokens=800, system=system, messages=messages, stream=True
    ):
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            print(event.delta.text, end="", flush=True)
            said += event.delta.text
    print()
    return said


def main() -> int:
    client = Anthropic()
    system = f"You are a companion in a terminal. It is {datetime.now():%A, %H:%M}. Be brief."
    messages: list[MessageParam] = []
    print('Say something; "quit" ends the chat.')
    while True:
        try:
            line = input("you> ").strip()
        except EOFError:
            print()
            break
        if line == "quit":
            break
        if not line:
            continue
        messages.append({"role": "user", "content": line})
        said = answer(client, system, messages)
        messages.append({"role": "assistant", "content": said or "(no answer)"})
    print("Goodbye.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
