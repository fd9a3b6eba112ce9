"""The user's own editor: it gets the terminal for as long as it runs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

FALLBACKS = ("nano", "vim", "vi")


class NoEditor(Exception):
    """The editor cannot be used, or gave up. One line for a user."""


def editor_of(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The words that start the editor. Raises NoEditor."""
    named = environment.get("VISUAL") or environment.get("EDITOR")
    if named and named.strip():
        try:
            return shlex.split(named)
        except ValueError as error:
            raise NoEditor(f"$VISUAL or $EDITOR cannot be read: {error}") from None
    found = next((name for name in FALLBACKS if shutil.which(name)), None)
    if found is None:
        raise NoEditor("there is no editor: set $EDITOR")
    return [found]


def edit(app: App[Any], text: str, suffix: str) -> str:
    """What the editor makes of a text. Raises NoEditor; the text is then as it was."""
    words = editor_of()
    handle, path = tempfile.mkstemp(prefix="tracefork-", suffix=suffix)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(text)
        with app.suspend():
            code = subprocess.call([*words, path])
        if code:
            raise NoEditor(f"{words[0]} ended with exit code {code}: nothing was taken over")
        return Path(path).read_text(encoding="utf-8")
    except SuspendNotSupported:
        raise NoEditor("this terminal cannot be lent to an editor") from None
    except OSError as error:
        raise NoEditor(f"{words[0]}: {(error.strerror or 'cannot be started').lower()}") from None
    except UnicodeDecodeError:
        raise NoEditor("what the editor wrote is not UTF-8: nothing was taken over") from None
    finally:
        Path(path).unlink(missing_ok=True)
