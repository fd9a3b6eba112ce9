"""`replay`: proven on the tape alone, and never proven when something differs."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from cli_runs import Bench

COUNTER = """
    import pathlib
    from talk import say

    def drifting():
        path = pathlib.Path("counter")
        count = int(path.read_text()) + 1 if path.exists() else 0
        path.write_text(str(count))
        return count
"""


def test_a_replay_needs_no_server_and_no_key(bench: Bench) -> None:
    tape = bench.record(
        """
        import random, time, uuid
        from datetime import datetime
        from talk import say

        for turn in range(3):
            print(say(f"{turn} {uuid.uuid4()} {datetime.now()} {time.time()} {random.random()}"))
        raise SystemExit(6)
        """,
        code=6,
    )
    before = bench.files()
    done = bench.replay(ANTHROPIC_BASE_URL="http://127.0.0.1:9")
    assert done.code == 0, done
    assert done.err.splitlines() == [
        "replay: proven",
        "  exchanges     3 of 3",
        "  draws         12 of 12",
        "  request bodies 3 of 3 equal",
        "  leftovers     0",
        f"  recorded      {tape.fingerprint}",
        f"  replayed      {tape.fingerprint}",
        "  outcome       exit code 6 (recorded: exit code 6)",
    ]
    assert done.out.count("You said") == 3
    assert bench.files() == before


def test_the_receipt_as_json_is_all_of_stdout(bench: Bench) -> None:
    tape = bench.record("from talk import say\nprint(say('hello'))\nopen('x', 'w').close()")
    done = bench.replay("run.msgpack", "--json")
    assert done.code == 0
    assert done.json["proven"] is True
    assert done.json["fingerprint"] == done.json["recorded_fingerprint"] == tape.fingerprint
    assert done.json["exchanges"] == [1, 1]
    assert done.json["failures"] == []
    assert done.json["uncaptured"] == ["file: writes x  (agent.py:3 in <module>)"]
    assert "You said" in done.err


URANDOM = "open('/dev/urandom', 'rb').read(8).hex()"


@pytest.mark.parametrize(
    ("drift", "swallow"),
    [
        ("open('/proc/uptime').read()", ""),
        ("time.monotonic.__wrapped__()", "except BaseException: pass"),
        ("drifting()", ""),
        ("drifting()", "except: print('never mind')"),
        (URANDOM, ""),
        (URANDOM, "except Exception: pass"),
        (URANDOM, "except BaseException: pass"),
    ],
)
def test_drifting_draws_are_caught(bench: Bench, drift: str, swallow: str) -> None:
    attempt = f"try: text = say('now ' + str({drift}))" if swallow else ""
    call = attempt or f"text = say('now ' + str({drift}))"
    agent = (
        COUNTER
        + f"""
    import os, time
    text = "nothing"
    {call}
    {swallow}
    print("done", text)
    """
    )
    bench.record(agent)
    done = bench.replay()
    assert done.code == 1, done
    assert "replay: NOT PROVEN" in done.err
    assert "failed: the agent sent a request that the tape does not hold" in done.err
    assert "nearest recording: step 1" in done.err
    assert "it differs at messages[0].content" in done.err
    assert "Traceback" not in done.err


def test_a_swallowed_divergence_stays_one_even_if_the_rest_would_match(bench: Bench) -> None:
    bench.record(
        COUNTER
        + """
    for turn in range(3):
        try:
            say(f"turn {turn} {drifting() if turn == 1 else ''}")
        except BaseException as error:
            print("swallowed", type(error).__name__)
    """
    )
    done = bench.replay()
    assert done.code == 1
    assert done.out.count("swallowed Divergence") == 2
    assert "not asked for again: steps 2, 3" in done.err


def test_an_agent_that_never_stops_swallowing_is_ended(bench: Bench) -> None:
    bench.record(
        COUNTER
        + """
    import sys
    for turn in range(6):
        try:
            say(f"turn {turn} {drifting()}")
        except BaseException as error:
            print("swallowed", turn)
    print("to the end")
    """
    )
    done = bench.replay()
    assert done.code == 1
    assert "to the end" not in done.out
    assert done.out.count("swallowed") == 3
    assert "the tape does not hold" in done.err


def test_an_asyncio_agent_that_gathers_exceptions_is_caught(bench: Bench) -> None:
    bench.record(
        COUNTER
        + """
    import asyncio
    from talk import BASE, HEADERS, body, http

    async def main():
        async with http.AsyncClient(headers=HEADERS) as client:
            calls = [
                client.post(BASE + "/v1/messages", json=body(f"{n} {drifting()}"))
                for n in range(3)
            ]
            await asyncio.gather(*calls, return_exceptions=True)
        print("done")

    asyncio.run(main())
    """
    )
    done = bench.replay()
    assert done.code == 1, done
    assert "the tape does not hold" in done.err


def test_the_sdk_cannot_swallow_a_divergence(bench: Bench) -> None:
    bench.record(
        COUNTER
        + """
    import anthropic
    client = anthropic.Anthropic()
    turn = [{"role": "user", "content": f"now {drifting()}"}]
    try:
        client.messages.create(model="demo-model", max_tokens=10, messages=turn)
    except anthropic.APIError as error:
        print("swallowed", error)
    """
    )
    done = bench.replay()
    assert done.code == 1
    assert "swallowed" not in done.out
    assert "Traceback" not in done.err
    assert "the agent sent a request that the tape does not hold" in done.err


CHANGES = {
    "an extra call": ("say('two')", "say('two'); say('three')", "the tape does not hold"),
    "a missing call": ("say('two')", "pass", "not asked for again: step 4"),
    "an extra draw": ("uuid.uuid4()", "uuid.uuid4(), uuid.uuid4()", "drew uuid.uuid4, which"),
    "a leftover draw": ("time.time()", "0.0", "not asked for again: step 3"),
    "another exit code": ("exit(0)", "exit(1)", "it ended with exit code 1, the recorded run"),
    "another order": ("uuid.uuid4(), time.time()", "time.time(), uuid.uuid4()", ""),
    "another method": ("client.get", "client.delete", "the tape does not hold"),
    "another path": ("/v1/models", "/v1/moduls", "the tape does not hold"),
    "another crash": ("exit(0)", "{}['x']", "it ended with exit code 1, the recorded run"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_code_is_caught_and_named(bench: Bench, change: str) -> None:
    agent = """
    import time, uuid
    from talk import BASE, client, say

    say("one")
    values = uuid.uuid4(), time.time()
    say('two')
    client.get(BASE + "/v1/models")
    exit(0)
    """
    bench.record(agent)
    before, after, why = CHANGES[change]
    assert before in agent
    bench.write("agent.py", agent.replace(before, after))
    done = bench.replay()
    if change == "another order":
        assert done.code == 0
        return
    assert done.code == 1, done
    assert [line for line in done.err.splitlines() if why in line and "failed: " in line], done.err


BODIES = {
    "clock": ("'it is 2026-01-05 10:00'", "'it is 2026-01-05 10:07'", "messages[0].content"),
    "id": (f"'id {'ab' * 16}'", f"'id {'cd' * 16}'", "messages[0].content"),
    "address": (f"'<Tool at 0x{'1f' * 6}>'", f"'<Tool at 0x{'2e' * 6}>'", "messages[0].content"),
    "set order": ("'a, b, c'", "'c, a, b'", "messages[0].content"),
    "model or settings": ("'x', max_tokens=5", "'x', max_tokens=6", "max_tokens"),
    "changed prompt": ("'x', system='a'", "'x', system='b c'", "system"),
    "changed code": ("'x', metadata={'u': 1}", "'x', metadata={'u': 2}", "metadata.u"),
}


@pytest.mark.parametrize("cause", BODIES)
def test_the_explanation_names_step_path_values_and_cause(bench: Bench, cause: str) -> None:
    before, after, path = BODIES[cause]
    agent = f"from talk import ask\nask('zero')\nask({before})"
    bench.record(agent)
    bench.write("agent.py", agent.replace(before, after))
    done = bench.replay("run.msgpack", "--json")
    assert done.code == 1
    found = done.json["explanation"]
    assert (found["step"], found["path"], found["cause"]) == (2, path, cause)
    assert found["recorded"] != found["replayed"]
    assert str(found["recorded"]) in before
    assert str(found["replayed"]) in after
    assert found["site"] == "talk.py:17 in ask"
    assert found["remedy"]
    text = bench.replay().err
    assert "nearest recording: step 2" in text
    assert f"it differs at {path}" in text
    assert f"likely cause: {cause}; " in text


def test_the_nearest_recording_is_the_one_most_alike(bench: Bench) -> None:
    agent = """
    from talk import ask
    for text in ("alpha", "the second of all", "gamma"):
        ask(text)
    """
    bench.record(agent)
    bench.write("agent.py", agent.replace('"alpha", "the second', '"the 2nd'))
    done = bench.replay()
    assert "nearest recording: step 2" in done.err, done
    done = bench.fork(1, "--fault", "overloaded")
    assert done.code == 1, done
    assert "nearest recording: step 2" in done.err, done


def test_an_explanation_where_the_code_is_as_it_was(bench: Bench) -> None:
    """An SDK of another version, a file that changed, and what nothing on the tape tells of."""
    library = bench.path("httpx2_old") / "httpx2"
    place = importlib.util.find_spec("httpx2")
    assert place is not None
    assert place.origin is not None
    shutil.copytree(Path(place.origin).parent, library)
    agent = """
    import os, sys
    sys.path.insert(0, "httpx2_old")
    from talk import http, say
    say("zero")
    say({what})
    """
    causes = {
        "changed SDK": "f'on {http.__version__}'",
        "changed input": "open('prompt.txt').read()",
        "unrecorded source": "str(os.stat('prompt.txt', dir_fd=os.open('.', 0)).st_size)",
    }
    version = library / "__version__.py"
    text = version.read_text()
    for cause, what in causes.items():
        bench.write("prompt.txt", "one")
        version.write_text(text)
        bench.record(agent.replace("{what}", what), tape=f"{cause}.msgpack")
        if cause == "changed SDK":
            version.write_text(re.sub(r"__version__ = .*", '__version__ = "1.0.99"', text))
        else:
            bench.write("prompt.txt", "more than one" if cause == "unrecorded source" else "two")
        done = bench.replay(f"{cause}.msgpack")
        assert done.code == 1, done
        assert f"likely cause: {cause}; " in done.err, done.err
        assert ("(here 1.0.99)" in done.err) == (cause == "changed SDK")


@pytest.mark.parametrize("swallow", ["", "except Exception: pass", "except BaseException: pass"])
def test_a_replay_opens_no_connection(bench: Bench, swallow: str) -> None:
    bench.write(
        "agent.py",
        f"""
        import os, socket, urllib.request
        from talk import BASE, ask

        ask("hello")
        if os.environ.get("CALLS"):
            host, port = BASE.removeprefix("http://").split(":")
            try: socket.create_connection((host, int(port))).close()
            {swallow or "finally: pass"}
        print("done")
        """,
    )
    words = ("--", sys.executable, "agent.py")
    assert bench.cli("record", "-o", "run.msgpack", *words).code == 0
    assert bench.replay().code == 0
    done = bench.replay(CALLS="1")
    assert done.code == 1, done
    assert "failed: the agent opened a connection to 127.0.0.1:" in done.err
    assert ("done" in done.out) == (swallow == "except BaseException: pass")


def test_every_kind_of_connection_is_refused(bench: Bench) -> None:
    attempts = {
        "urllib": "urllib.request.urlopen(BASE)",
        "http.client": "http.client.HTTPConnection(host, port).request('GET', '/')",
        "connect_ex": "socket.socket().connect_ex((host, port))",
        "udp": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', (host, port))",
        "asyncio": "asyncio.run(asyncio.open_connection(host, port))",
        "ipv6": "socket.socket(socket.AF_INET6).connect(('::1', port))",
    }
    bench.write(
        "agent.py",
        """
        import asyncio, http.client, os, socket, urllib.request
        from talk import BASE, ask

        host, port = BASE.removeprefix("http://").split(":")
        port = int(port)
        ask("hello")
        try:
            eval(os.environ.get("CALLS", "0"))
        except BaseException:
            pass
        """,
    )
    words = ("--", sys.executable, "agent.py")
    assert bench.cli("record", "-o", "run.msgpack", *words).code == 0
    for name, attempt in attempts.items():
        done = bench.replay(CALLS=attempt)
        assert done.code == 1, (name, done)
        assert "failed: the agent opened a connection to" in done.err, name


def test_concurrent_exchanges_replay_in_the_recorded_order(bench: Bench) -> None:
    bench.record(
        """
        import asyncio, random
        from talk import BASE, HEADERS, body, http

        async def one(client, n):
            await asyncio.sleep(random.random() / 50)
            reply = await client.post(BASE + "/v1/messages", json=body(f"number {n}"))
            print(n, reply.status_code, flush=True)

        async def main():
            async with http.AsyncClient(headers=HEADERS) as client:
                await asyncio.gather(*(one(client, n) for n in range(12)))

        asyncio.run(main())
        """
    )
    recorded = "".join(text for _, _, text in bench.open().output())
    for _ in range(2):
        done = bench.replay()
        assert done.code == 0, done
        assert done.out == recorded
        assert "not proven" not in done.err


def test_threads_replay(bench: Bench) -> None:
    bench.record(
        """
        import uuid
        from concurrent.futures import ThreadPoolExecutor
        from talk import say

        def work(n):
            return say(f"number {n}")

        with ThreadPoolExecutor(4) as pool:
            print(sorted(pool.map(work, range(8))))
        print(uuid.uuid4())
        """
    )
    done = bench.replay()
    assert done.code == 0, done


def test_equal_requests_get_their_own_answers_in_order(bench: Bench) -> None:
    bench.record(
        """
        import anthropic
        client = anthropic.Anthropic()
        turn = [{"role": "user", "content": "hi"}]
        for model in ("demo-error-529-once", "demo-error-529-once", "demo-error-429"):
            try:
                print(client.messages.create(model=model, max_tokens=9, messages=turn).id)
            except anthropic.APIStatusError as error:
                print(error.status_code, error.response.headers["request-id"])
        """
    )
    statuses = [step.response.status for step in bench.open().steps]  # type: ignore[union-attr]
    assert statuses == [529, 200, 529, 200, 429, 429, 429]
    recorded = "".join(text for _, _, text in bench.open().output())
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == recorded


def test_sleeps_cost_nothing(bench: Bench) -> None:
    bench.write(
        "agent.py",
        """
        import asyncio, os, time
        from talk import ask

        ask("hello")
        long = float(os.environ.get("LONG", "0.01"))
        time.sleep(long)
        asyncio.run(asyncio.sleep(long))
        ask("hello again")
        """,
    )
    words = ("--", sys.executable, "agent.py")
    assert bench.cli("record", "-o", "run.msgpack", *words).code == 0
    assert bench.replay(LONG="3000").code == 0


def test_another_command_and_another_place(bench: Bench) -> None:
    bench.record("from talk import say\nimport sys\nprint(say('hello'))")
    bench.write("other.py", bench.path("agent.py").read_bytes() + b"\nprint('copied')")
    done = bench.replay("run.msgpack", "--", sys.executable, "other.py")
    assert (done.code, "copied" in done.out) == (0, True), done
    bench.path("elsewhere").mkdir()
    words = bench.words("replay", "../run.msgpack")
    done = bench.run("env", "-C", "elsewhere", *words)
    assert done.code == 0, done
    line = bench.replay("run.msgpack", "--", "no-such-command").one_line()
    assert "no-such-command" in line


def test_a_replay_out_of_reach_is_one_line(bench: Bench) -> None:
    bench.record("from talk import say\nsay('hello')")
    bench.write("agent.py", "pass")
    line = bench.replay("run.msgpack", "--", sys.executable, "-I", "agent.py").one_line()
    assert "-I" in line


def test_a_foreign_tape_is_not_run_unasked(bench: Bench) -> None:
    bench.record("from talk import say\nprint(say('hello'))")
    stranger = {"XDG_STATE_HOME": str(bench.path("stranger"))}
    line = bench.replay(**stranger).one_line()
    assert "it was not recorded by you on this machine" in line
    assert "agent.py" in line
    assert bench.replay("run.msgpack", "--trust", **stranger).code == 0
    done = bench.replay("run.msgpack", "--", sys.executable, "agent.py", **stranger)
    assert done.code == 0


def test_a_changed_byte_makes_a_tape_foreign(bench: Bench) -> None:
    bench.record("from talk import say\nprint(say('hello'))")
    data = bench.path("run.msgpack").read_bytes()
    bench.write("run.msgpack", data.replace(b"agent.py", b"other.py"))
    done = bench.replay()
    assert done.code == 2, done
    assert done.err.count("\n") == 1


def test_whom_an_sdk_asks_is_on_the_tape(bench: Bench) -> None:
    agent = """
        import os
        import httpx2

        print(os.environ.get("LITELLM_MODE"))
        print(httpx2.post(os.environ["MISTRAL_BASE_URL"] + "/v1/messages", json={}).status_code)
    """
    bench.record(agent, MISTRAL_BASE_URL=bench.url, LITELLM_MODE="PRODUCTION")
    done = bench.replay("run.msgpack", LITELLM_MODE="DEV")
    assert done.code == 0, done
    assert done.out == "PRODUCTION\n401\n"


def test_the_hash_seed_is_the_tapes(bench: Bench) -> None:
    bench.record(
        """
        from talk import say
        print(say(" ".join({"alpha", "beta", "gamma", "delta", "epsilon", "zeta"})))
        """
    )
    assert bench.replay().code == 0
    assert bench.replay(PYTHONHASHSEED="12").code == 0


def test_a_run_that_stopped_reading_replays(bench: Bench) -> None:
    bench.record(
        """
        from talk import BASE, body, client

        with client.stream("POST", BASE + "/v1/messages", json=body("x", stream=True)) as reply:
            for line in reply.iter_lines():
                break
        print(line)
        """
    )
    done = bench.replay()
    assert done.code == 0, done


def test_a_failed_connection_replays(bench: Bench) -> None:
    bench.record(
        """
        from talk import BASE, ask, client, http

        ask("hello")
        try:
            client.post("http://127.0.0.1:9/v1/messages", json={})
        except http.ConnectError as error:
            print(type(error), error, type(error.__cause__))
        """
    )
    recorded = "".join(text for _, _, text in bench.open().output())
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == recorded


def test_values_of_the_receipt_cannot_drive_the_terminal(bench: Bench) -> None:
    agent = "from talk import ask\nask('{}')"
    bench.record(agent.format("one"))
    bench.write("agent.py", agent.format("\\x1b]0;title\\x07 \\u202e two"))
    done = bench.replay()
    assert done.code == 1
    assert not {"\x1b", "\x07", "\u202e"} & set(done.err)
    assert json.loads(bench.replay("run.msgpack", "--json").out)["proven"] is False


STUCK = """
    import sys, threading, uuid
    from talk import say
    print(say("first"))
    done = threading.Event()
    def work():
        say(f"second {'x' * len(sys.argv)}")
        done.set()
    threading.Thread(target=work).start()
    done.wait()
"""


def test_an_agent_that_waits_for_what_diverged_ends(bench: Bench) -> None:
    """As a server does whose handler diverged, or whoever waits for a thread that is gone."""
    bench.record(STUCK)
    done = bench.replay("run.msgpack", "--", sys.executable, "agent.py", "more")
    assert done.code == 1, done
    assert "the agent sent a request that the tape does not hold" in done.err


def test_a_divergence_in_a_group_of_errors_is_one_line_too(bench: Bench) -> None:
    bench.write("input.txt", "before")
    bench.record("""
        import asyncio
        import httpx2
        from talk import BASE, HEADERS, body

        async def ask(client, text):
            await client.post(BASE + "/v1/messages", json=body(text), headers=HEADERS)

        async def main():
            async with httpx2.AsyncClient() as client, asyncio.TaskGroup() as group:
                group.create_task(ask(client, "a"))
                group.create_task(ask(client, open("input.txt").read()))

        asyncio.run(main())
        """)
    bench.write("input.txt", "after")
    done = bench.replay()
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "tracefork-tui: the agent sent a request that the tape does not hold" in done.err


def test_a_variable_that_is_another_now_is_the_cause(bench: Bench) -> None:
    agent = """
        import os
        from talk import say

        os.environ.copy(), {**os.environ}, [*os.environ.items()]
        say(f"about {os.getenv('TOPIC', 'nothing')} in {os.environ['TONGUE']}")
        """
    bench.write("agent.py", agent)
    words = ("--", sys.executable, "agent.py")
    there = {"TOPIC": "birds", "TONGUE": "Latin", "OTHER": "one", "APP_TOKEN": "t-9315-secret"}
    assert bench.cli("record", "-o", "run.msgpack", *words, **there).code == 0
    data = bench.path("run.msgpack").read_bytes()
    assert b"TOPIC" in data
    assert b"OTHER" not in data
    assert b"t-9315" not in data
    assert bench.replay(**there).code == 0
    changes = {
        "TOPIC, which is not set": {**there, "TOPIC": None},
        "TONGUE, which has another value": {**there, "TONGUE": "Greek"},
    }
    for line, now in changes.items():
        done = bench.replay(**now)
        assert done.code == 1, done
        assert "likely cause: environment; set the variables as they were" in done.err
        assert f"environment variable: {line}" in done.err
    done = bench.replay(**{**there, "TONGUE": None})
    assert "KeyError: 'TONGUE'" in done.err
    assert "environment variable: TONGUE, which is not set" in done.err
    words = ("--env", "TOPIC", *words)
    assert bench.cli("record", "--force", "-o", "run.msgpack", *words, **there).code == 0
    assert bench.replay(**{**there, "TOPIC": "fishes"}).code == 0


def test_env_helps_for_what_the_standard_library_reads_too(bench: Bench) -> None:
    """As doctor says to do against another home or folder of temporary files."""
    agent = """
    import os, tempfile
    from talk import say
    say(f"{os.path.expanduser('~')} {tempfile.gettempdir()} {os.environ.get('USER')}")
    """
    bench.write("agent.py", agent)
    names = "HOME", "TMPDIR", "USER"
    words = [word for name in names for word in ("--env", name)]
    words += ["-o", "run.msgpack", "--", sys.executable, "agent.py"]
    first, other = ({name: str(bench.path(which)) for name in names} for which in ("one", "two"))
    for which in ("one", "two"):
        bench.path(which).mkdir()
    assert bench.cli("record", *words, **first).code == 0
    assert bench.replay(**other).code == 0
