"""Where this user's own state is kept from run to run."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "tracefork-tui"
