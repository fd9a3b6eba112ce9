"""A tape that is still being written."""

from __future__ import annotations

from pathlib import Path

from tui_app import LARGE, app_of, press, screen_of, settle, shown, until
from tui_tapes import Maker, text

from tracefork_tui.tape.seal import seal


async def test_the_screen_follows_the_run(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.draw("uuid.uuid4", "uuid", "one")
    app = app_of(run.path)
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        screen = screen_of(pilot)
        assert "following" in shown(pilot)
        run.say("Hello.")
        run.ask([text("First answer.")])
        await until(pilot, lambda: screen.session.cursor == 2)
        await settle(pilot)
        assert "First answer." in shown(pilot)

        await press(pilot, "k")
        n = run.send(b"{}", "https://example.com/x")
        await until(pilot, lambda: "step 1/3" in shown(pilot))
        await settle(pilot)
        assert screen.session.cursor == 1
        assert "no answer yet" in shown(pilot)
        assert "step 1/3" in shown(pilot)

        run.answer(n, 200, [], [b"fine"])
        run.writer.close()
        seal(run.path, {"exit_code": 3, "signal": None}, run.now, b"").close()
        await until(pilot, lambda: "following" not in shown(pilot))
        await settle(pilot)
        assert "200 POST example.com/x" in shown(pilot)
        assert "exit code 3" in shown(pilot)
        assert not screen.session.growing


async def test_what_the_tape_holds_is_not_said_to_be_missing(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.draw("uuid.uuid4", "uuid", "one")
    run.writer.note(run.now, "gone", {"what": "settings.toml"})
    run.writer.note(run.now, "code text", {"what": "helper.py", "text": "print(1)"})
    app = app_of(run.path)
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        assert "NOT ON THE TAPE" not in shown(pilot)
        run.writer.note(run.now, "socket", {"what": "127.0.0.1:80"})
        run.writer.close()
        seal(run.path, {"exit_code": 0, "signal": None}, run.now, b"").close()
        await until(pilot, lambda: "NOT ON THE TAPE" in shown(pilot))
        assert "127.0.0.1:80" in shown(pilot)
        assert "REFUSED" not in shown(pilot)
        assert "helper.py" not in shown(pilot)
        assert "settings.toml" not in shown(pilot)


async def test_a_divergence_is_refused_and_not_missing(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack")
    run.draw("uuid.uuid4", "uuid", "one")
    run.writer.note(run.now, "divergence", {"message": "it asked for [/more]"})
    app = app_of(run.close(1))
    async with app.run_test(size=LARGE) as pilot:
        await settle(pilot)
        assert "REFUSED" in shown(pilot)
        assert "[/more]" in shown(pilot)
        assert "NOT ON THE TAPE" not in shown(pilot)
