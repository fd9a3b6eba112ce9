"""What a damaged tape shows, and whether a difference from the whole one is ever silent."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.tape_runs import HEADER, SECRET, compact, exchange, workload
from tracefork_tui.tape import frames, records
from tracefork_tui.tape.check import check
from tracefork_tui.tape.codec import pack, unpack
from tracefork_tui.tape.columns import FLOATS, INTEGERS, OBJECTS
from tracefork_tui.tape.errors import TapeError
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tape.seal import seal
from tracefork_tui.tape.steps import Exchange
from tracefork_tui.tape.writer import Writer

DETECTED, RECOVERED, HARMLESS, SILENT = "detected", "recovered", "harmless", "silent"


def small_tape(path: Path, sealed: bool = True) -> bytes:
    """A tape of every kind of record; gives its bytes."""
    writer = Writer.create(str(path), HEADER)
    writer.draw(1, 10, "", [], 0, "time.time", "float", 1763640251.25)
    said = "I will look for the order and then for its parcel, as the ticket asks for it."
    turn = {"role": "assistant", "content": [{"type": "text", "text": said}]}
    head = {"m": 1, "messages": [{"role": "user", "content": "Where is order A-1009?" * 3}]}
    reply = compact({"content": turn["content"], "stop_reason": "end_turn"})
    exchange(writer, 2, 20, compact(head), [reply[:30], reply[30:]])
    head["messages"].append(turn)
    writer.note(40, "file", {"what": "out.txt"})
    writer.send(3, 50, "worker", [], 0, "POST", "https://host/v1", [], compact(head))
    writer.draw(4, 60, "", [], 0, "uuid.uuid4", "uuid", "0d5a")
    error = ["", "ReadError", "reset", ["builtins", "OSError", "104", None]]
    writer.end(3, 70, "error", error, no_bytes())
    quick_draws(writer, 5)
    writer.output(80, 1, "done\n")
    writer.close()
    if sealed:
        seal(str(path), {"exit_code": 0, "output": "done\n"}, 90, SECRET).close()
    return path.read_bytes()


def quick_draws(writer: Writer, n: int) -> None:
    """Four draws that wait in the tail: steps `n` to `n` + 3."""
    tail = writer.tail(n, 1000)
    assert tail is not None
    clock = tail.source(FLOATS, ["", ["agent.py:3 in main"], 0, "time.time", "float"])
    dice = tail.source(INTEGERS, ["", [], 0, "random.randint", "number"])
    name = tail.source(OBJECTS, ["worker", [], 0, "uuid.uuid4", "uuid"])
    tail.keep(clock, FLOATS, 71_000, 1763640251.5)
    tail.keep(dice, INTEGERS, 72_000, -6)
    tail.keep(name, OBJECTS, 73_000, tail.hold(pack("1e5f")))
    tail.keep(clock, FLOATS, 74_000, 1763640251.75)


def mixed_tape(path: Path) -> None:
    """A conversation of 10 turns, a run of draws before each."""
    writer, n = Writer.create(str(path), HEADER), 1
    for body, reply in workload(10):
        quick_draws(writer, n)
        exchange(writer, n + 4, n * 1000, body, [reply])
        n += 5
    writer.close()
    seal(str(path), {"exit_code": 0}, 10**6, SECRET).close()


def no_bytes() -> bytes:
    """The SHA-256 of no bytes."""
    return sha256(b"").digest()


def opened(path: Path) -> Tape | None:
    """The tape, or None for one that is refused in one line that names it."""
    refused = ""
    try:
        return Tape(str(path))
    except TapeError as error:
        refused = str(error)
    assert refused.startswith(f"{path}: ")
    assert "\n" not in refused
    return None


def step_shown(tape: Tape, n: int) -> Any:
    """Every field of a step, its bodies too; None where reading it raises TapeError."""
    try:
        step = tape.step(n)
        common = [step.n, step.kind, step.at, step.task, step.call_site, step.provenance]
        if not isinstance(step, Exchange):
            return [*common, step.name, step.type, repr(step.value)]
        request, response = step.request, step.response
        asked = [request.method, request.url, request.headers, request.body, request.body_hash]
        got = None
        if response is not None:
            chunks = [(chunk.at, chunk.data) for chunk in response.chunks]
            got = [response.status, response.reason, response.http_version]
            got += [response.headers, chunks]
        return [*common, asked, got, step.error, step.ended, step.first_at, step.ended_at]
    except TapeError:
        return None


def run_shown(tape: Tape) -> Any:
    """What belongs to no step; None where reading it raises TapeError."""
    try:
        notes = [(note.at, note.kind, note.data) for note in tape.notes]
        return [tape.header, notes, tape.outcome, tape.output()]
    except TapeError:
        return None


@dataclass
class Whole:
    """An undamaged tape and what it shows."""

    path: Path
    data: bytes
    steps: list[Any] = field(default_factory=list)
    run: Any = None
    hashes: Any = None

    @classmethod
    def of(cls, path: Path) -> Whole:
        whole = cls(path, path.read_bytes())
        with Tape(str(path)) as tape:
            assert tape.damage == []
            whole.steps = [step_shown(tape, n) for n in range(1, len(tape.steps) + 1)]
            whole.run = run_shown(tape)
            whole.hashes = tape.fingerprint, tape.order
        assert None not in whole.steps
        return whole

    def judge(self, damaged: Path, honest: bool) -> str:
        """How a damaged copy fares. `honest`: nobody computed checksums anew, so that every step
        that can be read must be the one that was recorded.
        """
        tape = opened(damaged)
        if tape is None:
            return DETECTED
        with tape:
            count = len(tape.index.first)
            steps = [step_shown(tape, n) for n in range(1, count + 1)]
            run, hashes = run_shown(tape), (tape.fingerprint, tape.order)
            named = list(tape.damage)
        wrong = [step for step in steps if step is not None and not self._recorded(step, named)]
        assert not (honest and wrong), f"never recorded: {wrong}"
        if named:
            return RECOVERED if any(step is not None for step in steps) else DETECTED
        if None in steps or run is None or _damage(damaged):
            return DETECTED
        same = (steps, run, hashes) == (self.steps, self.run, self.hashes)
        return HARMLESS if same else SILENT

    def _recorded(self, step: Any, named: list[str]) -> bool:
        """True for a step as it was, or for its start where it is named that something is lost."""
        if step in self.steps:
            return True
        unended = len(step) > 9 and not step[9]
        return bool(named) and unended and any(step[:7] == whole[:7] for whole in self.steps)


def _damage(path: Path) -> bool:
    try:
        return bool(check(str(path)).damage)
    except TapeError:
        return True


# Mutations: each takes the bytes of a tape and gives others, and says whether it was honest


def mutate(data: bytes, rng: random.Random) -> tuple[bytes, bool]:
    """One random mutation of a tape's bytes; False for one that computes checksums anew."""
    change = rng.choice(HONEST + FORGED)
    return change(data, rng), change in HONEST


def _flip(data: bytes, rng: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _zero(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return (
        data[:start] + bytes(min(len(data) - start, rng.randrange(1, 4096))) + data[start + 4096 :]
    )


def _frames(data: bytes) -> list[bytes]:
    found, position = [], 0
    while position < len(data):
        width = {0xC4: 1, 0xC5: 2, 0xC6: 4}[data[position]]
        size = int.from_bytes(data[position + 1 : position + 1 + width], "big")
        end = position + 1 + width + size + frames.CRC_SIZE
        found.append(data[position:end])
        position = end
    return found


def _reorder(data: bytes, rng: random.Random) -> bytes:
    found = _frames(data)
    a, b = rng.randrange(len(found)), rng.randrange(len(found))
    what = rng.randrange(3)
    if what == 0:
        found[a], found[b] = found[b], found[a]
    elif what == 1:
        found.insert(b, found[a])
    else:
        del found[a]
    return b"".join(found)


def _length(data: bytes, rng: random.Random) -> bytes:
    """A hostile length in a frame's head."""
    found = _frames(data)
    at = rng.randrange(len(found))
    claim = rng.choice((0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, len(data)))
    found[at] = b"\xc6" + claim.to_bytes(4, "big") + found[at][2:]
    return b"".join(found)


def _payloads(data: bytes) -> list[bytes]:
    return [
        frame[{0xC4: 2, 0xC5: 3, 0xC6: 5}[frame[0]] : -frames.CRC_SIZE] for frame in _frames(data)
    ]


def framed(payloads: list[bytes]) -> bytes:
    """A file of these payloads, with every checksum as it should be."""
    found, crc, salt = [], 0, 0
    for payload in payloads:
        frame, crc = frames.encode(payload, crc ^ salt)
        salt = salt or crc
        found.append(frame)
    return b"".join(found)


def _forge(change: Callable[[list[bytes], random.Random], None]) -> Callable[..., bytes]:
    def forged(data: bytes, rng: random.Random) -> bytes:
        payloads = _payloads(data)
        change(payloads, rng)
        return framed(payloads)

    return forged


def _forge_order(payloads: list[bytes], rng: random.Random) -> None:
    a, b = rng.randrange(len(payloads)), rng.randrange(len(payloads))
    if rng.randrange(2):
        payloads[a], payloads[b] = payloads[b], payloads[a]
    else:
        payloads[a] = payloads[b]


def _forge_field(payloads: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(payloads))
    record = unpack(payloads[at])
    record[rng.randrange(len(record))] = rng.choice(HOSTILE)
    payloads[at] = pack(record)


def _forge_piece(payloads: list[bytes], rng: random.Random) -> None:
    sends = [n for n, payload in enumerate(payloads) if unpack(payload)[0] == records.SEND]
    at = rng.choice(sends)
    record = unpack(payloads[at])
    piece = [rng.choice((1, 2, 3, record[1], 2**40)), rng.choice((0, 1, 7)), 0, 2**40]
    record[9] = [piece[: rng.choice((3, 4, 4, 4))]] * rng.choice((1, 2, 1000))
    record[10] = rng.choice((record[10], 2**40 * len(record[9])))
    payloads[at] = pack(record)


def _forge_run(payloads: list[bytes], rng: random.Random) -> None:
    """A run of draws that does not fit together, or draws something else."""
    runs = [at for at, payload in enumerate(payloads) if unpack(payload)[0] == records.DRAWS]
    if not runs:
        return
    at = rng.choice(runs)
    record = unpack(payloads[at])
    held = rng.choice((record, record[6]))
    place = rng.randrange(1, len(record)) if held is record else rng.randrange(len(held))
    value = held[place]
    if isinstance(value, bytes) and value:
        changed = bytearray(value)
        changed[rng.randrange(len(changed))] = rng.choice((0, 1, 8, 255, rng.randrange(256)))
        held[place] = bytes(changed)[: rng.choice((len(changed), len(changed), 3))]
    elif isinstance(value, int):
        held[place] = rng.choice((0, 1, value + 1, value - 1, 4096, 4097, 2**32, 2**63))
    else:
        held[place] = rng.choice(([], value[:1], value * 300, HOSTILE))
    payloads[at] = pack(record)


def _forge_end(payloads: list[bytes], rng: random.Random) -> None:
    """An index or a footer that does not agree with the records."""
    at = rng.choice((-1, -2))
    record = unpack(payloads[at])
    place = rng.randrange(1, len(record))
    value = bytearray(record[place])
    if value and rng.randrange(4):
        start = rng.randrange(len(value))
        value[start : start + 4] = rng.choice((b"\xff" * 4, bytes(4), rng.randbytes(4)))[
            : len(value)
        ]
    else:
        value = value[: rng.randrange(len(value) + 1)]
    record[place] = bytes(value)
    payloads[at] = pack(record)


def _forge_depth(payloads: list[bytes], rng: random.Random) -> None:
    deep = rng.choice((b"\x91", b"\x81\xa1a", b"\xdd\x00\x0f\xff\xff")) * rng.choice(
        (100, 600, 5000)
    )
    payloads[rng.randrange(len(payloads))] = rng.choice(
        (deep, b"\x94\x08\x00\xa1x" + deep + b"\xc0")
    )


def _forge_garbage(payloads: list[bytes], rng: random.Random) -> None:
    payloads[rng.randrange(len(payloads))] = rng.randbytes(rng.randrange(200))


HOSTILE: tuple[Any, ...] = (
    None,
    -1,
    0,
    2**32,
    2**63,
    "text",
    b"bytes",
    [],
    {},
    [[]],
    1.5,
    True,
    "\ud800",
    [2**40, 0, 0, 2**40],
)
HONEST = (_flip, _cut, _zero, _reorder, _length)
FORGED = tuple(
    map(
        _forge,
        (
            _forge_order,
            _forge_field,
            _forge_piece,
            _forge_run,
            _forge_end,
            _forge_depth,
            _forge_garbage,
        ),
    )
)
ROUNDS = int(os.environ.get("TRACEFORK_TAPE_MUTATIONS", "1500"))
