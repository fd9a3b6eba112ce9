"""The report for a pull request: what it tells, and that nothing recorded is obeyed in it."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from tui_app import LARGE, app_of, settle, until
from tui_tapes import Maker, call, hostile_run, refund_run, text

from tracefork_tui.cli import main
from tracefork_tui.diff import as_markdown, compare
from tracefork_tui.diff.markdown import MOST, code, fenced
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.screens.diff import DiffScreen

LINES = "one\ntwo\nthree\nfour\nfive"


def run(path: Path, amount: int, words: str, note: str) -> str:
    made = Maker(path)
    made.draw("uuid.uuid4", "uuid", "6f0c2a51-5b0e-4c1e-9d0a-0c8c5d1f7a3e")
    made.say("Refund the mug.")
    made.ask([call("t1", "refund", amount=amount, note=note)])
    made.ask([text(words)])
    return made.close()


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    return (
        run(tmp_path / "a.msgpack", 480, "The customer got $480.00 back, as was asked for.", LINES),
        run(
            tmp_path / "b.msgpack",
            24,
            "The customer got $24.00 back, as was asked for.",
            LINES.replace("three", "3"),
        ),
    )


def test_what_it_tells(pair: tuple[str, str]) -> None:
    told = as_markdown(compare(*map(Tape, pair)))
    assert told.startswith("### `a.msgpack` → `b.msgpack`\n\nEqual up to step 1, proven by")
    assert "| steps | `3` | `3` |" in told
    assert "**Final answer**" in told
    assert "got $[-480-]{+24+}.00 back" in told
    assert "`reply.content[0].input.amount`: `480` → `24`" in told
    assert "  -three\n  +3\n" in told


def test_the_command(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", *pair, "--markdown"]) == 1
    assert capsys.readouterr().out == as_markdown(compare(*map(Tape, pair)))
    assert main(["diff", pair[0], pair[0], "--markdown"]) == 0
    assert "Equal: 3 steps, fingerprint" in capsys.readouterr().out
    assert main(["diff", *pair, "--markdown", "--json"]) == 2


def test_nothing_recorded_is_obeyed(tmp_path: Path) -> None:
    a = hostile_run(tmp_path / "a|<b>.msgpack")
    b = run(tmp_path / "b.msgpack", 1, "```\n<script>@all</script>\n# x", "````")
    told = as_markdown(compare(Tape(a), Tape(b)))
    assert not [c for c in told if unicodedata.category(c) == "Cc" and c != "\n"]
    assert not set(told) & set("\u202e\u2066\ud800")
    outside, fence = [], ""
    for line in told.split("\n"):
        found = re.fullmatch(r"\s*(`{3,})\w*", line)
        if fence:
            fence = "" if found and line.strip() == fence else fence
        elif found:
            fence = found.group(1)
        else:
            outside.append(re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", line))
    assert not fence
    assert not re.search(r"[<>@]", "\n".join(outside))


def test_code() -> None:
    assert code("a`b") == "``a`b``"
    assert code("`") == "`` ` ``"
    assert code("a|b\n") == "`a\\|b␊`"
    assert fenced(["```", "x"], "diff") == ["````diff", "```", "x", "````"]


def test_it_fits_into_a_comment(tmp_path: Path) -> None:
    made = []
    for name in "ab":
        run = Maker(tmp_path / f"{name}.msgpack")
        for n in range(400):
            run.draw("read_file", "str", f"{name} {n} " * 60)
        made.append(run.close())
    told = as_markdown(compare(*map(Tape, made)))
    assert len(told) < MOST + 200
    assert told.endswith("… cut here; `tracefork-tui diff` has the rest\n")


async def test_x_writes_it(
    pair: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    app = app_of(refund_run(tmp_path / "run.msgpack"))
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        screen = DiffScreen(*pair)
        app.push_screen(screen)
        await until(pilot, lambda: screen._spare is not None, "the comparison")
        for number in (1, 2):
            await pilot.press("x")
            await until(pilot, lambda: len(list(folder.iterdir())) == number, "the report")  # noqa: B023
            await settle(pilot)
    report = as_markdown(compare(*map(Tape, pair)))
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "a..b.md": report,
        "a..b-2.md": report,
    }
