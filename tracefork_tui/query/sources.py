"""What a draw was read from, by its name."""

from __future__ import annotations

FAMILIES = {
    "time": "clock",
    "datetime": "clock",
    "loop": "clock",
    "httpx": "clock",
    "httpx2": "clock",
    "uuid": "id",
    "uuid_utils": "id",
    "fastuuid": "id",
    "random": "random",
    "secrets": "random",
    "numpy": "random",
    "subprocess": "command",
    "stdin": "input",
    "input": "input",
    "socket": "environment",
    "platform": "environment",
    "getpass": "environment",
}
FAMILIES_OF_OS = {
    "urandom": "random",
    "getrandom": "random",
    "system": "command",
    "popen": "command",
    "listdir": "file",
    "scandir": "file",
    "stat": "file",
}


def source_of(name: str) -> str:
    """The source that a draw of that name belongs to: one of fields.SOURCES."""
    module, _, rest = str(name).partition(".")
    if module == "os":
        return FAMILIES_OF_OS.get(rest.partition(".")[0], "environment")
    return FAMILIES.get(module, "tool")
