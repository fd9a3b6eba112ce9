"""Running the agent again from the screen: real agents, real tapes, real processes."""

import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, TextArea
from tui_app import settle
from tui_runs import (
    SIZE,
    alive,
    copied,
    opened,
    over,
    ready,
    record,
    record_agent,
    said,
    shown,
    until,
)
from tui_tapes import Maker, hostile_run, refund_run

from tracefork_tui.replay import launch as launching
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.drafts import NotRead, ReplyDraft, draft_of
from tracefork_tui.tui.screens.asking import Ask, AskLive, AskPath
from tracefork_tui.tui.screens.fault import FaultScreen
from tracefork_tui.tui.screens.fork import ForkScreen
from tracefork_tui.tui.screens.main import MainScreen
from tracefork_tui.tui.screens.run import RunScreen
from tracefork_tui.tui.widgets.problem import Problem
from tracefork_tui.tui.widgets.tail import Tail

KEY = "demo-key-for-the-offline-model"
MISREADING = 19
OVERLOADED = 12


BUNDLED = Path(__file__).parent.parent / "tapes"


@pytest.fixture(scope="session")
def here(model, state):
    """The environment of a user whose model is the offline one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", model)
        patch.setenv("ANTHROPIC_API_KEY", KEY)
        patch.setenv("XDG_STATE_HOME", str(state))
        yield


@pytest.fixture(scope="session")
def demo(here, tmp_path_factory):
    """The demo agent, recorded once."""
    command = [sys.executable, "-m", "tracefork_tui.demo.refund"]
    return record(command, tmp_path_factory.mktemp("demo"), "refund.msgpack")


@pytest.fixture
def tape(demo, tmp_path):
    return copied(demo, tmp_path)


def problem(app):
    return app.screen.query_one(Problem).text


async def form(pilot, key="f"):
    await ready(pilot)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, ForkScreen), "the form")
    await until(pilot, lambda: pilot.app.screen.query("FieldEdit"), "its fields")


def json_area(app):
    return next(area for area in app.screen.query(TextArea) if "amount" in area.text)


# Forks


async def test_a_fork_repairs_the_run(tape):
    app = opened(tape, MISREADING)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        area = json_area(app)
        assert app.focused is area
        area.text = area.text.replace("480", "48")
        await pilot.press("ctrl+s")
        run = await over(pilot)
        assert run.result.good
        await until(pilot, lambda: not isinstance(app.screen, RunScreen), "what follows")
        child = Tape(run.result.tape)
        assert run.result.tape == str(tape.with_name("refund.fork-1.msgpack"))
        assert child.outcome.exit_code == 0
        assert child.header["parent"]["step"] == MISREADING
        assert child.step(MISREADING).provenance == "edited"
        assert "steps 1 to 18 proven" in "\n".join(run.result.lines)
        proofs = []
        while (screen := app.screen) is not run:
            if isinstance(screen, MainScreen):
                proofs.append(screen.session.proof)
            await pilot.press("q")
            await until(pilot, lambda left=screen: app.screen is not left, "the screen below")
        assert proofs == ["prefix proven"]
        assert app.session.proof == "not replayed"
        assert "exit code 0" in shown(app)
        assert "✓ fork" in shown(app)
        await pilot.press("escape")
        assert app.screen.session is app.session


async def test_the_diff_opens_at_the_end(tape):
    app = opened(tape, MISREADING)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        area = json_area(app)
        area.text = area.text.replace("480", "48")
        await pilot.press("ctrl+s")
        await over(pilot)
        await until(pilot, lambda: "480 → 48" in shown(app), "the difference")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"amount": ', "content[2].input is not JSON: Expecting value, line 1, column 12"),
        ("[48]", "the reply is no message: content[2].input must be an object"),
        ('{"amount": NaN}', "not JSON"),
    ],
)
async def test_a_bad_input_is_refused_in_place(tape, text, said):
    app = opened(tape, MISREADING)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        json_area(app).text = text
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert isinstance(app.screen, ForkScreen)
        assert said in problem(app)
        assert said[:30] in shown(app)
    assert list(tape.parent.glob("*.fork-*")) == []


async def test_an_edit_is_kept_until_it_is_taken_back(tape):
    app = opened(tape, MISREADING)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        json_area(app).text = '{"amount": 1}'
        await pilot.press("escape")
        assert isinstance(app.screen, MainScreen)
        await form(pilot)
        assert json_area(app).text == '{"amount": 1}'
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert '"amount": 480' in json_area(app).text


async def test_enter_in_a_line_runs_and_the_stop_reason_is_chosen(tape):
    app = opened(tape, MISREADING)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        app.screen.query_one("#stop").focus()
        await pilot.press("right")
        app.screen.query_one("FieldEdit Input", Input).focus()
        await pilot.press("enter")
        run = await over(pilot)
        reply = Tape(run.result.tape).step(MISREADING).response
        assert json.loads(reply.body)["stop_reason"] == "max_tokens"


async def test_strict_halts_and_says_so(tape):
    app = opened(tape, MISREADING)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        area = json_area(app)
        area.text = area.text.replace("480", "48")
        app.screen.query_one(Tail).query_one("Choice").choose("strict")
        await pilot.press("ctrl+s")
        run = await over(pilot)
        assert not run.result.good
        assert app.screen is run
        assert "halted" in shown(app)


async def test_a_draw_is_edited_as_its_type(tape):
    app = opened(tape, 1)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        line = app.screen.query_one("FieldEdit Input", Input)
        line.value = "yesterday"
        await pilot.press("enter")
        await pilot.pause()
        assert "is no value for datetime.datetime.now (datetime)" in problem(app)
        line.value = "2031-01-02T03:04:05"
        await pilot.press("enter")
        run = await over(pilot)
        assert Tape(run.result.tape).step(1).value == "2031-01-02T03:04:05"


async def test_a_fork_goes_elsewhere_where_its_folder_is_closed(tape, tmp_path, monkeypatch):
    closed, real = str(tape.parent), os.access
    monkeypatch.setattr(
        launching.os, "access", lambda path, mode: str(path) != closed and real(path, mode)
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    app = opened(tape, MISREADING)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, AskPath), "a question")
        assert "its folder cannot be written to" in shown(app)
        line = app.screen.query_one(Input)
        line.value = str(tmp_path / "not there" / "x.msgpack")
        await pilot.press("enter")
        await pilot.pause()
        assert "its folder does not exist" in problem(app)
        line.value = str(elsewhere / "x.msgpack")
        await pilot.press("enter")
        run = await over(pilot)
        assert run.result.tape == str(elsewhere / "x.msgpack")


# The editor


@contextlib.contextmanager
def lent():
    yield


def script(tmp_path, text):
    path = tmp_path / "editor.py"
    path.write_text(text)
    return f"{sys.executable} {path}"


async def test_the_whole_reply_in_the_editor(tape, tmp_path, monkeypatch):
    words = script(
        tmp_path,
        "import json, sys\n"
        "path = sys.argv[1]\n"
        "message = json.load(open(path))\n"
        "message['content'][2]['input']['amount'] = 48\n"
        "json.dump(message, open(path, 'w'))\n",
    )
    monkeypatch.setenv("VISUAL", words)
    monkeypatch.setenv("EDITOR", "false")
    app = opened(tape, MISREADING)
    monkeypatch.setattr(app, "suspend", lent)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot, "e")
        await until(pilot, lambda: '"amount": 48\n' in json_area(app).text + "\n" or
                    '"amount": 48,' in json_area(app).text, "the edit")  # fmt: skip
        assert problem(app) == ""
        await pilot.press("ctrl+s")
        run = await over(pilot)
        assert Tape(run.result.tape).outcome.exit_code == 0


async def test_what_the_editor_breaks_is_refused_and_kept(tape, tmp_path, monkeypatch):
    words = script(
        tmp_path,
        "import sys\n"
        "path = sys.argv[1]\n"
        "text = open(path).read()\n"
        "mended = text.removesuffix('broken')\n"
        "open(path, 'w').write(text + 'broken' if mended == text else mended)\n",
    )
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", words)
    app = opened(tape, MISREADING)
    monkeypatch.setattr(app, "suspend", lent)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        await pilot.press("ctrl+e")
        await pilot.pause()
        assert "what the editor gave back is not JSON" in problem(app)
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert isinstance(app.screen, ForkScreen)
        assert "edit it again" in problem(app)
        await pilot.press("ctrl+e")
        await pilot.pause()
        assert problem(app) == ""


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        ("false", "ended with exit code 1"),
        ("no-such-editor-here", "no such file"),
        ("'unclosed", "cannot be read"),
    ],
)
async def test_an_editor_that_does_not_help(tape, monkeypatch, editor, said):
    monkeypatch.setenv("VISUAL", editor)
    app = opened(tape, MISREADING)
    monkeypatch.setattr(app, "suspend", lent)
    async with app.run_test(size=SIZE) as pilot:
        await form(pilot)
        await pilot.press("ctrl+e")
        await pilot.pause()
        assert said in problem(app)
        assert '"amount": 480' in json_area(app).text


# Faults


async def faults(pilot):
    await ready(pilot)
    await pilot.press("i")
    await until(pilot, lambda: isinstance(pilot.app.screen, FaultScreen), "the picker")
    await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count, "its list")


async def test_a_fault_is_picked_and_met(tape):
    app = opened(tape, OVERLOADED)
    async with app.run_test(size=SIZE) as pilot:
        await faults(pilot)
        await pilot.press(*"overl")
        await pilot.pause()
        assert "529" in shown(app)
        assert "the SDK retries and gets the recorded reply" in shown(app)
        await pilot.press("tab", "x")
        await pilot.press("enter")
        await pilot.pause()
        assert "times must be a whole number" in problem(app)
        await pilot.press("backspace", "3")
        await pilot.pause()
        assert "the SDK retries and gets" not in shown(app)
        await pilot.press("enter")
        run = await over(pilot)
        child = Tape(run.result.tape)
        assert child.header["parent"]["intervention"] == "overloaded:times=3 at step 12"
        assert [child.step(n).provenance for n in (12, 13, 14)] == ["fault"] * 3
        assert child.outcome.exit_code == 1


async def test_faults_that_do_not_apply_say_why(tape):
    app = opened(tape, OVERLOADED)
    async with app.run_test(size=SIZE) as pilot:
        await faults(pilot)
        entries = app.screen._shown
        refused = [bool(entry.refused) for entry in entries]
        assert refused == sorted(refused)
        assert any(refused)
        await pilot.press(*"clock_skew")
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, FaultScreen)
        assert "it is a fault of draws" in problem(app)
        assert "not here: it is a fault of draws" in shown(app)
        await pilot.press(*"nothing")
        await pilot.press("enter")
        assert "nothing is called so" in shown(app)
        await pilot.press("escape")
        assert isinstance(app.screen, MainScreen)


async def test_a_fault_from_the_command_line(tape):
    app = opened(tape, OVERLOADED)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("colon", *"fault nonsense", "enter")
        await pilot.pause()
        assert "there is no fault" in shown(app)
        await pilot.press("colon", *"fault refusal", "enter")
        run = await over(pilot)
        assert "refusal at step 12" in "\n".join(run.result.lines)


# Replays


async def test_a_replay_is_proven_and_the_header_says_so(tape):
    app = opened(tape)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        assert "not replayed" in shown(app)
        await pilot.press("r")
        run = await over(pilot)
        await pilot.pause()
        assert "✓ replay: proven" in shown(app)
        assert "18 of 18" in shown(app)
        assert "Shift report" in shown(app)
        assert run.result.tape == ""
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen)
        assert "· proven" in shown(app)
    assert sorted(path.name for path in tape.parent.iterdir()) == ["refund.msgpack"]


async def test_a_replay_that_is_not_proven_says_why(here, tmp_path):
    agent = "from talk import ask\nask('weather in Oslo')\n"
    path = record_agent(tmp_path, agent)
    (tmp_path / "agent.py").write_text(agent.replace("Oslo", "Rome"))
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await over(pilot)
        await pilot.pause()
        text = shown(app)
        assert "✗ replay: NOT PROVEN" in text
        assert "Oslo" in text
        assert "Rome" in text
        await pilot.press("escape")
        await pilot.pause()
        assert "NOT PROVEN" in shown(app)


# Ending a run


HANGS = """\
import os, threading
from talk import ask
ask("one")
print("so far", flush=True)
if os.path.exists("hang"):
    open("hangs", "w").close()
    threading.Event().wait()
ask("two")
"""


@pytest.fixture
def hanging(here, tmp_path):
    path = record_agent(tmp_path, HANGS)
    (tmp_path / "hang").touch()
    return path


async def start_hanging(pilot, folder, key):
    await ready(pilot)
    await pilot.press(key)
    if key == "f":
        await until(pilot, lambda: isinstance(pilot.app.screen, ForkScreen), "the form")
        await until(pilot, lambda: pilot.app.screen.query("FieldEdit"), "its fields")
        await pilot.press("ctrl+s")
    await until(pilot, lambda: isinstance(pilot.app.screen, (RunScreen, Ask)), "the run")
    if isinstance(pilot.app.screen, Ask):
        await pilot.press("y")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
    await until(pilot, lambda: (folder / "hangs").exists(), "the agent to hang")
    await until(pilot, lambda: "so far" in shown(pilot.app), "its output")
    job = pilot.app.screen.job
    return (job._forking if key == "f" else job._replaying).run.process.pid


@pytest.mark.parametrize("key", ["x", "escape"])
async def test_a_fork_that_hangs_is_stopped_and_kept(hanging, tmp_path, key):
    app = opened(hanging)
    async with app.run_test(size=SIZE) as pilot:
        pid = await start_hanging(pilot, tmp_path, "f")
        assert "step 1" in shown(app)
        await pilot.press(key)
        run = await over(pilot)
        await pilot.pause()
        assert "stopped by hand" in shown(app)
        child = Tape(run.result.tape)
        assert len(child.steps) == 1
        assert child.outcome.signal is not None
        assert child.sealed
    assert not alive(pid)


async def test_a_replay_that_is_stopped_proves_nothing(hanging, tmp_path):
    app = opened(hanging)
    async with app.run_test(size=SIZE) as pilot:
        await start_hanging(pilot, tmp_path, "r")
        await pilot.press("x")
        await over(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert "not replayed" in shown(app)


async def test_ending_the_debugger_ends_the_run(hanging, tmp_path):
    app = opened(hanging)
    async with app.run_test(size=SIZE) as pilot:
        pid = await start_hanging(pilot, tmp_path, "f")
        app.exit()
    assert not alive(pid)
    assert Tape(tmp_path / "run.fork-1.msgpack").sealed


async def test_an_agent_that_does_not_start(here, tmp_path):
    path = record_agent(tmp_path, "from talk import ask\nask('one')\n")
    (tmp_path / "agent.py").write_text("raise SystemExit('[/nope] no more \x1b[2J')\n")
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await over(pilot)
        await pilot.pause()
        assert "NOT PROVEN" in shown(app)
        assert "[/nope] no more ␛[2J" in shown(app)


async def test_a_divergence_is_explained_whole_and_leads_to_the_step(here, tmp_path):
    before = "from talk import ask\nask('one')\nask('two, as it was')\n"
    path = record_agent(tmp_path, before)
    (tmp_path / "agent.py").write_text(before.replace("as it was", "as it is"))
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await over(pilot)
        await settle(pilot)
        told = shown(app)
        await pilot.press(*"J" * 20)
        await settle(pilot)
        told = " ".join((told + shown(app)).replace("│", " ").split())
        for words in (
            "nearest recording: step 2 it differs at",
            'recorded "two, as it was"',
            'replayed "two, as it is"',
            "likely cause: changed prompt;",
            "asked for at talk.py:",
            "changed since: code: agent.py @@ -3 +3 @@ -ask('two, as it was')",
        ):
            assert words in told
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, MainScreen), "the way back")
        await until(pilot, lambda: app.session.cursor == 2, "the nearest step")
        await pilot.press(*":receipt", "enter")
        await until(pilot, lambda: "likely cause: changed prompt" in shown(app), "the receipt")


async def test_what_holds_of_a_fork_is_judged_again(tmp_path):
    path = copied(BUNDLED / "refund.msgpack", tmp_path)
    shutil.copy(BUNDLED / "refund.fork-1.msgpack", tmp_path)
    app = opened(tmp_path / "refund.fork-1.msgpack")
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press(*":receipt", "enter")
        await until(pilot, lambda: "steps 1 to 18 proven" in shown(app), "the receipt")
        await pilot.press("q")
        path.unlink()
        await pilot.press(*":receipt", "enter")
        await until(pilot, lambda: "is not in this folder" in shown(app), "the reason")


# Trust and money


async def test_a_tape_from_elsewhere_is_asked_about(tape, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another user"))
    app = opened(tape)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        for answer in ("n", "escape", "enter"):
            await pilot.press("r")
            await until(pilot, lambda: isinstance(app.screen, Ask), "the question")
            assert " python -m tracefork_tui.demo.refund" in shown(app)
            await pilot.press(answer)
            await until(pilot, lambda: isinstance(app.screen, MainScreen), "the way back")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Ask), "the question")
        await pilot.press("y")
        assert (await over(pilot)).result.good
        await pilot.press("escape", "r")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "a run without a question")
        await over(pilot)


WRITES = """\
from talk import ask
ask("one")
with open("notes.txt", "a") as file:
    file.write("x")
"""


async def test_what_touches_files_is_asked_about_and_runs_in_a_copy(here, tmp_path):
    path = record_agent(tmp_path, WRITES)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Ask), "the question")
        assert "notes.txt" in said(app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, MainScreen), "the way back")
        await form(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Ask), "the question")
        await pilot.press("c")
        run = await over(pilot)
        assert run.result.good
        assert Tape(run.result.tape).header["cwd"] == "."
    assert (tmp_path / "notes.txt").read_text() == "x"


async def test_a_tape_without_a_command(tmp_path):
    path = refund_run(tmp_path / "run.msgpack", {"command": []})
    app = opened(Path(path))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Ask), "the reason")
        assert "names no command" in said(app)
        await pilot.press("escape")
        assert isinstance(app.screen, MainScreen)


async def test_live_without_a_key_is_refused(tape, monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    app = opened(tape, MISREADING)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, Ask), "the reason")
        assert "a live tail needs a key; set ANTHROPIC_API_KEY" in said(app)


async def test_live_asks_first_and_names_what_it_costs(tape, model):
    app = opened(tape, MISREADING)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, AskLive), "the question")
        assert "about 9 calls to" in shown(app)
        assert model in shown(app)
        assert "$0.0" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MainScreen), "the way back")
        assert list(tape.parent.glob("*.fork-*")) == []
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, AskLive), "the question")
        app.screen.query_one("#calls", Input).value = "2"
        await pilot.press("y")
        run = await over(pilot)
        child = Tape(run.result.tape)
        assert child.step(MISREADING).provenance == "live"
        assert "stopped after 2 live calls" in "\n".join(run.result.lines)


# Hostile and odd tapes


async def test_hostile_text_is_inert(tmp_path):
    path = Path(hostile_run(tmp_path / "bad.msgpack"))
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        for n in range(1, app.session.count + 1):
            app.screen.jump(n)
            for key in ("f", "i"):
                await pilot.press(key)
                await settle(pilot)
                text = shown(app)
                assert "\x1b" not in text
                assert "\x9b" not in text
                assert not isinstance(app.screen, MainScreen) or "no response" in text
                if not isinstance(app.screen, MainScreen):
                    assert "[/nope]" in text or "\\u" in text or key == "i"
                    await pilot.press("escape")
                    await pilot.pause()


def test_a_draft_loses_nothing(tmp_path):
    """Also where the form shows a text in other characters."""
    with Tape(hostile_run(tmp_path / "bad.msgpack")) as tape:
        drafts = [draft_of(step) for step in tape.steps if step.kind == "exchange"
                  and step.response and step.response.status == 200]  # fmt: skip
    assert len(drafts) == 2
    for draft in drafts:
        assert isinstance(draft, ReplyDraft)
        before = draft.message()
        draft.take(draft.text())
        assert draft.message() == before
        for field in draft.fields:
            field.now += " "
            field.shown = ""
            if field.quoted or field.kind == "json":
                field.value()
        assert {field.quoted for field in draft.fields if field.kind == "text"} == {True}


def test_an_error_in_place_of_a_stream_is_replaced_by_a_stream(tmp_path):
    run = Maker(tmp_path / "run.msgpack")
    run.say("Go on.")
    run.ask([], stream=True, status=529)
    with Tape(run.close()) as tape:
        answer = draft_of(tape.step(1)).intervention(tape.step(1)).answers[0]
    assert ("content-type", "text/event-stream; charset=utf-8") in answer.headers
    assert answer.chunks[0].startswith(b"event: message_start")


def test_what_cannot_be_edited(tmp_path):
    with Tape(refund_run(tmp_path / "run.msgpack")) as tape:
        failed = next(step for step in tape.steps if step.kind == "exchange" and step.error)
        with pytest.raises(NotRead, match="no response to edit"):
            draft_of(failed)
        overloaded = next(step for step in tape.steps if step.kind == "exchange"
                          and step.response and step.response.status == 529)  # fmt: skip
        draft = draft_of(overloaded)
        assert draft.note == "recorded was a 529: this takes its place"
        assert draft.intervention(overloaded).answers[0].status == 200
