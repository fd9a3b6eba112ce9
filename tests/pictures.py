"""Makes the README's pictures from the app itself:  python tests/pictures.py"""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path

from tui_app import settle

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.app import DebuggerApp

ROOT = Path(__file__).parent.parent
OUT = ROOT / ".github"
FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}", re.DOTALL)
PICTURES = {
    "screen": ((128, 40), ["1", "9", "G"]),
    "watches": ((112, 12), [*":watch arguments.amount", "enter", *":watches", "enter"]),
    "origin": ((112, 22), ["1", "9", "G", *":origin 480", "enter"]),
    "fork": ((112, 34), ["1", "9", "G", "f"]),
    "diff": ((128, 36), ["d"]),
}


async def picture(tape: Path, size: tuple[int, int], keys: list[str]) -> str:
    """The screen as SVG after the keys, with the reader's own monospace font."""
    app = DebuggerApp(Tape(tape))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        await settle(pilot, rounds=20)
        svg = app.export_screenshot(title=f"tracefork-tui tapes/{tape.name}")
    return FONT_FACE.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, Consolas")


def main() -> None:
    OUT.mkdir(exist_ok=True)
    for name, (size, keys) in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            for tape in (ROOT / "tapes").glob("*.msgpack"):
                shutil.copy(tape, folder)
            opened = "refund.fork-1.msgpack" if name == "diff" else "refund.msgpack"
            (OUT / f"{name}.svg").write_text(asyncio.run(picture(Path(folder, opened), size, keys)))


if __name__ == "__main__":
    main()
