"""`record`: what goes on the tape, and that the agent does not notice."""

from __future__ import annotations

import json
import re
import sys

import pytest
from cli_runs import KEY, TALK, Bench, draws, exchanges

SDK = """
    import asyncio
    from anthropic import Anthropic, AsyncAnthropic

    turn = [{"role": "user", "content": "hello there"}]
    ask = {"model": "demo-model", "max_tokens": 200, "messages": turn}

    client = Anthropic()
    print(client.messages.create(**ask).content[0].text)
    with client.messages.stream(**ask) as stream:
        print("".join(stream.text_stream))
    print(sum(1 for event in client.messages.create(**ask, stream=True)))

    async def main():
        client = AsyncAnthropic()
        print((await client.messages.create(**ask)).content[0].text)
        async with client.messages.stream(**ask) as stream:
            print((await stream.get_final_message()).stop_reason)

    asyncio.run(main())
"""


def test_sdk_sync_and_async_json_and_streams(bench: Bench) -> None:
    tape = bench.record(SDK)
    found = exchanges(tape)
    assert len(found) == 5
    kinds = [dict(step.response.headers)["content-type"] for step in found]
    assert kinds == [
        "application/json",
        "text/event-stream",
        "text/event-stream",
        "application/json",
        "text/event-stream",
    ]
    assert [step.ended for step in found] == ["eof"] * 5
    assert all(step.call_site[0].startswith("agent.py:") for step in found)
    assert found[3].task.startswith("Task-")
    assert len(found[1].response.chunks) > 3
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == bench.run(sys.executable, "agent.py").out


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_both_libraries(bench: Bench, library: str) -> None:
    bench.write("talk.py", TALK.format(library=library))
    tape = bench.record(
        """
        import asyncio
        from talk import BASE, HEADERS, body, client, http, say

        print(say("one"))
        with client.stream("POST", BASE + "/v1/messages", json=body("two", stream=True)) as reply:
            print(len(list(reply.iter_lines())))

        async def main():
            async with http.AsyncClient(headers=HEADERS) as client:
                print((await client.post(BASE + "/v1/messages", json=body("three"))).text)
                url = BASE + "/v1/messages"
                async with client.stream("POST", url, json=body("four", stream=True)) as reply:
                    print(len([line async for line in reply.aiter_lines()]))

        asyncio.run(main())
        """
    )
    assert [step.response.status for step in exchanges(tape)] == [200] * 4
    bodies = [json.loads(step.request.body) for step in exchanges(tape)]
    assert [b["messages"][0]["content"] for b in bodies] == ["one", "two", "three", "four"]
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == bench.run(sys.executable, "agent.py").out


def test_draws_have_the_names_and_the_values_that_the_agent_saw(bench: Bench) -> None:
    tape = bench.record(
        """
        import datetime, json, os, random, secrets, time, uuid
        from datetime import datetime as dt, timezone
        from time import time as now
        from talk import say

        say("hello")
        picked = random.choice(["a", "b"])
        print(json.dumps([
            ["time.time", now()],
            ["time.time", time.time()],
            ["time.monotonic", time.monotonic()],
            ["time.time_ns", time.time_ns()],
            ["datetime.datetime.now", dt.now().isoformat()],
            ["datetime.datetime.now", dt.now(timezone.utc).isoformat()],
            ["datetime.date.today", datetime.date.today().isoformat()],
            ["uuid.uuid4", str(uuid.uuid4())],
            ["uuid.uuid1", str(uuid.uuid1())],
            ["random.random", random.random()],
            ["random.randint", random.randint(1, 10**9)],
            ["random.choice", random.choice(["a", "b"])],
            ["secrets.token_hex", secrets.token_hex(8)],
        ]))
        print(time.strftime("%Y"), os.urandom(4).hex(), random.sample(range(99), 3))
        order = [1, 2, 3, 4]
        random.shuffle(order)
        print(order)
        """
    )
    done = bench.replay()
    assert done.code == 0, done
    saw = json.loads(done.out.splitlines()[0])
    assert [list(pair) for pair in draws(tape)[1:14]] == saw
    names = [name for name, _ in draws(tape)]
    assert names[14:] == ["time.strftime", "os.urandom", "random.sample", "random.shuffle"]


def test_what_libraries_draw_for_themselves_is_not_a_step(bench: Bench) -> None:
    tape = bench.record(
        """
        from anthropic import Anthropic

        client = Anthropic()
        turn = [{"role": "user", "content": "hi"}]
        client.messages.create(model="demo-error-529-once", max_tokens=9, messages=turn)
        """
    )
    assert draws(tape) == []
    assert [step.response.status for step in tape.steps] == [529, 200]


STDIN = """
    import sys
    from talk import say

    print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty())
    print(say(input("name? ")))
    print(repr(sys.stdin.readline()))
    print([line for line in sys.stdin])
"""


def test_stdin_through_a_pipe(bench: Bench) -> None:
    bench.write("agent.py", STDIN)
    bare = bench.run(sys.executable, "agent.py", stdin="Ada\ntwo\nthree\nfour")
    tape = bench.record(STDIN, stdin="Ada\ntwo\nthree\nfour")
    values = [value for name, value in draws(tape) if name == "stdin"]
    assert values == ["Ada", "two\n", "three\n", "four", ""]
    assert '"Ada"' in exchanges(tape)[0].request.body.decode()
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == bare.out


@pytest.mark.parametrize(
    "read",
    [
        "sys.stdin.buffer.read()",
        "sys.stdin.buffer.readline() + sys.stdin.buffer.read(3)",
        "b''.join(sys.stdin.buffer)",
        "list(sys.stdin.buffer.readlines())",
        "sys.stdin.read(3) + sys.stdin.read()",
        "sys.stdin.readlines()",
        "list(iter(sys.stdin.readline, ''))",
        "open(0).read()",
        "os.read(0, 100)",
        "sys.stdin.readline(2) + next(sys.stdin)",
        "list(fileinput.input(files=['-']))",
        "list(csv.reader(sys.stdin))",
    ],
)
def test_every_way_to_read_stdin_replays_or_is_named(bench: Bench, read: str) -> None:
    agent = f"""
    import csv, fileinput, os, sys
    from talk import say
    say("hello")
    print({read})
    """
    text = "one,1\ntwo,2\nthree,3\n"
    bench.write("agent.py", agent)
    bare = bench.run(sys.executable, "agent.py", stdin=text)
    assert bare.code == 0, bare
    tape = bench.record(agent, stdin=text)
    if any(name == "stdin" for name, _ in draws(tape)):
        done = bench.replay()
        assert done.code == 0, done
        assert done.out == bare.out
    else:
        assert [note for note in tape.notes if "stdin" in str(note.data)], tape.notes


AROUND = """
    import os, sys
    from talk import ask

    print("é ü 漢字", end="")
    print("to stderr", file=sys.stderr)
    ask("hello")
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\\xff\\x00 raw\\r\\n")
    sys.stdout.buffer.flush()
    os.write(1, b"direct")
    sys.stdout.writelines(["a", "b\\n"])
    sys.exit(7)
"""


def test_output_and_exit_code_are_those_of_a_bare_run(bench: Bench) -> None:
    bench.write("agent.py", AROUND)
    bare = bench.run(sys.executable, "agent.py")
    done = bench.cli("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    assert done == bare
    assert done.code == 7
    outcome = bench.open().outcome
    assert outcome is not None
    assert (outcome.exit_code, outcome.signal) == (7, None)
    assert "é ü 漢字" in outcome.output


def test_an_uncaught_exception_is_on_the_tape_and_looks_as_ever(bench: Bench) -> None:
    agent = """
    from talk import ask
    ask("hello")
    raise LookupError("no such order: A-1")
    """
    bench.write("agent.py", agent)
    bare = bench.run(sys.executable, "agent.py")
    done = bench.cli("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    assert done == bare
    assert done.code == 1
    outcome = bench.open().outcome
    assert outcome is not None
    assert outcome.exception == "LookupError: no such order: A-1"
    assert "LookupError: no such order: A-1" in bench.cli("show", "run.msgpack").out


LOOK = """
    import json, os, sys, warnings
    first = sorted(sys.modules)
    look = {
        "environ": dict(os.environ),
        "path": sys.path,
        "argv": sys.argv,
        "flags": str(sys.flags),
        "meta_path": len(sys.meta_path) and None,
        "cwd": os.getcwd(),
        "prefix": [sys.prefix, sys.exec_prefix, sys.executable, sys.orig_argv],
        "encoding": [sys.stdin.encoding, sys.stdout.encoding, sys.stdout.errors],
        "buffering": [sys.stdout.line_buffering, sys.stdin.line_buffering],
        "stdin": [type(sys.stdin).__name__, sys.stdin.name, sys.stdin.mode, sys.stdin.fileno()],
        "fds": sorted(os.listdir("/proc/self/fd"))[:3],
        "filters": str(warnings.filters),
        "main": sorted(globals()),
        "doc": __doc__,
        "path_hooks": len(sys.path_hooks),
        "excepthook": sys.excepthook.__name__,
        "modules": first,
    }
    json.dump(look, open("look.json", "w"))
    from talk import ask
    ask("hello")
"""


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"PYTHONPATH": "lib:other"},
        {"PYTHONPATH": ""},
        {"PYTHONHASHSEED": "7"},
        {"PYTHONHASHSEED": "random"},
        {"PYTHONSAFEPATH": "1"},
        {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"},
    ],
    ids=lambda more: "".join(f"{n}={v}" for n, v in more.items()) or "plain",
)
def test_the_agent_sees_the_world_of_a_bare_run(bench: Bench, more: dict[str, str]) -> None:
    if "PYTHONSAFEPATH" in more:
        more = {**more, "PYTHONPATH": str(bench.folder)}
    bench.write("agent.py", LOOK)
    assert bench.run(sys.executable, "agent.py", **more).code == 0
    bare = json.loads(bench.path("look.json").read_text())
    bench.record(LOOK, **more)
    recorded = json.loads(bench.path("look.json").read_text())
    new = set(recorded.pop("modules")) - set(bare.pop("modules"))
    assert recorded == bare
    foreign = {
        name
        for name in new
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith("_tracefork")
    }
    assert foreign == set()


def test_sitecustomize_of_the_user_runs(bench: Bench) -> None:
    bench.path("lib").mkdir()
    bench.write("lib/sitecustomize.py", "import sys; sys.mine = __file__")
    bench.write("lib/usercustomize.py", "import sys; sys.mine_too = __name__")
    tape = bench.record(
        """
        import sys, sitecustomize
        from talk import ask
        print(sys.mine == sitecustomize.__file__, sitecustomize.__spec__.name)
        ask("hello")
        """,
        PYTHONPATH="lib",
    )
    assert "".join(text for _, _, text in tape.output()) == "True sitecustomize\n"


def test_a_failing_sitecustomize_of_the_user_is_as_harmless_as_ever(bench: Bench) -> None:
    bench.path("lib").mkdir()
    bench.write("lib/sitecustomize.py", "1 / 0")
    agent = "from talk import ask\nask('hello')\nprint('on')"
    bench.write("agent.py", agent)
    bare = bench.run(sys.executable, "agent.py", PYTHONPATH="lib")
    assert bare.out == "on\n"
    done = bench.cli("record", "-o", "r", "--", sys.executable, "agent.py", PYTHONPATH="lib")
    assert (done.code, done.out) == (0, "on\n")
    assert "ZeroDivisionError" in done.err
    assert len(exchanges(bench.open("r"))) == 1


def test_nothing_captured_is_said_and_fails(bench: Bench) -> None:
    bench.write("agent.py", "import time; print(time.time() > 0)")
    done = bench.cli("record", "-o", "run.msgpack", "--", sys.executable, "agent.py")
    assert (done.code, done.out) == (1, "True\n")
    assert done.err.startswith("tracefork-tui: nothing was captured in run.msgpack")
    assert done.err.count("\n") == 1
    bench.write("agent.py", "raise SystemExit(5)")
    done = bench.cli("record", "-o", "2.msgpack", "--", sys.executable, "agent.py")
    assert done.code == 5


@pytest.mark.parametrize(
    "words",
    [
        [sys.executable, "-I", "agent.py"],
        [sys.executable, "-S", "agent.py"],
        [sys.executable, "-E", "agent.py"],
        ["env", "-i", sys.executable, "agent.py"],
        ["true"],
    ],
    ids=["-I", "-S", "-E", "env -i", "no Python"],
)
def test_an_agent_out_of_reach_is_said_and_fails(bench: Bench, words: list[str]) -> None:
    bench.write("agent.py", "pass")
    done = bench.cli("record", "-o", "run.msgpack", "--", *words)
    assert done.code == 1
    assert done.err.startswith("tracefork-tui: nothing was recorded")
    assert done.err.count("\n") == 1
    assert not bench.path("run.msgpack").exists()


def test_force_keeps_the_old_tape_when_nothing_is_recorded(bench: Bench) -> None:
    bench.record("from talk import ask\nask('hello')")
    before = bench.files()
    done = bench.cli("record", "-o", "run.msgpack", "--force", "--", "true")
    assert done.code == 1
    assert "nothing was recorded" in done.err
    done = bench.cli("record", "-o", "run.msgpack", "--force", "--", "no-such-command")
    assert done.code == 2
    assert bench.files() == before


def test_force_does_not_keep_what_was_there(bench: Bench) -> None:
    bench.record("from talk import ask\nask('hello')\nask('more')")
    bench.write("agent.py", "from talk import ask\nask('other')")
    words = ("--", sys.executable, "agent.py")
    assert bench.cli("record", "-o", "run.msgpack", *words).one_line().count("--force") == 1
    assert bench.cli("record", "--force", "-o", "run.msgpack", *words).code == 0
    assert len(bench.open().steps) == 1


def test_a_command_that_is_not_there(bench: Bench) -> None:
    before = bench.files()
    line = bench.cli("record", "-o", "run.msgpack", "--", "no-such-agent").one_line()
    assert "no-such-agent: command not found" in line
    bench.cli("record", "-o", "run.msgpack", "--", "./talk.py").one_line()
    bench.cli("record", "-o", "run.msgpack", "--", "/").one_line()
    bench.cli("record", "-o", "run.msgpack", "--", "").one_line()
    bench.cli("record", "-o", "run.msgpack").one_line()
    bench.cli("record", "--", "true").one_line()
    bench.cli("record", "-o", "no/such/folder/run.msgpack", "--", "true").one_line()
    bench.cli("record", "-o", ".", "--", "true").one_line()
    bench.cli("record", "-o", "", "--", "true").one_line()
    assert bench.files() == before


def test_a_script_and_a_module_and_a_string(bench: Bench) -> None:
    bench.write("agent.py", "from talk import ask\nimport uuid\nask(str(uuid.uuid4()))")
    bench.write("run.sh", f"#!/bin/sh\nexec {sys.executable} -m agent\n")
    bench.path("run.sh").chmod(0o755)
    source = "from talk import ask; import time; ask(str(time.time()))"
    for words in (["./run.sh"], [sys.executable, "-m", "agent"], [sys.executable, "-c", source]):
        done = bench.cli("record", "--force", "-o", "run.msgpack", "--", *words)
        assert done.code == 0, done
        assert len(bench.open().steps) == 2
        assert bench.replay().code == 0


def test_children_and_sockets_and_files_are_named(bench: Bench) -> None:
    tape = bench.record(
        """
        import os, socket, subprocess, sys
        from talk import BASE, ask

        ask("hello")
        os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "true"], os.environ), 0)
        with open("notes.txt", "w") as file:
            file.write("x")
        host, port = BASE.removeprefix("http://").split(":")
        socket.create_connection((host, int(port))).close()
        if os.fork() == 0:
            ask("from the child")
            os._exit(0)
        os.wait()
        """
    )
    kinds = {note.kind for note in tape.notes}
    assert {"subprocess", "file", "socket", "child"} <= kinds
    assert len(exchanges(tape)) == 1
    done = bench.cli("show", "run.msgpack")
    assert "subprocess: " in done.out, done
    assert re.search(r"socket: 127\.0\.0\.1:\d+  \(agent\.py:\d+", done.out), done


PLANTED = [f"tF9{n:02d}x{'%08x' % (n * 2654435761 % 2**32)}Qz" for n in range(24)]


def test_no_secret_reaches_the_tape(bench: Bench) -> None:
    s = PLANTED
    env = {
        "ANTHROPIC_API_KEY": s[0],
        "DEPLOY_TOKEN": s[1],
        "DB_PASSWORD": s[2],
        "AWS_SECRET_ACCESS_KEY": s[3],
        "GOOGLE_APPLICATION_CREDENTIALS": s[4],
        "HTTP_PROXY_TOKEN": s[5],
        "ANTHROPIC_CUSTOM_HEADERS": f"Authorization: Bearer {s[6]}",
    }
    bench.record(
        f"""
        import os, random, sys
        import tracefork_tui
        from talk import BASE, ask, body, client

        key, token, password, aws, google, proxy = (os.environ[name] for name in (
            "ANTHROPIC_API_KEY", "DEPLOY_TOKEN", "DB_PASSWORD", "AWS_SECRET_ACCESS_KEY",
            "GOOGLE_APPLICATION_CREDENTIALS", "HTTP_PROXY_TOKEN"))
        print("stdout", token)
        print("stderr", password, file=sys.stderr)
        ask("in the body " + key + aws)
        url = BASE + "/v1/messages"
        client.post(url + "?api_key={s[7]}&x=1&access_token={s[8]}", json=body("query"))
        client.post(url, json=body("a"), headers={{"Authorization": "Bearer {s[9]}"}})
        client.post(url, json=body("b"), headers={{"Cookie": "session={s[10]}"}})
        client.post(url, json=body("c"), headers={{"X-Auth-Token": "{s[11]}"}})
        client.post(url, json=body("d"), headers={{"x-goog-api-key": "{s[12]}"}})
        client.post(url, json=body("e"), headers={{"X-Note": google}})
        client.post(url, json=body("f"), headers={{"Proxy-Authorization": "Basic {s[13]}"}})
        client.post(BASE + "/oauth/token", data={{"client_secret": "{s[14]}", "code": "{s[15]}"}})
        client.post(BASE + "/oauth/token", json={{"refresh_token": "{s[16]}"}})
        client.post(BASE.replace("://", "://user:{s[17]}@") + "/v1/messages", json=body("g"))
        print("said again: {s[9]} {s[18]} {s[19]}")
        random.choice([token])
        tracefork_tui.draw("tool", lambda: {{"deep": [proxy, proxy.encode()]}})
        open("f-" + token, "w").close()
        os.system("true " + password)
        assert sys.argv[1:] == ["--api-key", "{s[18]}", "--token={s[19]}"]
        raise RuntimeError("in the exception: " + key + " {s[18]}")
        """,
        "--api-key",
        s[18],
        f"--token={s[19]}",
        code=1,
        **env,
    )
    tape = bench.path("run.msgpack").read_bytes()
    assert [f"{n}: {secret}" for n, secret in enumerate(s) if secret.encode() in tape] == []
    assert bench.cli("check", "run.msgpack").code == 0
    assert KEY.encode() not in tape


def test_the_tape_is_private_and_names_no_folder_of_this_machine(bench: Bench) -> None:
    bench.path("deep").mkdir()
    bench.write("agent.py", "from talk import ask\nask('hello')\nopen('made.txt', 'w').close()")
    agent = str(bench.path("agent.py"))
    done = bench.cli("record", "-o", "deep/run.msgpack", "--", sys.executable, agent)
    assert done.code == 0
    path = bench.path("deep/run.msgpack")
    assert path.stat().st_mode & 0o777 == 0o600
    assert bench.open("deep/run.msgpack").header["command"] == ["{python}", "agent.py"]
    assert str(bench.folder).encode() not in path.read_bytes()
    assert sys.prefix.encode() not in path.read_bytes()
    assert bench.replay("deep/run.msgpack").code == 0


def test_functions_stand_in_classes_as_they_do_bare(bench: Bench) -> None:
    agent = """
    import asyncio, json, logging, os, pickle, random, sys, time, uuid
    from talk import ask

    class Own:
        clock = time.time
        nap = time.sleep
        pick = random.choice
        draw = random.random
        entropy = os.urandom
        here = os.getpid
        stdin = input

    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stdout, datefmt="%Y")
    logging.warning("logged")
    own = Own()
    print(type(own.clock()), own.nap(0), own.pick([1]), type(own.draw()), len(own.entropy(3)))
    print(own.here() == os.getpid(), own.stdin())
    for function in (time.time, time.sleep, os.urandom, os.system, os.listdir, uuid.uuid4):
        print(function.__name__, pickle.loads(pickle.dumps(function)) is function)
    ask("hello")
    """
    bench.write("agent.py", agent)
    bare = bench.run(sys.executable, "agent.py", stdin="read\n")
    bench.record(agent, stdin="read\n")
    done = bench.replay()
    assert done.code == 0, done
    assert bare.code == 0, bare
    recorded = "".join(text for _, stream, text in bench.open().output() if stream == 1)
    assert recorded == bare.out == done.out


COLLECTED = """
    import gc, time, uuid
    from talk import say
    gc.callbacks.append(lambda phase, info: time.perf_counter())
    gc.set_threshold(7)
    print(say(str([uuid.uuid4() for _ in range(300)])))
"""


def test_a_collector_that_reads_the_clock_goes_on(bench: Bench) -> None:
    tape = bench.record(COLLECTED)
    assert [step.kind for step in tape.steps].count("exchange") == 1
    assert tape.outcome is not None
    assert tape.outcome.exit_code == 0
