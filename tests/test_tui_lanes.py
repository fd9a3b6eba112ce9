"""Lanes beside the steps: conversations, parallel exchanges, and where a cached prompt broke."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from tui_app import LARGE, SMALL, app_of, press, screen_of, settle, shown
from tui_talks import hostile_talks, sub_agents
from tui_tapes import Maker, long_run, refund_run

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.lanes import Lanes, Talk, talk_of
from tracefork_tui.tui.look import Reader

A, B = 1, 2
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])


def drawn(talks: list[Talk], most: int = 8, before: dict[int, int] | None = None) -> list[str]:
    lanes = Lanes(talks, most, before or {})
    return [lanes.cells(place, "●" if talk.key else "◇") for place, talk in enumerate(talks)]


def test_conversations_have_lanes_of_their_own() -> None:
    talks = [Talk(A, "", 1, 2), Talk(B, "", 3, 4), Talk(B, "", 5, 6), Talk(A, "", 7, 8)]
    assert drawn(talks) == ["● ", "│●", "│●", "● "]
    assert drawn(talks[:1] + talks[3:]) == ["●", "●"]
    assert drawn(talks, before={B: 0, A: 1}) == [" ●", "●│", "●│", " ●"]


def test_what_runs_at_the_same_time_is_side_by_side() -> None:
    talks = [Talk(A, "", 1, 9), Talk(A, "", 2, 5), Talk(A, "", 3, 4), Talk(A, "", 10, 11)]
    assert drawn(talks) == ["●  ", "┃● ", "┃┃●", "●  "]
    assert drawn(talks, most=2) == ["● ", "┃●", "┃●", "● "]


def test_a_lane_is_free_again_when_its_conversation_is_over() -> None:
    talks = [Talk(A, "", 1, 2), Talk(B, "", 3, 4), Talk(3, "", 5, 6), Talk(A, "", 7, 8)]
    assert drawn(talks) == ["● ", "│●", "│●", "● "]


def test_a_draw_is_in_the_lane_of_its_task() -> None:
    talks = [Talk(A, "one", 1, 9), Talk(B, "two", 2, 8), Talk(0, "two", 0, 0), Talk(A, "", 10, 11)]
    assert drawn(talks)[2] == "│◇"


def test_runs_without_times_have_lanes_too() -> None:
    talks = [Talk(A, "", 0, 0), Talk(B, "", 0, 0), Talk(A, "", 0, 0)]
    assert drawn(talks) == ["● ", "│●", "● "]


def test_conversations_of_a_run(tmp_path: Path) -> None:
    reader = Reader(Tape(sub_agents(tmp_path / "run.msgpack")))
    keys = [talk_of(reader, n).key for n in range(1, 10)]
    lead, first, second = keys[:3]
    assert len({0, lead, first, second}) == 4
    assert keys == [lead, first, second, first, second, first, 0, lead, lead]


def body(**members: Any) -> bytes:
    return json.dumps({"model": "m", **members}).encode()


@pytest.mark.parametrize(
    ("url", "one", "other", "same"),
    [
        (
            "https://x/v1/chat/completions",
            body(messages=[{"role": "system", "content": "S"}, {"role": "user", "content": "a"}]),
            body(messages=[{"role": "system", "content": "T"}, {"role": "user", "content": "a"}]),
            False,
        ),
        ("https://x/v1/responses", body(input="a"), body(input="a", temperature=1), True),
        ("https://x/v1/responses", body(input="a"), body(input="b"), False),
        (
            "https://x/v1/models/g:generateContent",
            body(contents=[{"role": "user", "parts": [{"text": "a"}]}]),
            body(contents=[{"role": "user", "parts": [{"text": "a"}]}, {"role": "model"}]),
            True,
        ),
        (
            "https://x/v1/messages",
            body(messages=[{"role": "user", "content": "a"}], system="You are one."),
            body(
                system=[{"type": "text", "text": "You are one."}],
                messages=[
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
                        ],
                    }
                ],
            ),
            True,
        ),
    ],
)
def test_the_beginning_tells_conversations_apart(
    tmp_path: Path, url: str, one: bytes, other: bytes, same: bool
) -> None:
    run = Maker(tmp_path / "run.msgpack")
    for sent in (one, other):
        run.fail(run.send(sent, url), "ConnectError", "no")
    reader = Reader(Tape(run.close()))
    keys = [talk_of(reader, n).key for n in (1, 2)]
    assert 0 not in keys
    assert (keys[0] == keys[1]) is same


@pytest.mark.parametrize("sent", [b"", b"\xff", b'{"messages":[', b'{"messages":[]}', b'"input":"'])
def test_bodies_that_tell_nothing(tmp_path: Path, sent: bytes) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.fail(run.send(sent), "ConnectError", "no")
    assert isinstance(talk_of(Reader(Tape(run.close())), 1), Talk)


@SIZES
def test_pictures(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    async def go(pilot: Any) -> None:
        await settle(pilot)
        screen_of(pilot).jump(5)
        await settle(pilot)

    app = app_of(sub_agents(tmp_path / "run.msgpack"))
    assert snap_compare(app, terminal_size=size, run_before=go)


async def test_lanes_can_be_put_away(tmp_path: Path) -> None:
    app = app_of(sub_agents(tmp_path / "run.msgpack"))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert "3 │┃●" in shown(pilot)
        assert "9 ●   ¢ The clay one." in shown(pilot)
        await press(pilot, "\\")
        assert "3 ● Clay: searching." in shown(pilot)
        await press(pilot, "\\")
        assert "3 │┃●" in shown(pilot)


async def test_one_conversation_has_no_lanes(tmp_path: Path) -> None:
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert "4 ● → lookup_order" in shown(pilot)


async def test_scrolling_through_a_long_run(tmp_path: Path) -> None:
    app = app_of(long_run(tmp_path / "run.msgpack", 2000))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await press(pilot, "G", "pageup", "1", "0", "0", "G")
        assert "Turn 100." in shown(pilot)


@SIZES
async def test_hostile(tmp_path: Path, size: tuple[int, int]) -> None:
    app = app_of(hostile_talks(tmp_path / "run.msgpack"))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for _ in range(10):
            words = (await press(pilot, "j")) and shown(pilot)
            assert not [c for c in words if unicodedata.category(c) == "Cc" and c != "\n"]
        assert app.is_running
