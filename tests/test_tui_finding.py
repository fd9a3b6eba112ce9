"""A text is found where the pages show it, though most pages are never made."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from tui_tapes import HOSTILE, URL, Maker, call, hostile_run, refund_run, result, text

from tracefork_tui import wire
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.writer import Writer
from tracefork_tui.tui import finding
from tracefork_tui.tui.finding import Finder, telling
from tracefork_tui.tui.look import Reader
from tracefork_tui.tui.ourwords import our_words
from tracefork_tui.tui.views import build, views_of

BUNDLED = sorted(Path(__file__).parent.parent.joinpath("tapes").glob("*.msgpack"))
NOTHING = sha256(b"").digest()
Write = Callable[[Maker], object]
VIEWS = ("CHAT", "DELTA", "REQUEST", "RESPONSE", "STREAM", "HEADERS", "SITE", "VALUE")
SPELLED = 'refund Größe 漢字 \U0001f600 "Zurückgabe" back\\slash A-1009 \t tab'


class Pages:
    """The pages of a tape's steps, each made once, and where a text is in them."""

    def __init__(self, path: Path) -> None:
        self.reader = Reader(Tape(path))
        self.page = cache(self._page)

    def _page(self, view: str, n: int) -> tuple[str, ...]:
        views = views_of(self.reader.step(n))
        chosen = next((one for one in views if one.name == view), views[0])
        page = build(chosen, self.reader, n, new=True)
        page.open_all()
        return tuple(page.all_lines())

    def holding(self, view: str, needle: str) -> list[int]:
        """The plain way."""
        found = []
        for n in range(1, self.reader.count + 1):
            views = views_of(self.reader.step(n))
            chosen = next((one for one in views if one.name == view), views[0])
            page = build(chosen, self.reader, n, new=True)
            if page.find(needle, (0, -1)) is not None:
                found.append(n)
        return found

    def found(self, view: str, needle: str) -> list[int]:
        finder = Finder(view, needle)
        return [n for n in range(1, self.reader.count + 1) if finder.wanted(self.reader, n)]

    def snippets(self, view: str, rng: random.Random, most: int) -> list[str]:
        """Texts as somebody would type who has read the pages."""
        snippets = []
        for _ in range(most):
            lines = self.page(view, rng.randint(1, self.reader.count))
            line = rng.choice([line for line in lines if line.strip()] or ["nothing"])
            start = rng.randrange(len(line))
            snippet = line[start : start + rng.choice((3, 6, 12, 30))]
            snippets.append(snippet.lower() if rng.random() < 0.5 else snippet)
        return snippets


def compare(path: Path, needles: list[str], views: tuple[str, ...] = VIEWS, more: int = 4) -> None:
    pages, rng = Pages(path), random.Random(path.stat().st_size)
    for view in views:
        for needle in [*needles, *pages.snippets(view, rng, more)]:
            assert pages.found(view, needle) == pages.holding(view, needle), (view, needle)


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.name)
def test_the_bundled_tapes(path: Path) -> None:
    compare(path, ["refund", "tool_result", "zzz"], ("CHAT", "REQUEST", "STREAM"))


def test_a_run_of_many_kinds_of_steps(tmp_path: Path) -> None:
    path = Path(refund_run(tmp_path / "run.msgpack"))
    needles = ["A-1009", "Harbour", "ConnectError", "overloaded", "stoneware", "agent.py", "529"]
    compare(path, [*needles, "reply", "random.random", "0.731", "t+", "12:04", "float"])


def test_what_terminals_would_obey(tmp_path: Path) -> None:
    compare(Path(hostile_run(tmp_path / "bad.msgpack")), [HOSTILE[:20], "evil", "press", "漢字"])


JSON = [("content-type", "application/json")]
SSE = [("content-type", "text/event-stream")]
CHAT = "https://api.openai.com/v1/chat/completions"
EVENT = b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n'


def asking(words: str, ascii: bool = False) -> bytes:
    asked = {"model": "claude-opus-4-8", "messages": [{"role": "user", "content": words}]}
    return json.dumps(asked, ensure_ascii=ascii).encode()


def sent(body: bytes) -> Write:
    return lambda run: run.answer(run.send(body), 200, JSON, [b"{}"])


def came(chunks: list[bytes], headers: list[tuple[str, str]] = JSON, url: str = URL) -> Write:
    return lambda run: run.answer(run.send(b"{}", url), 200, headers, chunks)


def sent_compressed(run: Maker) -> None:
    run.n += 1
    head = [("content-encoding", "gzip")]
    run.writer.send(run.n, run.n, "", [], 0, "POST", URL, head, gzip.compress(asking("a zebra")))


def within_a_result(run: Maker) -> None:
    run.messages = [{"role": "user", "content": result("toolu_1", '{"a": "\\u007aebra"}')}]
    run.ask([text("Well.")])


def streamed(run: Maker) -> None:
    run.messages = [{"role": "user", "content": "Go on."}]
    run.ask([text("There was a zebra."), call("toolu_1", "zebra", zebra="zebra")], stream=True)


def sent_again(run: Maker) -> None:
    """The tool's name is in what the last request repeats of the others; its result is not."""
    run.say("Go on.")
    run.ask([call("toolu_1", "find_zebra"), call("toolu_2", "find_zebra")])
    run.say(result("toolu_1", "none"))
    run.ask([text("Well.")])
    run.say(result("toolu_2", "none"))
    run.ask([text("Well.")])


def taken_out(run: Maker) -> None:
    run.say("Go on.")
    run.ask([text("Yes?")])
    kept = run.messages
    run.say("Where is the zebra?")
    run.ask([text("There.")])
    run.messages = [*kept, {"role": "user", "content": "Never mind."}]
    run.ask([text("Well.")])


def taken_out_in_other_words(run: Maker) -> None:
    """As before, of requests that have no bytes in common."""
    turns = [{"role": "user", "content": words} for words in ("Go on.", "Where is the zebra?")]
    for kept, how in ((2, {}), (1, {"indent": 1, "sort_keys": True})):
        run.send(json.dumps({"model": "m", "messages": turns[:kept]}, **how).encode())


def said_again(run: Maker) -> None:
    """What the model said is stored once."""
    run.say("Go on.")
    run.ask([text(f"{'It was said at length. ' * 20} A zebra it was. {'So it was. ' * 20}")])
    run.say("Why?")
    run.ask([text("Well.")])


def over_a_seam(run: Maker) -> None:
    """The last request is stored as a part of the first, the word's end, and another part."""
    run.say("Go on.")
    for word in ("zebu", "zebra"):
        run.messages = [run.messages[0], {"role": "user", "content": f"{'x' * 400} the {word}."}]
        run.ask([text("Well.")])


def failed(run: Maker) -> None:
    run.fail(run.send(b"", "https://example.com/", "GET"), "ZebraError", "no horse")


def failed_twice(run: Maker) -> None:
    n = run.send(b"", "https://example.com/", "GET")
    cause = ["", "OSError", "a zebra crossed", None]
    run.writer.end(n, run.now, "error", ["", "ConnectError", "no horse", cause], NOTHING)


CASES: dict[str, Write] = {
    "plain": sent(asking("a zebra")),
    "another case": sent(asking("A ZEBRA")),
    "a letter escaped": sent(asking("a zebra").replace(b"z", b"\\u007a")),
    "letters escaped twice": within_a_result,
    "other escapes around it": sent(asking("größe\tzebra\n漢字", ascii=True)),
    "two bytes a letter": sent(asking("a zebra").decode().encode("utf-16")),
    "compressed": sent_compressed,
    "no JSON": sent(b"\x01\xff\xfe zebra \xff" * 9),
    "a reply": came([asking("a zebra")[:50], asking("a zebra")[50:]]),
    "a compressed reply": came([gzip.compress(asking("zebra"))], [("content-encoding", "gzip")]),
    "a reply cut short": came([gzip.compress(asking("a zebra " * 999))[:99]],
                              [("content-encoding", "gzip")]),
    "streamed": streamed,
    "a letter an event": came([EVENT % b"%c" % one for one in b"a zebra"], SSE, CHAT),
    "a compressed stream": came([gzip.compress(EVENT % b"a ze" + EVENT % b"bra")],
                                [*SSE, ("content-encoding", "gzip")], CHAT),
    "a header": came([b"{}"], [("x-zebra", "crossing")]),
    "the URL": came([b"{}"], JSON, "https://zebra.example.com/"),
    "an error": failed,
    "the cause of an error": failed_twice,
    "the name of a tool": sent_again,
    "a message that was taken out": taken_out,
    "taken out in other words": taken_out_in_other_words,
    "said again": said_again,
    "over a seam": over_a_seam,
    "a draw": lambda run: run.draw("os.environ", "str", "a zebra"),
    "a draw of JSON": lambda run: run.draw("look", "json", {"a": [1, {"zebra": None}]}),
    "a draw of bytes": lambda run: run.draw("os.urandom", "bytes", b"a zebra"),
    "a draw of no number": lambda run: run.draw("zebra.look", "float", float("inf")),
    "a draw's name": lambda run: run.draw("zebra", "number", 7),
    "a draw's site": lambda run: run.draw("random", "number", 7, "zebra.py:7 in main"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_spelling(tmp_path: Path, case: str) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.draw("random.random", "number", 0.5)
    CASES[case](run)
    run.draw("random.random", "number", 0.25)
    pages = Pages(Path(run.close()))
    needles = [
        "zebra",
        "Zebra",
        "a zebra",
        "7",
        "inf",
        *pages.snippets("CHAT", random.Random(7), 3),
    ]
    shown = [(view, needle, pages.holding(view, needle)) for view in VIEWS for needle in needles]
    for view, needle, steps in shown:
        assert pages.found(view, needle) == steps, (view, needle)
    hex_only = case in ("a draw of bytes", "a reply cut short")
    assert hex_only or any(steps for _, needle, steps in shown if needle.lower() == "zebra")


def test_a_call_of_a_tool(tmp_path: Path) -> None:
    writer = Writer.create(str(tmp_path / "run.msgpack"), {"command": ["{python}", "a.py"]})
    given = (bytes(32), {"at": "a zebra"})
    writer.draw(1, 1, "", [], 0, "look", "json", {"seen": 7}, given)
    writer.close()
    compare(tmp_path / "run.msgpack", ["zebra", "seen", "7"])


def test_the_search_makes_few_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.say("Go on.")
    for n in range(40):
        run.draw("random.random", "number", n / 8)
        run.ask([text(f"Message {n}: {'a zebra' if n == 30 else 'a horse'}.")], stream=n % 2 == 0)
    reader = Reader(Tape(run.close()))
    made: list[int] = []

    def spied(view: object, reader: Reader, n: int, new: bool = False) -> object:
        made.append(n)
        return build(view, reader, n, new)  # type: ignore[arg-type]

    monkeypatch.setattr(finding, "build", spied)
    finder = Finder("CHAT", "zebra")
    found = [n for n in range(1, reader.count + 1) if finder.wanted(reader, n)]
    assert found[0] == 62
    assert made[0] == 62
    assert len(made) < 20
    finder, made[:] = Finder("CHAT", "3.75"), []
    assert [n for n in range(1, reader.count) if finder.wanted(reader, n)] == [61]
    assert not [n for n in made if reader.kind(n) == "draw" and n != 61]


def test_the_words_that_tell() -> None:
    assert telling("the Zebra crossing 7") == "crossing"
    assert telling("tool_result") == ""
    assert telling("t+12.5s 0.75") == ""
    assert telling("deadbeef") == ""
    assert "has not ended" not in our_words()
    assert wire.__doc__
    assert wire.__doc__.lower() not in our_words()
