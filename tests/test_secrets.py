"""Credentials are planted in every kind of record, in the agent's tape and in its children's."""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from base64 import b64encode
from typing import Any

from cli_runs import Bench
from matrix.server import Server, Talk

from tracefork_tui.tape.credentials import of_settings, of_variables, secret_name
from tracefork_tui.tape.redact import Redactor

NAMES = [
    "BODY_KEY",
    "STDIN_TOKEN",
    "STDOUT_TOKEN",
    "STDERR_TOKEN",
    "DRAW_SECRET",
    "CALL_SECRET",
    "RAISED_SECRET",
    "FILE_TOKEN",
    "READ_TOKEN",
    "COMMAND_PASSWORD",
    "SYSTEM_PASSWORD",
    "THREAD_TOKEN",
    "TASK_TOKEN",
    "SITE_TOKEN",
    "FUNCTION_TOKEN",
    "QUERY_TOKEN",
    "HEADER_KEY",
    "CHILD_BODY_KEY",
    "CHILD_ARGUMENT_TOKEN",
    "CHILD_STDOUT_TOKEN",
    "CHILD_DRAW_SECRET",
    "FORK_BODY_KEY",
    "THREAD_EXCEPTION_KEY",
    "EXCEPTION_KEY",
    "ERROR_KEY",
    "ECHO_KEY",
    "SOCKET_TOKEN",
]
SECRETS = {name: f"q{n:02d}Z{'%08x' % (n * 2654435761 % 2**32)}v" for n, name in enumerate(NAMES)}
COOKIE, TOKEN, LITERAL = "ck7Xq0119aPlz", "tk3Ma4471bRwu", "lt8Gc9920dKvo"

AGENT = """
    import asyncio, os, random, subprocess, sys, threading, time
    import httpx2
    import tracefork_tui

    s = dict(os.environ)
    base = s["ANTHROPIC_BASE_URL"]
    client = httpx2.Client(headers={"x-note": s["HEADER_KEY"], "x-api-key": "LITERAL"})

    def post(path, text="", **more):
        return client.post(f"{base}/{path}.x/v1?token={s['QUERY_TOKEN']}", json={"t": text}, **more)

    print(input("?") == s["STDIN_TOKEN"], s["STDOUT_TOKEN"])
    print(s["STDERR_TOKEN"], file=sys.stderr)
    post("echo", s["BODY_KEY"])
    print("LITERAL")
    post("echo", s["ECHO_KEY"])
    post("token/oauth", "")
    random.choice([s["DRAW_SECRET"]])
    tracefork_tui.draw("call", lambda: {"deep": [s["CALL_SECRET"].encode()]})

    def fails():
        raise LookupError(s["RAISED_SECRET"])

    try:
        tracefork_tui.draw("fails", fails)
    except LookupError:
        pass
    with open("w-" + s["FILE_TOKEN"], "w") as file:
        file.write("x")
    with open("r-" + s["READ_TOKEN"]) as file:
        file.read()
    subprocess.run(["true", s["COMMAND_PASSWORD"]])
    os.system("true " + s["SYSTEM_PASSWORD"])
    thread = threading.Thread(target=post, args=("echo", "t"), name=s["THREAD_TOKEN"])
    thread.start()
    thread.join()

    async def main():
        await asyncio.create_task(asyncio.to_thread(post, "echo", "a"), name=s["TASK_TOKEN"])
        time.time()

    asyncio.run(main())
    source = f"def {s['FUNCTION_TOKEN']}(): return post('echo', 'x')"
    space = {"post": post}
    exec(compile(source, s["SITE_TOKEN"] + ".py", "exec"), space)
    space[s["FUNCTION_TOKEN"]]()
    try:
        httpx2.get("http://127.0.0.1:9/" + s["ERROR_KEY"])
    except httpx2.HTTPError:
        pass
    subprocess.run([sys.executable, "child.py", "--api-key", s["CHILD_ARGUMENT_TOKEN"]])
    sys.stdout.flush()
    if os.fork() == 0:
        post("echo", s["FORK_BODY_KEY"])
        os._exit(0)
    os.wait()

    def dies():
        raise RuntimeError(s["THREAD_EXCEPTION_KEY"])

    thread = threading.Thread(target=dies)
    thread.start()
    thread.join()
    raise RuntimeError(s["EXCEPTION_KEY"])
"""

CHILD = """
    import os, random
    import httpx2
    print(os.environ["CHILD_STDOUT_TOKEN"], random.choice([os.environ["CHILD_DRAW_SECRET"]]))
    url = os.environ["ANTHROPIC_BASE_URL"] + "/echo.x/v1"
    httpx2.post(url, json={"key": os.environ["CHILD_BODY_KEY"]})
"""


def echo(talk: Talk) -> None:
    """What was sent, in two pieces that split it, with a cookie."""
    body = talk.sent.body
    pieces = [piece for piece in (body[:13], body[13:]) if piece]
    talk.whole(pieces, f"set-cookie: session={COOKIE}; Path=/")


def token(talk: Talk) -> None:
    data = gzip.compress(json.dumps({"access_token": TOKEN, "after": COOKIE}).encode())
    talk.whole([data[:20], data[20:]], "content-encoding: gzip")


def texts(value: Any) -> str:
    """All that a record holds, compressed parts unpacked."""
    if isinstance(value, bytes):
        try:
            return zlib.decompress(value, 47).decode("latin-1")
        except zlib.error:
            return value.decode("latin-1")
    return repr(value)


def planted_on_no_tape(bench: Bench, *options: str, names: str = "{}") -> None:
    """Record the agent with its secrets in variables of these names, look for them, replay."""
    bench.write("r-" + SECRETS["READ_TOKEN"], "x")
    variables = {names.format(name): secret for name, secret in SECRETS.items()}
    with Server({"echo": echo, "token": token}) as server:
        env = {**variables, "ANTHROPIC_BASE_URL": server.url}
        words = ("record", *options, "-o", "run.msgpack", "--", sys.executable, "agent.py")
        done = bench.cli(*words, stdin=SECRETS["STDIN_TOKEN"] + "\n", **env)
    assert done.code == 1, done
    assert "RuntimeError" in done.err, done
    tapes = sorted(bench.folder.glob("*.msgpack"))
    assert len(tapes) == 3, tapes
    planted = {**SECRETS, "cookie": COOKIE, "token": TOKEN, "literal": LITERAL}
    for path in tapes:
        data = path.read_bytes().decode("latin-1")
        with bench.open(path.name) as tape:
            bodies = [step.response.body for step in tape.steps if getattr(step, "response", None)]
            data += "".join(map(texts, bodies)) + str(tape.header) + str(tape.notes)
        leaks = [name for name, secret in planted.items() if secret in data]
        assert leaks == [], path.name
    replayed = bench.replay(**variables)
    assert "replay: proven" in replayed.err, replayed.err


def test_no_credential_is_on_any_tape(bench: Bench) -> None:
    bench.write("agent.py", AGENT.replace("LITERAL", LITERAL))
    bench.write("child.py", CHILD)
    planted_on_no_tape(bench)


def test_what_the_user_calls_secret_is_on_no_tape(bench: Bench) -> None:
    """The same values in variables whose names tell nothing, known by a pattern alone."""
    plain = "{name[:-3]: value for name, value in os.environ.items() if name.endswith('_IN')}"
    agent = AGENT.replace("dict(os.environ)", f"dict(os.environ, **{plain})")
    bench.write("agent.py", agent.replace("LITERAL", LITERAL))
    bench.write("child.py", re.sub(r'environ\["CHILD_(\w+)"\]', r'environ["CHILD_\1_IN"]', CHILD))
    planted_on_no_tape(bench, "--secret", "q[0-9]{2}Z[0-9a-f]{8}v", names="{}_IN")


LATE = """
    import asyncio, base64, json, os, subprocess, sys
    from urllib.parse import quote
    from talk import BASE, client

    END = "wMx02qL7"[::-1]
    for line in open("local.env"):
        name, _, value = line.strip().partition("=")
        os.environ[name] = value
    s = os.environ
    odd = s["DB_PASS"]
    subprocess.run(["true"], env={**s, "JOB_TOKEN": "job" + END})
    subprocess.call(["true"], env={**s, "CALL_TOKEN": "cll" + END})
    subprocess.Popen(["true"], env={**s, "POPEN_TOKEN": "ppn" + END}).wait()
    quiet = {**s, "TASK_TOKEN": "tsk" + END}

    async def start():
        await (await asyncio.create_subprocess_exec("true", env=quiet)).wait()

    asyncio.run(start())
    told = [odd, json.dumps(odd), json.dumps(json.dumps(odd)), repr(odd), quote(odd, "")]
    told += [s["DATABASE_URL"], s["PGPASSWORD"], s["GH_TOKEN_2"]]
    told += [kind + END for kind in ("job", "cll", "ppn", "tsk")]
    for before in range(4):
        plain = "u" * before + s["GH_TOKEN_2"]
        told += [base64.b64encode(plain.encode()).decode(), base64.urlsafe_b64encode(odd.encode())]
    print(*told)
    client.post(f"{BASE}/plain.x/v1", json={"told": str(told), "scheme": "postgres://"})
"""
SETTINGS = """
DB_PASS=pa"ss\\w0rdÅ>?&~
export QUOTED_JWT="jwt7Lq20xMw"
"""


def test_secrets_set_on_the_way_and_spelled_otherwise(bench: Bench) -> None:
    """As python-dotenv sets them, as commands are given them, escaped, quoted and in base64."""
    odd, plain_one, url = 'pa"ss\\w0rdÅ>?&~', "gh7Lq20xMwZ", "postgres://me:u7Lq%2120xMw@host/db"
    bench.write("agent.py", LATE)
    bench.write("local.env", SETTINGS.strip().replace("export ", ""))
    env = {"DATABASE_URL": url, "PGPASSWORD": "pg7Lq20xMw", "GH_TOKEN_2": plain_one}
    with Server({"plain": plain}) as server:
        words = ("record", "-o", "run.msgpack", "--capture-files", "--", sys.executable)
        done = bench.cli(*words, "agent.py", ANTHROPIC_BASE_URL=server.url, **env)
    assert done.code == 0, done
    data = (bench.folder / "run.msgpack").read_bytes()
    with bench.open() as tape:
        data += b"".join(step.request.body for step in tape.steps if step.kind == "exchange")
        data += "".join(text for _, _, text in tape.output()).encode() + str(tape.notes).encode()
    spelled = [odd, json.dumps(odd)[1:-1], repr(odd)[1:-1], "7Lq20xMw", "7Lq%2120xMw"]
    spelled += [b64encode(("u" * n + plain_one).encode()).decode()[4:12] for n in range(4)]
    spelled += [b64encode(odd.encode()).decode()[:12]]
    assert not [one for one in spelled if one.encode() in data]
    assert b"postgres://me:[redacted]@host/db" in data
    replayed = bench.replay(DATABASE_URL=url.replace("u7", "v8"))
    assert "replay: proven" in replayed.err, replayed.err


def test_which_variables_hold_credentials() -> None:
    held = "API_KEY OPENAI_APIKEY PGPASSWORD DB_PASS MYSQL_PWD GH_PAT SIGNING_JWT HF_TOKEN_2"
    others = "PWD OLDPWD KEYBOARD TOKENIZERS_PARALLELISM SSH_AUTH_SOCK COMPASS AWS_REGION"
    assert [name for name in held.split() if not secret_name(name)] == []
    assert [name for name in others.split() if secret_name(name)] == []
    assert list(of_settings(b"A=1\nexport B_KEY='x y' \n#C_KEY=z\nD_KEY = v # w\n")) == ["x y", "v"]
    urls = {"DB": "postgres://postgres:postgres@h/db", "CACHE": "redis://:hunter2hunter2@h:1/0"}
    assert list(of_variables(urls.items())) == ["hunter2hunter2", "hunter2hunter2"]


PACKED = """
    from talk import BASE, client

    for place in ("plain", "packed"):
        told = client.get(f"{BASE}/{place}.x/v1").text.partition(" ")[2]
        client.post(f"{BASE}/plain.x/{told}?of={told}&x={told}", json={"told": told})
"""


def plain(talk: Talk) -> None:
    data = b"told: acct-81-acct-82 and acct-83"
    talk.whole([data[:8], data[8:17], data[17:]])


def packed(talk: Talk) -> None:
    data = gzip.compress(b"told: acct-84")
    talk.whole([data[:11], data[11:]], "content-encoding: gzip")


def test_patterns_in_answers_that_are_split_or_packed(bench: Bench) -> None:
    bench.write("agent.py", PACKED)
    with Server(
        {
            "plain": plain,
            "packed": packed,
        }
    ) as server:
        words = ("record", "-o", "run.msgpack", "--secret", "acct-[0-9]+", "--secret", "redac[t]ed")
        done = bench.cli(*words, "--", sys.executable, "agent.py", ANTHROPIC_BASE_URL=server.url)
    assert done.code == 0, done
    with bench.open() as tape:
        bodies = [texts(step.response.body) for step in tape.steps]
    assert "told: [redacted]-[redacted] and [redacted]" in bodies
    assert not [body for body in bodies if "acct-8" in body]
    replayed = bench.replay()
    assert "replay: proven" in replayed.err, replayed.err


def test_bad_patterns_are_refused(bench: Bench) -> None:
    for pattern, why in {"(": "no regular", "a*": "the empty text", "acct": "itself"}.items():
        done = bench.cli("record", "-o", "x.msgpack", "--secret", pattern, "--", "true")
        assert f"--secret {pattern}: it " in done.one_line()
        assert why in done.err


def test_headers_by_which_gateways_are_asked(bench: Bench) -> None:
    names = "Helicone-Auth", "cf-aig-authorization", "x-portkey-api-key", "X-Vault-Token", "jwt"
    said = {name: f"Bearer s3{name[:5]}Zq" for name in names}
    kept = {"idempotency-key": "k1-plain", "x-page-token": "t2-plain", "x-limit-tokens": "90-plain"}
    redactor = Redactor({})
    clean = dict(redactor.headers([*said.items(), *kept.items()]))
    assert clean["Helicone-Auth"] == "Bearer [redacted]"
    assert {name: clean[name] for name in kept} == kept
    assert not [name for name in names if "s3" in clean[name]]
    assert redactor.text("it was s3HelicZq") == "it was [redacted]"


def test_a_password_of_basic_authentication_is_known(bench: Bench) -> None:
    redactor = Redactor({})
    redactor.headers([("authorization", "Basic " + b64encode(b"me:open-sesame").decode())])
    assert redactor.text('auth=("me", "open-sesame")') == 'auth=("me", "[redacted]")'
