"""Every source of nondeterminism that we know of: fed back on replay, or named on the tape.

With -s the table is printed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Bench

AGENT = """
    import json, warnings

    found, scope = {}, {"__name__": "__main__"}
    for number, line in enumerate(open("sources.txt"), 100):
        name, _, code = line.rstrip("\\n").partition(" | ")
        before, _, value = code.rpartition("; ")
        line = "\\n" * number
        try:
            warnings.simplefilter("ignore")
            exec(compile(line + before, __file__, "exec"), scope)
            found[name] = repr(eval(compile(line + value, __file__, "eval"), scope))
        except (AttributeError, ImportError):
            found[name] = "absent"
        except OSError as error:
            found[name] = str(error)
    print(json.dumps(found))
"""
FACTORY = "d.make_dataclass('A', [('at', float, d.field(default_factory=time.time))])().at"
PYDANTIC = "pydantic.create_model('P', at=(float, pydantic.Field(default_factory=time.time)))"
ZIPPED = (
    "import zipfile as z; made = z.ZipFile('made.zip', 'w'); made.writestr('a', ''); made.close()"
)
LOGS = (
    "import logging, io; text, log = io.StringIO(), logging.getLogger('l'); log.propagate = False; "
    "log.addHandler(logging.StreamHandler(text)); "
    "log.handlers[0].setFormatter(logging.Formatter('%(asctime)s %(relativeCreated)f')); "
    "log.warning('a')"
)
RECORD = "logging.getLogger().makeRecord('l', 30, 'agent.py', 1, 'a', (), None)"
TOUCH = "import os, subprocess; subprocess.run(['touch', 'touched'])"
SQLITE = "import sqlite3; sqlite3.connect(':memory:').execute"
SINCE = "import sqlite3; base = sqlite3.connect(':memory:'); base.execute"
TABLE = f"""{SINCE}('CREATE TABLE t(n, at DEFAULT CURRENT_TIMESTAMP)')"""
KEYS = "cryptography.hazmat.primitives"
GENERATE, RAW = "generate_private_key", "generate().private_bytes_raw()"
OBJECTS = "made = [type('A', (), {'n': n})() for n in range(40)]"
DIVERGES = ("hash of an object", "order of a set of objects")
"""What is made of addresses and spells none: only the divergence of what is made of it tells it."""

SOURCES = f"""
time.time | import time; time.time()
from time import time | from time import time as now; now()
time.time_ns | import time; time.time_ns()
time.monotonic | import time; time.monotonic()
time.monotonic_ns | import time; time.monotonic_ns()
time.perf_counter | import time; time.perf_counter()
time.perf_counter_ns | import time; time.perf_counter_ns()
time.process_time | import time; time.process_time()
time.process_time_ns | import time; time.process_time_ns()
time.thread_time | import time; time.thread_time()
time.thread_time_ns | import time; time.thread_time_ns()
time.clock_gettime | import time; time.clock_gettime(time.CLOCK_REALTIME)
time.clock_gettime_ns | import time; time.clock_gettime_ns(time.CLOCK_BOOTTIME)
time.localtime | import time; time.mktime(time.localtime())
time.gmtime | import time; tuple(time.gmtime())
time.ctime | import time; time.ctime()
time.asctime | import time; time.asctime()
time.strftime | import time; time.strftime('%c')
timeit.default_timer | import timeit; timeit.default_timer()
datetime.now | import datetime; datetime.datetime.now()
datetime.now(tz) | import datetime; datetime.datetime.now(datetime.timezone.utc)
datetime.utcnow | import datetime; datetime.datetime.utcnow()
datetime.today | import datetime; datetime.datetime.today()
date.today | import datetime; datetime.date.today()
logging's asctime | {LOGS}; text.getvalue()
logging's created | import logging; {RECORD}.created
default factory | import time, dataclasses as d; {FACTORY}
pydantic's factory | import time, pydantic; {PYDANTIC}()
pydantic's, a validation | import time, pydantic; {PYDANTIC}.model_validate({{}})
http.cookiejar | import http.cookiejar; http.cookiejar.time2isoz()
email.utils.localtime | import email.utils; email.utils.localtime()
email.utils.formatdate | import email.utils; email.utils.formatdate()
email.utils.make_msgid | import email.utils; email.utils.make_msgid()
loop.time | import asyncio; loop = asyncio.new_event_loop(); at = loop.time(); loop.close(); at
uuid1 | import uuid; uuid.uuid1()
uuid3 | import uuid; uuid.uuid3(uuid.NAMESPACE_DNS, 'a')
uuid4 | import uuid; uuid.uuid4()
uuid5 | import uuid; uuid.uuid5(uuid.NAMESPACE_DNS, 'a')
uuid6 | import uuid; uuid.uuid6()
uuid7 | import uuid; uuid.uuid7()
uuid8 | import uuid; uuid.uuid8()
uuid.getnode | import uuid; uuid.getnode()
random.random | import random; random.random()
random.gauss | import random; random.gauss(0, 1)
random.randint | import random; random.randint(1, 10**9)
random.choice | import random; random.choice(range(10**9))
random.choices | import random; random.choices(range(10**9), k=3)
random.sample | import random; random.sample(range(10**9), 3)
random.shuffle | import random; items = list(range(50)); random.shuffle(items); items
random.getrandbits | import random; random.getrandbits(200)
random.randbytes | import random; random.randbytes(8)
random.getstate | import random; hash(random.getstate())
random.Random() | import random; random.Random().random()
random.SystemRandom | import random; random.SystemRandom().random()
random.seed() | import random; random.seed(); random.random()
statistics.NormalDist | import statistics; statistics.NormalDist(0, 1).samples(3)
secrets.token_hex | import secrets; secrets.token_hex()
secrets.token_bytes | import secrets; secrets.token_bytes(8)
secrets.token_urlsafe | import secrets; secrets.token_urlsafe()
secrets.choice | import secrets; secrets.choice(range(10**9))
secrets.randbelow | import secrets; secrets.randbelow(10**9)
secrets.randbits | import secrets; secrets.randbits(90)
os.urandom | import os; os.urandom(8)
os.getrandom | import os; os.getrandom(8)
ssl.RAND_bytes | import ssl; ssl.RAND_bytes(8)
/dev/urandom | ; open('/dev/urandom', 'rb').read(8)
numpy.random.rand | import numpy; numpy.random.rand()
numpy.random.default_rng | import numpy; numpy.random.default_rng().random()
tempfile.mkdtemp | import tempfile, os; path = tempfile.mkdtemp(); os.rmdir(path); path
tempfile.NamedTemporaryFile | import tempfile; tempfile.NamedTemporaryFile().name
hash of a text | ; hash('agent')
order of a set | ; list(set(map(str, range(40))))
hash of an object | ; hash(object())
order of a set of objects | {OBJECTS}; [one.n for one in set(made)]
id | ; id(object())
repr of an object | ; repr(object())
os.environ | import os; os.environ.get('SOURCE_OF_TEST')
os.getpid | import os; os.getpid()
os.getppid | import os; os.getppid()
os.getpgid | import os; os.getpgid(0)
os.getsid | import os; os.getsid(0)
multiprocessing's pid | import multiprocessing; multiprocessing.current_process().pid
threading.get_ident | import threading; threading.get_ident()
threading.get_native_id | import threading; threading.get_native_id()
Thread.ident | import threading; threading.current_thread().ident
Thread.native_id | import threading; threading.current_thread().native_id
repr of a thread | import threading; repr(threading.current_thread())
gzip.compress | import gzip; gzip.compress(b'a')
zipfile | {ZIPPED}; open('made.zip', 'rb').read()
os.times | import os; os.times()
os.uname | import os; os.uname().nodename
resource.getrusage | import resource; resource.getrusage(resource.RUSAGE_SELF).ru_utime
os.getloadavg | import os; os.getloadavg()
os.cpu_count | import os; os.cpu_count()
os.process_cpu_count | import os; os.process_cpu_count()
os.sysconf | import os; os.sysconf('SC_AVPHYS_PAGES')
gc.get_count | import gc; gc.get_count()
gc.get_stats | import gc; gc.get_stats()
gc.get_objects | import gc; len(gc.get_objects())
gc.collect | import gc; made = []; made.append(made); del made; gc.collect()
sys.getallocatedblocks | import sys; sys.getallocatedblocks()
tracemalloc | import tracemalloc as t; t.start(); t.get_traced_memory()
psutil.virtual_memory | import psutil; psutil.virtual_memory()
psutil.disk_usage | import psutil; psutil.disk_usage('/').free
psutil.pids | import psutil; psutil.pids()
psutil.Process | import psutil; psutil.Process().memory_info(), psutil.Process().create_time()
psutil.Process.pid | import psutil; psutil.Process().pid
psutil.process_iter | import psutil; [one.pid for one in psutil.process_iter()]
os.sched_getaffinity | import os; sorted(os.sched_getaffinity(0))
socket.gethostname | import socket; socket.gethostname()
platform.node | import platform; platform.node()
getpass.getuser | import getpass; getpass.getuser()
os.getlogin | import os; os.getlogin()
os.listdir | import os; os.listdir('many')
os.scandir | import os; [e.name for e in os.scandir('many')]
glob.glob | import glob; glob.glob('many/*')
Path.iterdir | import pathlib; [p.name for p in pathlib.Path('many').iterdir()]
os.stat, touched | {TOUCH}; os.stat('touched').st_mtime_ns
DirEntry.stat | {TOUCH}; [e.stat().st_mtime_ns for e in os.scandir('.') if e.name == 'touched']
os.lstat, touched | {TOUCH}; os.lstat('touched').st_mtime_ns
os.fstat, touched | {TOUCH}; file = open('touched'); os.fstat(file.fileno()).st_mtime_ns
os.stat of /proc | import os; os.stat('/proc/self').st_mtime_ns
numpy.datetime64 | import numpy; numpy.datetime64('now', 'us')
pandas.Timestamp.now | import pandas; pandas.Timestamp.now()
pandas.to_datetime | import pandas; pandas.to_datetime('now')
a sample of pandas | import pandas; pandas.DataFrame({{'a': range(99)}}).sample(3).a.tolist()
whenever | import whenever; whenever.Instant.now()
faker | import faker; fake = faker.Faker(); fake.name(), fake.uuid4(), fake.date_time()
nanoid | import nanoid; nanoid.generate()
cuid2 | import cuid2; cuid2.cuid_wrapper()()
itsdangerous | import itsdangerous; itsdangerous.TimestampSigner('k').sign('a')
Fernet | from cryptography.fernet import Fernet; Fernet(b'A' * 43 + b'=').encrypt(b'a')
Fernet's key | from cryptography.fernet import Fernet; Fernet.generate_key()
a key of RSA | from {KEYS}.asymmetric import rsa; rsa.{GENERATE}(65537, 2048).private_numbers()
a key of a curve | from {KEYS}.asymmetric import ec; ec.{GENERATE}(ec.SECP256R1()).private_numbers()
Ed25519 | from {KEYS}.asymmetric import ed25519 as e; e.Ed25519PrivateKey.{RAW}
X25519 | from {KEYS}.asymmetric import x25519 as x; x.X25519PrivateKey.{RAW}
AESGCM | from {KEYS}.ciphers.aead import AESGCM; AESGCM.generate_key(128)
random() in SQL | {SQLITE}('SELECT random()').fetchall()
'now' in SQL | {SQLITE}("SELECT strftime('%f', 'now')").fetchall()
randomblob in SQL | {SQLITE}('SELECT hex(randomblob(8))').fetchall()
a default in SQL | {TABLE}; base.execute('INSERT INTO t(n) VALUES (1) RETURNING at').fetchall()
shutil.disk_usage | import shutil; shutil.disk_usage('.').free
/proc/uptime | ; open('/proc/uptime').read()
subprocess.run | import subprocess; subprocess.run(['date', '+%N'], capture_output=True).stdout
subprocess.check_output | import subprocess; subprocess.check_output(['date', '+%N'])
subprocess.Popen | import subprocess; subprocess.Popen(['date', '+%N'], stdout=-1).communicate()[0]
os.popen | import os; os.popen('date +%N').read()
os.system | import os; os.system('exit $(( $$ % 100 ))')
input() | ; input()
"""


def pythons() -> list[str]:
    """This one, and the others that are here."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    versions = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    for version in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"):
        place = next((str(path) for path in versions if f"/{version}." in str(path)), None)
        found.setdefault(version, place or shutil.which(f"python{version}") or "")
    return [path for path in found.values() if path]


@pytest.mark.parametrize("python", pythons(), ids=lambda path: path.split(os.sep)[-3])
def test_every_source_is_fed_back_or_named(bench: Bench, python: str) -> None:
    bench.write("agent.py", AGENT)
    bench.write("sources.txt", SOURCES.strip().encode() + b"\n")
    bench.path("many").mkdir()
    for number in range(20):
        bench.write(f"many/{number * 7919}", "")
    runs = bench.cli("record", "-o", "run.msgpack", "--", python, "agent.py", stdin="a line\n")
    assert runs.out, runs
    recorded = json.loads(runs.out)
    with bench.open() as tape:
        named = noted(tape)
        told = [note.data["what"] for note in tape.notes if note.kind == "address"]
    done = bench.cli("replay", "run.msgpack", "--json", stdin="another\n")
    assert done.json["proven"], done
    again = json.loads(done.err[done.err.index('{"') :].splitlines()[0])
    table = {}
    for number, name in enumerate(recorded, 101):
        if recorded[name] == "absent":
            table[name] = "absent"
        elif recorded[name] == again[name]:
            table[name] = "captured"
        else:
            thing, _, place = recorded[name].strip("'").partition(" at 0x")
            tells = place and any(what.endswith(f"{thing} at …>") for what in told)
            fate = "diverges" if name in DIVERGES else "ESCAPED"
            table[name] = "named" if number in named or tells else fate
    for name, fate in table.items():
        print(f"{fate:10} {name:28} {recorded[name][:40]}")
    assert [name for name, fate in table.items() if fate == "ESCAPED"] == []
    tried = [fate for fate in table.values() if fate != "absent"]
    print(f"{len(tried)} sources tried, {tried.count('captured')} captured")
    assert len(tried) >= 75


@pytest.mark.parametrize(
    ("agent", "what", "line"),
    [
        ("from talk import say\nsay('at ' + str(id(object())))", "id() gives", 2),
        ("from talk import say\nsay(str(object()))", "a request tells", 2),
        ("from talk import say\nsay(str(lambda: 0))", "a request tells", 2),
        ("import asyncio\nfrom talk import say\nsay(str(asyncio.Lock()))", "a request tells", 3),
        ("from talk import say\nsay('a')\ndef f(x):\n  return sorted(x, key=id)", "id() gives", 4),
        ("from talk import say\nsay('a')\neval('id(say)')", "id() gives", 1),
    ],
)
def test_an_address_is_named_where_it_is_read_or_told(
    bench: Bench, agent: str, what: str, line: int
) -> None:
    bench.record(agent)
    with bench.open() as tape:
        found = [note.data for note in tape.notes if note.kind == "address"]
    assert [one["what"][: len(what)] for one in found] == [what]
    assert any(f":{line} in " in where for where in found[0]["site"])
    assert bench.replay().code == ("at" in agent or "a request" in what)
    assert "\naddress: " in bench.cli("show", "run.msgpack").out


@pytest.mark.parametrize(
    "line",
    [
        "id = 3; print(id)",
        "class A: id = 4; b = id",
        "def f(id): return id",
        "import json as id; id.dumps(1)",
    ],
)
def test_a_name_that_is_not_the_builtin_is_not_named(bench: Bench, line: str) -> None:
    bench.record("from talk import say\n" + line + "\nsay('a')")
    with bench.open() as tape:
        assert [note.data for note in tape.notes if note.kind == "address"] == []


MAKES = """
import time

def made(name, text):
    scope = {"time": time}
    exec(compile(text, f"<attrs generated {name}>", "exec"), scope)
    return scope["f"]

shows = made("__repr__", "def f(x): return id(x)")
fills = made("__init__", "def f(): return time.time()")
own = fills()
"""


def test_what_a_library_makes_up_is_no_code_of_the_users(bench: Bench) -> None:
    """As attrs makes methods: they have no place, and their defaults are asked by who makes one."""
    bench.path("site-packages").mkdir()
    bench.write("site-packages/makes.py", MAKES)
    lines = "import sys", "sys.path.append('site-packages')", "import makes", "from talk import say"
    tape = bench.record("\n".join([*lines, "makes.shows(say)", "say(f'at {makes.fills()}')"]))
    assert [(one.name, one.call_site) for one in tape.steps if one.kind == "draw"] == [
        ("time.time", ("agent.py:6 in <module>",))
    ]
    with tape:
        assert [note.data for note in tape.notes if note.kind == "address"] == []
    assert bench.replay().code == 0


PSUTIL = """
import collections, os, time

__all__ = ["Process", "process_iter", "virtual_memory"]
Memory = collections.namedtuple("Memory", "used at")

def virtual_memory():
    open("/proc/uptime").close()
    return Memory(os.getpid(), time.time())

def process_iter():
    yield Process()

def kept(function):
    function.forget = lambda self: None
    return function

class Process:
    pid = property(lambda self: 7)

    @kept
    def memory_info(self):
        return virtual_memory()

    def as_dict(self):
        self.memory_info.forget(self)
        return {"memory": self.memory_info()}

    def kill(self):
        print("killed")
"""


def test_what_psutil_tells_is_drawn_whole(bench: Bench) -> None:
    bench.path("site-packages").mkdir()
    bench.write("site-packages/psutil.py", PSUTIL)
    tape = bench.record(
        """
        import sys
        sys.path.append("site-packages")
        import psutil
        from talk import say
        mine = psutil.Process()
        mine.kill()
        found = [psutil.virtual_memory(), mine.memory_info(), mine.as_dict()["memory"]]
        say(f"{found} {[one.used for one in found]} {mine.pid}")
        for one in psutil.process_iter():
            say(one.memory_info())
        """
    )
    names = [one.name for one in tape.steps if one.kind == "draw"]
    assert names == [
        "psutil.virtual_memory",
        "psutil.Process.memory_info",
        "psutil.Process.as_dict",
        "psutil.Process.memory_info",
    ]
    with tape:
        said = {note.data["what"] for note in tape.notes if note.kind == "source"}
    assert said == {"psutil.Process.pid", "psutil.process_iter"}
    again = bench.replay()
    assert (again.code, again.out) == (0, "killed\n")


def test_a_collection_whose_count_nobody_reads_is_no_draw(bench: Bench) -> None:
    tape = bench.record("import gc\nfrom talk import say\ngc.collect()\nsay(str(gc.collect() < 0))")
    assert [one.call_site for one in tape.steps if one.kind == "draw"] == [
        ("agent.py:4 in <module>",)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "def f(): 'Select a random() one, or now().'",
        "prompt = 'You are asked: SELECT name FROM staff'",
        "with open(__file__) as file: print('now()')",
    ],
)
def test_a_text_that_draws_nothing_is_not_named(bench: Bench, line: str) -> None:
    bench.record("from talk import say\n" + line + "\nsay('a')")
    with bench.open() as tape:
        assert [note.data for note in tape.notes if note.kind == "source"] == []


def noted(tape: Any) -> set[int]:
    """The lines of the agent that a note names."""
    found = set()
    for note in tape.notes:
        for site in note.data.get("site") or ():
            found.add(int(site.split(":")[1].split(" ")[0]))
    return found
