"""How a run ended and what the agent printed can be seen at every size."""

from __future__ import annotations

from pathlib import Path

from tui_app import SMALL, app_of, press, settle, shown, until
from tui_tapes import HOSTILE, Maker, text


def crashed(path: Path, *printed: str) -> str:
    run = Maker(path)
    run.say("Go.")
    run.ask([text("I go.")])
    for words in printed:
        run.writer.output(run.now, 2, words)
    return run.close(1, "KeyError: 'W-77'")


async def test_the_end_of_the_run_is_told_where_it_ends(tmp_path: Path) -> None:
    app = app_of(crashed(tmp_path / "run.msgpack", "Traceback\n", "KeyError: 'W-77'\n"))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert "✗ exit code 1 · O: output · KeyError: 'W-77'" in shown(pilot)
        await press(pilot, "right_curly_bracket")
        assert "no error after this step; ✗ exit code 1" in shown(pilot)
        for open_it in (lambda: pilot.press("O"), lambda: pilot.click("#note")):
            await open_it()
            await settle(pilot)
            assert "Traceback\n KeyError: 'W-77'\n\n ✗ exit code 1 · KeyError" in shown(pilot)
            await press(pilot, "q")


async def test_printed_text_is_harmless_and_its_end_comes_first(tmp_path: Path) -> None:
    lines = "".join(f"line {n}\n" for n in range(30_000))
    app = app_of(crashed(tmp_path / "run.msgpack", lines, HOSTILE))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("O")
        await settle(pilot)
        assert "exit code 1" in shown(pilot)
        assert "\x1b" not in shown(pilot)
        await pilot.press("home")
        await settle(pilot)
        assert "lines before these are on the tape" in shown(pilot)


async def test_a_run_without_an_end_says_so(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.draw("uuid.uuid4", "uuid", "one")
    run.writer.output(run.now, 1, "hello\n")
    app = app_of(run.close(sealed=False))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("O")
        await settle(pilot)
        assert "hello\n\n ✗ it was not closed" in shown(pilot)
        assert "✗ its end is not on the tape" in shown(pilot)


async def test_a_tape_that_was_cut_says_so_when_it_is_opened(tmp_path: Path) -> None:
    path = Path(crashed(tmp_path / "run.msgpack", "hello\n"))
    path.write_bytes(path.read_bytes()[:-100])
    app = app_of(str(path))
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert "✗ it ends within a record" in shown(pilot)
        assert "· O tells more" in shown(pilot)


async def test_a_run_that_goes_on_is_followed(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.draw("uuid.uuid4", "uuid", "one")
    run.writer.output(run.now, 1, "hello\n")
    app = app_of(run.path)
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("O")
        await until(pilot, lambda: "hello\n\n … still running" in shown(pilot))
        run.writer.output(run.now, 1, "world\n")
        run.close(3)
        await until(pilot, lambda: "hello\n world\n\n ✗ exit code 3" in shown(pilot))
