"""Messages followed back to where they were first sent or came from; threads that the provider
keeps, of which a request sends only what is new."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from tui_app import LARGE, SMALL, app_of, press, screen_of, settle, shown, until
from tui_talks import Talk, hostile_talks, sub_agents
from tui_tapes import HOSTILE, MODEL, Maker, call, result, text

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.look import Reader
from tracefork_tui.tui.threads import hop
from tracefork_tui.tui.views import build, views_of
from tracefork_tui.tui.views.chat import REPLY, Message


def followed(reader: Reader, message: Message) -> tuple[Message, bool]:
    found = hop(reader, message)
    while not found.over:
        found = hop(reader, found.at)
    return found.at, found.came


def test_back_to_the_first_step(tmp_path: Path) -> None:
    reader = Reader(Tape(sub_agents(tmp_path / "run.msgpack")))
    assert followed(reader, Message(6, 0)) == (Message(2, 0), False)
    assert followed(reader, Message(6, 1)) == (Message(2, REPLY), True)
    assert followed(reader, Message(6, 2)) == (Message(4, 2), False)
    assert followed(reader, Message(6, 4)) == (Message(6, 4), False)
    assert followed(reader, Message(6, REPLY)) == (Message(6, REPLY), True)
    assert followed(reader, Message(9, 0)) == (Message(1, 0), False)
    assert followed(reader, Message(9, 99)) == (Message(9, 99), False)


async def test_the_key(tmp_path: Path) -> None:
    app = app_of(sub_agents(tmp_path / "run.msgpack"))
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        screen.jump(6)
        await settle(pilot)
        body = screen.body
        body.put_cursor(body.document.lines.index("  Moss: searching. "))
        await pilot.press("T")
        await until(pilot, lambda: "it came here" in shown(pilot), "the step")
        assert screen.session.cursor == 2
        screen = await press(pilot, "ctrl+o")
        assert screen.session.cursor == 6
        body.put_cursor(body.document.lines.index("  And more?"))
        await pilot.press("T")
        await until(pilot, lambda: "it was first sent at this step" in shown(pilot), "the step")
        assert screen.session.cursor == 6
        screen.open_view("HEADERS")
        screen = await press(pilot, "T")
        assert "no message here" in shown(pilot)


def server_thread(path: Path, word: str = "", begun: bool = True) -> str:
    """Three requests, of which the later two only continue what the provider keeps."""
    run = Maker(path)
    talk = Talk(run, f"Refund the mug. {word}")
    if begun:
        talk.ask([call("t1", "lookup_order", order_id="A-1009")])
    for n, sent in ((1, result("t1", f"delivered {word}")), (2, [text("Thanks.")])):
        request = {
            "model": MODEL,
            "max_tokens": 64,
            "messages": [{"role": "user", "content": sent}],
            "thread": {"type": "continue", "previous_message_id": f"msg_01{n:04d}"},
        }
        talk.answer(run.send(json.dumps(request).encode()), [text(f"Answer {n}.")])
    return run.close()


@pytest.fixture
def thread(tmp_path: Path) -> Reader:
    return Reader(Tape(server_thread(tmp_path / "run.msgpack")))


def chat(reader: Reader, n: int) -> str:
    return build(views_of(reader.step(n))[0], reader, n).text


def test_a_thread_is_shown_whole(thread: Reader) -> None:
    told = chat(thread, 3)
    wanted = ["Refund the mug.", "tool_use lookup_order", "tool_result lookup_order", "delivered"]
    wanted += ["Answer 1.", "since step 2: 1 message more", "Thanks.", "Answer 2."]
    places = [told.index(words) for words in wanted]
    assert places == sorted(places)


def test_a_thread_that_began_elsewhere_says_so(tmp_path: Path) -> None:
    reader = Reader(Tape(server_thread(tmp_path / "run.msgpack", begun=False)))
    told = chat(reader, 1)
    assert "… what msg_010001 followed is not on this tape" in told
    assert "Refund the mug." not in told


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_hostile(tmp_path: Path, size: tuple[int, int]) -> None:
    word = HOSTILE
    for path in (
        hostile_talks(tmp_path / "one.msgpack"),
        server_thread(tmp_path / "two.msgpack", word),
    ):
        app = app_of(path)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            for n in range(1, screen_of(pilot).session.count + 1):
                screen_of(pilot).jump(n)
                await press(pilot, "T")
                words: Any = shown(pilot)
                assert not [c for c in words if unicodedata.category(c) == "Cc" and c != "\n"]
