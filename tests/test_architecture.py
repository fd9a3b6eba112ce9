"""What import-linter cannot see: what is loaded when, and by whom."""

import subprocess
import sys
from pathlib import Path

import pytest

SDKS = ("anthropic", "openai", "httpx", "httpx2", "genai_prices", "pydantic")
TAPE = Path(__file__).parent.parent / "tapes" / "refund.msgpack"


def loaded_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running `code`."""
    script = f"import sys\n{code}\nprint(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import tracefork_tui",
        "import tracefork_tui.cli",
        f"import tracefork_tui; tracefork_tui.open({str(TAPE)!r}).steps[0]",
        f"from tracefork_tui.tui.app import DebuggerApp\n"
        f"from tracefork_tui.tape.reader import Tape\nDebuggerApp(Tape({str(TAPE)!r}))",
    ],
)
def test_starting_imports_no_sdk(code):
    assert not loaded_after(code).intersection(SDKS)


def test_the_package_alone_imports_nothing_heavy():
    assert not loaded_after("import tracefork_tui").intersection({"textual", "click", "msgpack"})


def test_the_debuggee_needs_only_the_standard_library():
    """The rooms that live in an agent load in an interpreter that has no other package."""
    code = """
import os, tracefork_tui, types
package = types.ModuleType("_tracefork")
package.__path__ = [os.path.dirname(tracefork_tui.__file__)]
sys.modules["_tracefork"] = package
for name in [m for m in sys.modules if m.partition(".")[0] == "tracefork_tui"]:
    del sys.modules[name]
sys.path[:] = [p for p in sys.path if "site-packages" not in p]
import _tracefork.debuggee.start, _tracefork.debuggee.script, _tracefork.tape.reader
import _tracefork.debuggee.gate, _tracefork.debuggee.virtual
"""
    names = loaded_after(code)
    assert not names.intersection({"msgpack", "tracefork_tui", *SDKS})


def test_a_tape_is_opened_before_anything_is_known_of_what_it_means():
    """What reads messages, compares and asks is imported once there is something to look at."""
    code = "import tracefork_tui.tui.app, tracefork_tui.tui.lanes, sys"
    rooms = "print(*(m.split('.')[1] for m in sys.modules if m.startswith('tracefork_tui.')))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{rooms}"], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {"tape", "tui"}


def test_the_arrows_point_downwards():
    root = Path(__file__).parent.parent
    tool = Path(sys.executable).parent / "lint-imports"
    if not tool.exists():
        pytest.skip("import-linter is not installed")
    done = subprocess.run([tool], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
