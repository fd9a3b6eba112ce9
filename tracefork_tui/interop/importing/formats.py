"""The formats that can be imported, and which of them a file is."""

from __future__ import annotations

import binascii
from types import ModuleType

from ...tape.records import FORMAT
from . import go_vcr, har, httpmock, inspect_log, langchain, ruby_vcr, sse_text, tracefork, vcrpy
from .material import Material
from .model import NotImported, Part, Unknown

FORMATS: dict[str, ModuleType] = {
    "sse": sse_text,
    "inspect": inspect_log,
    "tracefork": tracefork,
    "har": har,
    "vcrpy": vcrpy,
    "go-vcr": go_vcr,
    "ruby-vcr": ruby_vcr,
    "langchain": langchain,
    "httpmock": httpmock,
}
"""By the name that --format takes, in the order in which they are tried."""


def detect(material: Material, wanted: str | None = None) -> str:
    """The format's name, by content. Raises Unknown, or whatever a broken file leads to."""
    if FORMAT.encode() in material.raw[:64]:
        raise NotImported(f"{material.path}: is a tape of tracefork-tui already; open it")
    if not material.raw.strip():
        raise Unknown(f"{material.path}: the file is empty")
    names = [wanted] if wanted else list(FORMATS)
    found = next((name for name in names if FORMATS[name].matches(material)), None)
    if found is None:
        what = FORMATS[wanted].TITLE if wanted else "recording that can be imported"
        raise Unknown(f"{material.path}: not a {what}{'' if wanted else _known()}")
    return found


def _known() -> str:
    return f" ({', '.join(sorted(FORMATS))})"


def parts(material: Material, wanted: str | None) -> tuple[str, list[Part]]:
    """The format and the runs of a file. Raises NotImported with the reason."""
    try:
        name = detect(material, wanted)
        found: list[Part] = FORMATS[name].parts(material)
    except NotImported:
        raise
    except ImportError as error:
        raise NotImported(f"{material.path}: {remedy(error)}") from None
    except Exception as error:
        raise Unknown(f"{material.path}: cannot be imported: {reason(error)}") from None
    return name, found


def reason(error: Exception) -> str:
    """Why a source cannot be read, in a few words."""
    if isinstance(error, RecursionError):
        return "nested too deep"
    if isinstance(error, binascii.Error):
        return f"broken base64: {error}"
    if isinstance(error, KeyError):
        return f"it refers to {error}, which is not in it"
    if isinstance(error, AttributeError | TypeError | IndexError):
        return f"not laid out as such a recording is: {error}"
    return f"{error}" or type(error).__name__


def remedy(error: ImportError) -> str:
    return f"this format needs {error.name}; pip install {error.name}"
