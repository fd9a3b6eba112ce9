"""Several Pythons of one command: the first has the run's tape, each further one (a script starts
it beside or after) one of its own, like a child's. Which is which is told by their words.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable
from typing import Any

from ..tape.codec import pack, unpack
from ..tape.redact import Redactor

NUMBERS = re.compile(r"\d+")
FAILED = ".failed"  # beside the plan: a child diverged
BESIDE = 1 << 20  # the numbers of further Pythons begin above it
KEPT = (
    "environment",
    "keys",
    "credentials",
    "origins",
    "hash_seed",
    "user",
    "variables",
    "secrets",
    "cwd",
)
BEGAN, ENDED = "process began", "process ended"  # notes of a process of multiprocessing
PASSED = ("user", "variables", "secrets", "rerun_tools", "capture_files", "copied_from")

Plan = dict[str, Any]


def cut_short(tape: Any) -> bool:
    """True for the tape of a process of multiprocessing that was ended from outside."""
    kinds = {note.kind for note in tape.notes}
    return BEGAN in kinds and ENDED not in kinds


def claim(path: str) -> Plan | None:
    """The plan for this process; None where the run is over."""
    more = f"{path}.more"
    try:
        plan = _read(path) or _read(more)
        if plan is None or not _meant(plan):
            return plan and _further(plan, path)
        os.rename(path, more)
    except FileNotFoundError:
        plan = _read(more)
        return plan and _further(plan, path)
    plan["path"] = path
    plan["header"]["words"] = words(plan.get("secrets") or ())
    return plan


def words(patterns: Iterable[str] = ()) -> str:
    """What this Python was started with, the same in every run."""
    given = list(getattr(sys, "orig_argv", ())) or [sys.executable]
    here = os.path.join(os.getcwd(), "")
    given = [os.path.basename(given[0]), *(word.replace(here, "") for word in given[1:])]
    return " ".join(Redactor(os.environ, patterns).command(given))[:200]


def child_plan(plan: Plan, number: int, what: str, step: int, command: list[str]) -> Plan:
    """The plan of a process that belongs to the one with this plan, but for its answers."""
    mine, replayed = plan["header"], bool(plan.get("parent") or plan.get("silent"))
    force = plan["force"] or replayed
    header = {key: mine[key] for key in KEPT if key in mine}
    header["command"] = command
    header["name"] = f"{mine.get('name', '')} {label(number)}"
    header["started"] = time.time()
    header["id"] = os.urandom(8).hex()
    origin = {"id": mine.get("id", ""), "file": os.path.basename(plan["out"])}
    header["child_of"] = {**origin, "number": number, "step": step, "what": what}
    new = {"out": _free(plan["out"], number, force), "force": force, "header": header}
    new["path"] = plan.get("path", "")
    new.update((key, plan.get(key)) for key in PASSED)
    return new


def label(number: int) -> str:
    return f"child {number}" if number < BESIDE else f"python {number - BESIDE}"


def _further(plan: Plan, path: str) -> Plan:
    """What a further Python is to do; the debugger finds it told beside the plan."""
    mine = words(plan.get("secrets") or ())
    said = _recorded(plan, mine, path) if plan.get("parent") else None
    number = said["number"] if said else _number(path, plan.get("beside", []))
    new = child_plan(plan, number, mine, 0, mine.split(" "))
    if plan.get("parent"):
        home = os.path.dirname(os.path.abspath(plan["parent"]))
        new["parent"] = os.path.join(home, str(said["file"])) if said else ""
        new["silent"] = not os.path.isfile(new["parent"])
    new["path"] = f"{path}.{number}"
    data = {"number": number, "what": mine, "file": os.path.basename(new["out"])}
    with open(_place(path, number), "wb") as file:
        file.write(pack({**data, "step": 0, "within": False, "site": []}))
    return new


def _meant(plan: Plan) -> bool:
    """False for a replayed Python that had no part in the tape, but one beside it."""
    mine, root = words(plan.get("secrets") or ()), plan.get("words")
    return not root or root == mine or not ordered(plan["beside"], mine)


def _recorded(plan: Plan, mine: str, path: str) -> Plan | None:
    """The recorded Python that this one is: the next of the same words."""
    alike = ordered(plan.get("beside", []), mine)
    return next((one for one in alike if _taken(path, one["number"])), None)


def ordered(told: list[Plan], what: str) -> list[Plan]:
    """Recorded processes that were started with these words; then those with other numbers."""
    same = [one for one in told if one["what"] == what]
    loose = NUMBERS.sub("#", what)
    return same + [
        one for one in told if one not in same and NUMBERS.sub("#", one["what"]) == loose
    ]


def _number(path: str, recorded: Any) -> int:
    number = BESIDE + 2 + len(recorded)
    while not _taken(path, number):
        number += 1
    return number


def _taken(path: str, number: int) -> bool:
    try:
        os.close(os.open(_place(path, number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


def _place(path: str, number: int) -> str:
    return f"{path}.{number}-beside"


def _read(path: str) -> Plan | None:
    try:
        with open(path, "rb") as file:
            plan: Plan = unpack(file.read())
    except FileNotFoundError:
        return None
    return plan


def _free(out: str, number: int, force: bool) -> str:
    """Where the tape of a child goes; never over another's."""
    stem = out[: -len(".msgpack")] if out.endswith(".msgpack") else out
    path = first = f"{stem}.{label(number).replace(' ', '-')}"
    again = 2
    while os.path.exists(f"{path}.msgpack") and not force:
        path = f"{first}-{again}"
        again += 1
    return f"{path}.msgpack"
