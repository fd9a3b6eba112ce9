"""Agents of every shape, on every Python here: scripts, modules, console scripts, zipapps."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import zipapp
from pathlib import Path

import pytest
from cli_runs import KEY, Bench, draws, exchanges
from test_replay_library import found, pythons

PURE = ("httpx", "httpcore", "h11", "certifi", "idna", "typing_extensions.py")

AGENT = """
    import multiprocessing, os, random, subprocess, sys, threading, time, uuid
    import httpx

    BASE = os.environ["ANTHROPIC_BASE_URL"]
    client = httpx.Client(headers={"x-api-key": os.environ["ANTHROPIC_API_KEY"]})

    def body(text, **more):
        turns = [{"role": "user", "content": f"{text} {uuid.uuid4()} {time.time()}"}]
        return {"model": "demo-model", "max_tokens": 50, "messages": turns, **more}

    def say(text):
        reply = client.post(BASE + "/v1/messages", json=body(text))
        return reply.json()["content"][0]["text"]

    def work(text):
        print(say(text))
        sys.stdout.flush()

    if __name__ == "__main__":
        print(say("JSON"), random.random(), sys.version_info[:2])
        with client.stream("POST", BASE + "/v1/messages", json=body("SSE", stream=True)) as reply:
            print(len(list(reply.iter_lines())))
        threads = [threading.Thread(target=say, args=(f"thread {n}",)) for n in range(2)]
        for thread in threads:
            thread.start()
            time.sleep(0.01)
            thread.join()
        sys.stdout.flush()
        for method in sys.argv[1:]:
            child = multiprocessing.get_context(method).Process(target=work, args=(method,))
            child.start()
            child.join()
        print(say("last"))
"""


@pytest.fixture
def pure(tmp_path: Path) -> str:
    """A folder with httpx and what it needs, for any Python."""
    folder = tmp_path / "pure"
    folder.mkdir()
    for name in PURE:
        spec = importlib.util.find_spec(name.removesuffix(".py"))
        assert spec is not None
        assert spec.origin is not None
        place = Path(spec.origin)
        os.symlink(place if name.endswith(".py") else place.parent, folder / name)
    return str(folder)


@pytest.mark.parametrize("name", pythons())
def test_an_agent_and_its_children_on_another_python(bench: Bench, name: str, pure: str) -> None:
    python = found(name)
    if python is None:
        pytest.skip(f"{name} is not here")
    bench.write("agent.py", AGENT)
    words = (python, "agent.py", "fork", "spawn")
    env = {"PYTHONPATH": pure, "PYTHONDONTWRITEBYTECODE": "1"}
    done = bench.cli("record", "-o", "run.msgpack", "--", *words, **env)
    assert done.code == 0, done
    assert "not recorded" not in done.err
    tape = bench.open()
    assert len(exchanges(tape)) == 5
    assert [len(exchanges(bench.open(f"run.child-{n}.msgpack"))) for n in (1, 2)] == [1, 1]
    replayed = bench.replay(**env)
    assert replayed.code == 0, replayed
    assert replayed.out == done.out
    assert replayed.err.count("proven") >= 3
    assert "NOT PROVEN" not in replayed.err
    assert KEY.encode() not in bench.path("run.msgpack").read_bytes()


PACKAGE = """
    import sys, uuid
    from talk import say

    def main():
        print(sys.argv[1:], say(f"hello {uuid.uuid4()}"))
"""


@pytest.mark.parametrize("shape", ["module", "console script", "zipapp", "bare folder"])
def test_the_shape_of_an_agent(bench: Bench, shape: str) -> None:
    """User code is recognised in a package that is installed, and in an archive."""
    package = bench.folder / "lib" / "python3" / "site-packages" / "someagent"
    package.mkdir(parents=True)
    shutil.copy(bench.path("talk.py"), package.parent)
    (package / "__init__.py").touch()
    entry = "from someagent.cli import main\nmain()\n"
    (package / "__main__.py").write_text(entry)
    bench.write(str(package / "cli.py"), PACKAGE)
    more = {"PYTHONPATH": str(package.parent)}
    if shape == "module":
        words = [sys.executable, "-m", "someagent", "--x"]
    elif shape == "console script":
        script = bench.path("someagent-cli")
        code = entry.replace("main()", "sys.exit(main())")
        script.write_text(f"#!{sys.executable}\nimport sys\n{code}")
        script.chmod(0o755)
        words = ["./someagent-cli", "--x"]
    else:
        app = bench.path("app")
        shutil.copytree(package.parent, app)
        (app / "__main__.py").write_text(entry)
        if shape == "zipapp":
            zipapp.create_archive(app, bench.path("app.pyz"))
            shutil.rmtree(app)
        words = [sys.executable, "app.pyz" if shape == "zipapp" else "app", "--x"]
        more = {}
    bare = bench.run(*words, **more)
    assert bare.out.startswith("['--x'] "), bare
    done = bench.cli("record", "-o", "run.msgpack", "--", *words, **more)
    assert done.code == 0, done
    tape = bench.open()
    assert len(exchanges(tape)) == 1
    assert [name for name, _ in draws(tape)] == ["uuid.uuid4"]
    assert "cli.py" in str(tape.steps[0].call_site)
    replayed = bench.replay(**more)
    assert replayed.code == 0, replayed
    assert replayed.out == done.out
