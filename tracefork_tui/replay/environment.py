"""The environment that shapes a run: what of it goes on the tape, and how it is restored."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from ..tape.credentials import secret_name
from ..tape.redact import PLACEHOLDER, Redactor
from ..tape.urls import origin_of
from .state import state_folder

ALLOWED = (
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_BEDROCK_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_LOG",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_VERTEX_BASE_URL",
    "ANTHROPIC_VERTEX_PROJECT_ID",
    "AWS_REGION",
    "AZURE_OPENAI_ENDPOINT",
    "CLOUD_ML_REGION",
    "GOOGLE_GEMINI_BASE_URL",
    "LANG",
    "LC_ALL",
    "LITELLM_LOCAL_MODEL_COST_MAP",
    "LITELLM_MODE",
    "OPENAI_API_BASE",
    "OPENAI_API_VERSION",
    "OPENAI_BASE_URL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "PYTHONUTF8",
    "TZ",
)
KEYS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_AD_TOKEN",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
)
HEADERS = "ANTHROPIC_CUSTOM_HEADERS"
SECRET_SIZE = 32
HOME_ORIGINS = {
    "ANTHROPIC_BASE_URL": "https://api.anthropic.com",
    "OPENAI_BASE_URL": "https://api.openai.com",
}


def shapes(name: str) -> bool:
    """True for a variable that says whom an SDK asks, and for what."""
    return name in ALLOWED or name.endswith("_BASE_URL")


def _shaping(environment: Mapping[str, str]) -> list[str]:
    others = sorted(name for name in environment if shapes(name) and name not in ALLOWED)
    return [*(name for name in ALLOWED if name in environment), *others]


def keeps(environment: Mapping[str, str], redactor: Redactor) -> dict[str, str]:
    """The variables that go on the tape: those that shape the run, no secret in their values."""
    found = {name: environment[name] for name in _shaping(environment)}
    if HEADERS in found:
        pairs = [tuple(line.split(":", 1)) for line in found[HEADERS].splitlines() if ":" in line]
        clean = redactor.headers([(name.strip(), value.strip()) for name, value in pairs])
        found[HEADERS] = "\n".join(f"{name}: {value}" for name, value in clean)
    return {name: redactor.url(value) for name, value in found.items()}


def key_names(environment: Mapping[str, str]) -> list[str]:
    """The names, never the values, of the credentials that SDKs find in the environment."""
    named = (name for name in environment if name.endswith("_API_KEY") and secret_name(name))
    return sorted({name for name in KEYS if name in environment} | set(named))


def credential_names(environment: Mapping[str, str]) -> list[str]:
    """The names, never the values, of what else is a credential by its name."""
    keys = key_names(environment)
    return sorted(name for name in environment if secret_name(name) and name not in keys)


def origins(environment: Mapping[str, str]) -> dict[str, str]:
    """Origins that come from a variable: {"http://127.0.0.1:4000": "$ANTHROPIC_BASE_URL"}."""
    found: dict[str, str] = {}
    for name in _shaping(environment):
        value = environment[name]
        if value.startswith(("http://", "https://")):
            found.setdefault(origin_of(value), f"${name}")
    return found


def live_origins(environment: Mapping[str, str], taped: Mapping[str, str]) -> dict[str, str]:
    """The origins of a live tail, named as the tape names them, so that the prefix matches."""
    found = origins(environment)
    for name, home in HOME_ORIGINS.items():
        here, there = environment.get(name), taped.get(name)
        if here and not there:
            found[origin_of(here)] = home
        elif there and not here:
            found[home] = f"${name}"
    return found


def restored(
    environment: Mapping[str, str],
    taped: Mapping[str, str],
    keys: list[str],
    credentials: list[str],
) -> dict[str, str]:
    """The environment of a replay: the tape's shaping variables, placeholders for its keys and
    for the other credentials that are not here.
    """
    new = {
        name: value
        for name, value in environment.items()
        if name not in ALLOWED and name not in KEYS
    }
    new.update(taped)
    new.update(dict.fromkeys(keys, PLACEHOLDER))
    for name in filter(secret_name, credentials):
        new.setdefault(name, PLACEHOLDER)
    return new


def differences(environment: Mapping[str, str], taped: Mapping[str, str]) -> list[str]:
    """The names of the shaping variables that are not as they were on the tape."""
    skip = ("LANG", "LC_ALL")
    names = sorted(set(taped) | set(_shaping(environment)))
    return [n for n in names if n not in skip and environment.get(n) != taped.get(n)]


def portable(words: list[str], cwd: str) -> list[str]:
    """A command as it goes on the tape: this interpreter as {python}, paths within cwd relative."""
    root = os.path.join(os.path.realpath(cwd), "")
    found = []
    for word in words:
        if word == sys.executable:
            found.append("{python}")
        elif os.path.isabs(word) and os.path.realpath(word).startswith(root):
            found.append(os.path.relpath(os.path.realpath(word), root))
        else:
            found.append(word)
    return found


def runnable(words: list[str]) -> list[str]:
    """The command of a tape as it is run here."""
    return [sys.executable if word == "{python}" else word for word in words]


def spelled(command: object) -> str:
    """The command in a tape's header as one would type it; raw text from the tape."""
    words = command if isinstance(command, list) else [command] if command else []
    return shlex.join("python" if word == "{python}" else str(word) for word in words)


def home_of(tape_path: str, cwd: str) -> str:
    """The working directory of a tape, resolved from where the tape is; else the current one."""
    place = Path(tape_path).resolve().parent / cwd
    return str(place.resolve()) if place.is_dir() else os.getcwd()


def user_secret() -> bytes:
    """32 bytes that are this user's on this machine; made when first asked for.

    Where nothing can be kept, the secret lasts as long as the process: no tape is known then.
    """
    path = state_folder() / "secret"
    try:
        secret = path.read_bytes()
    except OSError:
        secret = b""
    if len(secret) == SECRET_SIZE:
        return secret
    secret = os.urandom(SECRET_SIZE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_bytes(secret)
    except OSError:
        pass
    return secret
