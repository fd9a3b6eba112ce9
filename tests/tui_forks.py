"""Families of tapes for the tests of the screen: runs that begin alike, headers that say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from tui_app import settle
from tui_tapes import ORDER, Maker, call, result, text, thinking

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.app import DebuggerApp

SIZES = ((80, 24), (160, 45))


def ticket_run(
    path: Path,
    amount: int = 480,
    header: dict[str, Any] | None = None,
    looks_twice: bool = False,
    overloaded: bool = False,
    started: float = 0.0,
) -> str:
    """A support agent settles a ticket; step 6 decides the amount, later steps follow from it."""
    run = Maker(path, ({"started": started} if started else {}) | (header or {}))
    run.provenance = int(bool(header))
    run.draw("time.time", "float", 1763640251.25)
    run.draw("uuid.uuid4", "uuid", "6f0c2a51-5b0e-4c1e-9d0a-0c8c5d1f7a3e")
    run.say("Ticket T-2041: the moss mug came broken in two. I'd rather have my money back.")
    run.ask(
        [text("I will check the order first."), call("toolu_01", "lookup_order", order_id="A-1009")]
    )
    run.draw("lookup_order", "json", ORDER, "agent.py:61 in lookup_order")
    run.draw("random.random", "number", 0.7310585786300049)
    run.say(result("toolu_01", json.dumps(ORDER)))
    run.provenance = 3 if header else 0
    if overloaded:
        run.ask([], status=529)
        return run.close(1, "OverloadedError: Overloaded")
    words = "2400 is $24.00 a piece." if amount < 100 else "Two pieces at 2400 make $480."
    run.ask(
        [
            thinking(f"The mug was delivered on the 8th.\nThe price is in cents. {words}"),
            call("toolu_02", "refund", order_id="A-1009", amount=amount, reason="arrived broken"),
        ],
        stream=True,
    )
    run.provenance = 2 if header else 0
    if looks_twice:
        run.draw("lookup_order", "json", ORDER, "agent.py:61 in lookup_order")
    for number in range(6):
        run.draw("random.random", "number", number / 8)
    run.say(result("toolu_02", json.dumps({"ok": True, "amount": amount})))
    run.ask([text(f"Done: I refunded ${amount}.00 for the broken mug.\n\n- refund R-5512")])
    return run.close(0 if amount < 100 else 1)


def parent(path: str | Path, step: int, kind: str, words: str, tail: str = "offline") -> Any:
    """The header of a fork of that tape."""
    with Tape(path) as tape:
        told = {
            "fingerprint": tape.fingerprint,
            "prefix": tape.fingerprint_at(step - 1),
            "step": step,
            "intervention": f"{words} at step {step}" if words else "",
            "kind": kind,
            "tail": tail,
            "file": Path(path).name,
        }
    return {"parent": told}


def family(folder: Path) -> dict[str, str]:
    """A root, two forks of it, and a fork of a fork."""
    root = ticket_run(folder / "run.msgpack")
    edit = parent(root, 6, "reply", "edited reply")
    right = ticket_run(folder / "run.fork-1.msgpack", 48, edit)
    fault = parent(root, 6, "fault", "overloaded:times=3")
    failed = ticket_run(folder / "run.fork-2.msgpack", header=fault, overloaded=True)
    again = parent(right, 7, "draw", "another value", "live")
    twice = ticket_run(folder / "run.fork-1.fork-1.msgpack", 24, again, looks_twice=True)
    return {"root": root, "right": right, "failed": failed, "twice": twice}


def long_pair(folder: Path, steps: int, shared: int) -> tuple[str, str]:
    """Two runs of many steps: alike up to `shared`, from there on every seventh step differs."""
    paths = []
    for side in (0, 1):
        run = Maker(folder / f"long-{side}.msgpack")
        run.say("Go on.")
        for n in range(1, steps + 1):
            other = side if n > shared and n % 7 == 0 else 0
            if n % 50 == 0:
                run.messages = run.messages[:1]
                run.ask([text(f"Turn {n}, way {other}.")])
            else:
                run.draw("random.random", "number", n / steps + other)
        paths.append(run.close())
    return paths[0], paths[1]


async def press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def screen_text(app: DebuggerApp) -> str:
    """What is on the screen, line by line."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    lines = ("".join(segment.text for segment in strip) for strip in strips[:height])
    return "\n".join(line[:width].rstrip() for line in lines)
