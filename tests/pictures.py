"""Makes the README's picture from the app itself:  python tests/pictures.py"""

import asyncio
import re
from pathlib import Path

from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.app import DebuggerApp

ROOT = Path(__file__).parent.parent
OUT = ROOT / ".github" / "screen.svg"
FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}", re.DOTALL)


async def picture(size: tuple[int, int], keys: list[str]) -> str:
    """The screen as SVG after the keys, with the reader's own monospace font."""
    app = DebuggerApp(Tape(ROOT / "tapes" / "refund.msgpack"))
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        await pilot.pause(0.5)
        await app.workers.wait_for_complete()
        await pilot.pause(0.2)
        svg = app.export_screenshot(title="tracefork-tui tapes/refund.msgpack")
    return FONT_FACE.sub("", svg).replace("Fira Code", "ui-monospace, Menlo, Consolas")


if __name__ == "__main__":
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(asyncio.run(picture((128, 40), ["1", "9", "G"])))
