"""Hunting for what might be missed: each way out of the process is captured, named or refused."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest
from cli_runs import Bench, draws


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    socketserver.TCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def silent() -> Iterator[int]:
    """A UDP port that somebody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


AGENT = """
import sys
from talk import say
say("first")
{body}
say("last")
"""

CONNECTIONS = {
    "a socket": "import socket; socket.create_connection(('127.0.0.1', PORT)).close()",
    "connect_ex": "import socket; socket.socket().connect_ex(('127.0.0.1', PORT))",
    "UDP, sendto": """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"x", ("127.0.0.1", PORT))""",
    "UDP, connected": """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.1", PORT)); s.send(b"x")""",
    "UDP, sendmsg": """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendmsg([b"x"], [], 0, ("127.0.0.1", PORT))""",
    "urllib": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:PORT/').read()",
    "http.client": """
import http.client
c = http.client.HTTPConnection("127.0.0.1", PORT); c.request("GET", "/"); c.getresponse()""",
    "asyncio": """
import asyncio
async def go():
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.close()
asyncio.run(go())""",
    "asyncio, UDP": """
import asyncio
async def go():
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=("127.0.0.1", PORT))
    transport.sendto(b"x")
    transport.close()
asyncio.run(go())""",
    "in a thread": """
import socket, threading
t = threading.Thread(
    target=lambda: socket.create_connection(("127.0.0.1", PORT)).close())
t.start(); t.join()""",
    "swallowed": """
import socket
try:
    socket.create_connection(("127.0.0.1", PORT)).close()
except BaseException as error:
    print("swallowed", type(error).__name__)""",
    "a log over the net": """
import logging, logging.handlers
handler = logging.handlers.SysLogHandler(("127.0.0.1", PORT))
logging.getLogger().addHandler(handler); logging.getLogger().warning("hello")""",
    "mail": """
import smtplib
try:
    smtplib.SMTP("127.0.0.1", PORT)
except smtplib.SMTPException:
    pass""",
}


@pytest.mark.parametrize("way", CONNECTIONS)
def test_connections_are_named_and_on_replay_refused(
    bench: Bench, port: int, silent: int, way: str
) -> None:
    other = str(silent if "UDP" in way or "log" in way else port)
    tape = bench.record(AGENT.replace("{body}", CONNECTIONS[way].replace("PORT", other)))
    named = [note.data for note in tape.notes if note.kind == "socket"]
    assert [note["what"] for note in named] == [f"127.0.0.1:{other}"], named
    done = bench.replay()
    assert done.code == 1
    assert f"opened a connection to 127.0.0.1:{other}; a replay opens none" in done.err
    assert "NOT PROVEN" in done.err


def test_a_socket_of_the_machine(bench: Bench) -> None:
    body = """
import os, socket
path = "here.sock"
if os.path.exists(path):
    os.unlink(path)
server = socket.socket(socket.AF_UNIX); server.bind(path); server.listen()
socket.socket(socket.AF_UNIX).connect(path)
"""
    tape = bench.record(AGENT.replace("{body}", body))
    assert "unix:here.sock" in [note.data["what"] for note in tape.notes if note.kind == "socket"]
    assert bench.replay().code == 1


def test_a_tail_that_makes_a_call_opens_no_connection(bench: Bench, port: int) -> None:
    """A draw that the tape has no more of is made in the world; a connection within it is not."""
    bench.record(
        f"""
        import socket, tracefork_tui
        from talk import say

        def reach(n):
            if n:
                socket.create_connection(("127.0.0.1", {port})).close()
            return n

        count = 1 if "more" not in say("how often") else 3
        for n in range(count):
            tracefork_tui.draw("reach", reach, n)
        """
    )
    reply = '{"content": [{"type": "text", "text": "more"}], "stop_reason": "end_turn"}'
    bench.write("reply.json", reply)
    done = bench.fork(1, "--reply", "reply.json", "-o", "child.msgpack")
    assert "a replay opens none" in done.err, done


NAMED = {
    "a database": ("import sqlite3; sqlite3.connect('x.db').execute('select 1')", "file",
                   "database x.db"),
    "a file": ("open('x.txt', 'a').write('1')", "file", "writes x.txt"),
    "pathlib": ("import pathlib; pathlib.Path('x.txt').write_text('1')", "file", "writes x.txt"),
    "os.open": ("import os; os.close(os.open('x.txt', os.O_CREAT | os.O_WRONLY))", "file",
                "writes x.txt"),
    "mkdir": ("import os; os.makedirs('deep', exist_ok=True); os.rmdir('deep')", "file",
              "removes deep"),
    "rename": ("import os; open('a', 'w').close(); os.replace('a', 'b')", "file", "renames a"),
    "shutil": ("import shutil; open('a', 'w').close(); shutil.copy('a', 'b')", "file", "writes b"),
    "symlink": ("import os, pathlib; pathlib.Path('l').unlink(True); os.symlink('a', 'l')", "file",
                "links l"),
    "truncate": ("import os; open('a', 'w').close(); os.truncate('a', 0)", "file", "cuts a"),
    "ctypes": ("import ctypes; ctypes.CDLL(None).getppid()", "machine",
               "calls C code of the process with ctypes"),
    "mmap": ("import mmap; mmap.mmap(-1, 100)", "machine", "maps memory that others may share"),
    "shared memory": ("""
from multiprocessing import shared_memory
m = shared_memory.SharedMemory(create=True, size=10); m.close(); m.unlink()""",
                      "machine", "maps memory that others may share"),
    "a signal": ("""
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: None); os.kill(os.getpid(), signal.SIGUSR1)""",
                 "signal", "handles SIGUSR1"),
    "a signal of asyncio": ("""
import asyncio, signal
async def go():
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, print)
asyncio.run(go())""", "signal", "handles SIGUSR2"),
    "a server": ("import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.close()",
                 "socket", "listens on 127.0.0.1:0"),
    "posix_spawn": ("""
import os
os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)""", "subprocess", "true"),
}  # fmt: skip


@pytest.mark.parametrize("way", NAMED)
def test_effects_are_named_with_their_call_site(bench: Bench, way: str) -> None:
    body, kind, what = NAMED[way]
    tape = bench.record(AGENT.replace("{body}", body))
    named = [note.data for note in tape.notes if note.kind == kind]
    sites = [note["site"] for note in named if note["what"] == what]
    assert sites, named
    assert sites[0][0].startswith("agent.py:")
    line = f"{what}  ({sites[0][0]})"
    done = bench.replay()
    assert done.code == 0, done
    assert line in done.err
    touched = kind in ("file", "subprocess")
    assert ("it will touch this again" in done.err) == touched


CAPTURED = {
    "os.system": ("import os; print(os.system('exit 3'))", "os.system"),
    "subprocess.run": ("""
import subprocess
print(subprocess.run(["date", "+%N"], capture_output=True).stdout)""", "subprocess.run"),
    "check_output": ("import subprocess; print(subprocess.check_output(['date', '+%N']))",
                     "subprocess.run"),
    "a name": ("import socket; print(socket.gethostbyname('localhost'))", "socket.gethostbyname"),
    "names": ("import socket; print(socket.getaddrinfo('localhost', 80, type=socket.SOCK_STREAM))",
              "socket.getaddrinfo"),
}  # fmt: skip


@pytest.mark.parametrize("way", CAPTURED)
def test_captured(bench: Bench, way: str) -> None:
    body, name = CAPTURED[way]
    tape = bench.record(AGENT.replace("{body}", body))
    assert name in [one for one, _ in draws(tape)]
    done = bench.replay()
    assert done.code == 0, done
    assert done.out == "".join(text for _, _, text in tape.output())


def test_what_ends_the_python_is_named(bench: Bench) -> None:
    tape = bench.record(
        """
        import os
        from talk import say
        say("first")
        os.execv("/bin/true", ["true"])
        """
    )
    assert "true" in [note.data["what"] for note in tape.notes if note.kind == "subprocess"]


def test_a_module_of_the_users_by_a_librarys_name_is_imported_and_named(bench: Bench) -> None:
    bench.path("mcp/client").mkdir(parents=True)
    bench.path("mcp/client/stdio.py").write_text("NAME = 'mine'")
    bench.record(AGENT.format(body="import mcp.client.stdio; say(mcp.client.stdio.NAME)"))
    shown = bench.cli("show", "run.msgpack").out
    assert "unseen: mcp.client.stdio is another than is known: AttributeError(" in shown
    assert bench.replay().code == 0


IN_C = """
import ctypes

def touched(path, mode):
    file = ctypes.CDLL(None).fopen(path.encode(), mode)
    assert file or mode == b"r"
    ctypes.CDLL(None).fflush(None)

class DataFrame:
    def write_csv(self, file, separator=","):
        touched(str(file), b"w")

class LazyFrame:
    pass

def read_csv(source, columns=None):
    touched(source, b"r")
"""


def test_files_that_libraries_open_in_c_are_told(bench: Bench) -> None:
    bench.path("site-packages").mkdir()
    bench.write("site-packages/polars.py", IN_C)
    bench.write("in.csv", "a")
    with bench.record(
        """
        import pathlib, sys
        sys.path.append("site-packages")
        import polars
        from talk import say
        polars.read_csv("in.csv", columns="a")
        polars.DataFrame().write_csv(pathlib.Path("out.csv"), separator=";")
        polars.DataFrame().write_csv(file="more.csv")
        say("done")
        """
    ) as tape:
        told = [note.data for note in tape.notes if note.kind in ("file", "input")]
    assert [(one["what"], one["site"], one.get("made")) for one in told] == [
        ("in.csv", ["agent.py:6 in <module>"], None),
        ("writes out.csv", ["agent.py:7 in <module>"], "out.csv"),
        ("writes more.csv", ["agent.py:8 in <module>"], "more.csv"),
    ]
    bench.write("in.csv", "b")
    assert "changed since: input file: in.csv" in bench.replay().err
