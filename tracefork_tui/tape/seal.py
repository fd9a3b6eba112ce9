"""Closing a tape: the outcome, the index, the footer. Done once its writer is gone."""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from . import frames, records
from .chain import START, link
from .codec import pack
from .errors import FullDisk, TapeError
from .index import MEANING
from .indexed import FOOTER_SIZE
from .packed import Packed
from .reader import Tape
from .tail import beside, remove, waiting
from .writer import lock, write_all

BLOCK = 1 << 20


def seal(
    path: str,
    outcome: dict[str, Any] | None,
    t: int,
    secret: bytes,
    notes: Sequence[tuple[str, dict[str, Any]]] = (),
) -> Tape:
    """Append the notes, the outcome, index and footer to the tape at `path` and open it.

    `outcome`: see records.OUTCOME; `t` in microseconds; `secret` keys the hash over header and
    chain by which this user's own recordings are known. A torn last record is cut off. Where the
    disk is full the tape stays as it is, valid and not closed, which its `damage` says. Raises
    TapeError if the file is no tape or another process writes to it.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_APPEND)
    except OSError as error:
        raise TapeError(f"{path}: cannot be written: {error.strerror}") from None
    lock(fd, path)
    try:
        with Tape(path) as tape:
            if isinstance(tape.file, Packed):
                raise TapeError(f"{path}: it is packed and cannot be written to; unpack it first")
            if not tape.sealed:
                os.ftruncate(fd, tape.index.end)
                last = _waiting(tape, t)
                last += [[records.NOTE, t, kind, data] for kind, data in notes]
                if outcome is not None and tape.outcome is None:
                    last.append([records.OUTCOME, t, outcome])
                _close(fd, tape, last, secret)
                remove(path)
    finally:
        os.close(fd)
    return Tape(path)


def _waiting(tape: Tape, t: int) -> list[list[Any]]:
    try:
        return waiting(tape.path, tape.salt, tape.index)
    except ValueError as error:
        what = f"the newest draws, in {os.path.basename(beside(tape.path))}: {error}"
        return [[records.NOTE, t, "unseen", {"what": what}]]


def _close(fd: int, tape: Tape, last: list[list[Any]], secret: bytes) -> None:
    start = tape.index.end
    try:
        for record in last:
            _append(fd, tape, record)
        tape.refresh()
        steps = len(tape.index.first)
        meanings, proofs, fingerprint = _hashes(tape)
        where = tape.index.end
        _append(fd, tape, tape.index.pack(meanings, proofs))
        content = content_of(tape.file.pread, os.fstat(fd).st_size)
        footer = [
            records.FOOTER,
            where.to_bytes(8, "little"),
            steps.to_bytes(8, "little"),
            fingerprint,
            bytes.fromhex(tape.order),
            content,
            mac(tape.header, fingerprint, content, secret),
        ]
        assert _append(fd, tape, footer) == FOOTER_SIZE
        os.fsync(fd)
    except FullDisk:
        os.ftruncate(fd, start)


def _hashes(tape: Tape) -> tuple[bytes, bytes, bytes]:
    """The meanings of the single steps, the proofs of the runs, and the chain over all."""
    value, n, steps = START, 1, len(tape.index.first)
    meanings, proofs = bytearray(), [b""] * len(tape.index.counts)
    while n <= steps:
        run = tape.index.run_of(n)
        if run is None:
            meaning = tape.computed_meaning(n)
            value = link(value, meaning)
            meanings += meaning
        else:
            proofs[run[2]] = tape.proof(run, value)
            value = proofs[run[2]][MEANING:]
        n += run[1] if run is not None else 1
    return bytes(meanings), b"".join(proofs), value


def _append(fd: int, tape: Tape, record: list[Any]) -> int:
    size = os.fstat(fd).st_size
    seed = int.from_bytes(os.pread(fd, 4, size - 4), "big") ^ tape.salt
    data, _ = frames.encode(pack(record), seed)
    write_all(fd, data)
    return len(data)


def content_of(pread: frames.Pread, end: int) -> bytes:
    """The SHA-256 of a file's first `end` bytes."""
    digest, position = sha256(), 0
    while position < end:
        block = pread(min(BLOCK, end - position), position)
        if not block:
            break
        digest.update(block)
        position += len(block)
    return digest.digest()


def mac(header: dict[str, Any], fingerprint: bytes, content: bytes, secret: bytes) -> bytes:
    """HMAC-SHA-256 over header, chain and content."""
    return hmac.digest(secret, pack(header) + fingerprint + content, "sha256")


def made_here(tape: Tape, secret: bytes) -> bool:
    """True if this user sealed the tape, header and steps unchanged, on this machine."""
    expected = mac(tape.header, bytes.fromhex(tape.fingerprint), tape.content, secret)
    return bool(tape.mac) and hmac.compare_digest(tape.mac, expected)
