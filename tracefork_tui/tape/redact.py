"""No secret on disk: what is credential by its place, or by its value, never reaches the tape.

Deterministic, so that a replay with a placeholder in the key's place still matches.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Union

from .credentials import of_variables, spellings

MARK = "[redacted]"
QUOTED = "%5Bredacted%5D"
_MARKS = rb"(\[redacted\]|%5Bredacted%5D)"
PLACEHOLDER = "tracefork-placeholder-key"

SECRET_HEADERS = frozenset(
    (
        "api-key",
        "authorization",
        "cookie",
        "ocp-apim-subscription-key",
        "proxy-authorization",
        "set-cookie",
        "x-amz-security-token",
        "x-api-key",
        "x-auth-token",
        "x-goog-api-key",
    )
)
SECRET_WORD = (
    r"(?:(?:[a-z0-9]+[_-])*(?:api[_-]?key|access[_-]?key|auth[_-]?token|access[_-]?token"
    r"|refresh[_-]?token|id[_-]?token|session[_-]?token|security[_-]?token|client[_-]?secret"
    r"|secret[_-]?key|secret|password|passwd|assertion|signature)|sig|token|key)"
)
# Patterns are compiled when they are needed: most programs need few of them.
_HEADER = (
    r"(?i)(?:^|[_-])(?:api-?key|(?:access|account|functions|master|private|subscription)-?key"
    r"|(?<!continuation[_-])(?<!page[_-])(?<!next[_-])token|secret|auth|authorization"
    r"|authentication|password|jwt)$"
)
_QUERY_WORD = SECRET_WORD[:-1] + r"|(?:app|subscription)[_-]?key|auth|credential|jwt|pwd"
_QUERY_WORD += r"|x-amz-credential)"
_QUERY = r"(?i)([?&]" + _QUERY_WORD + r"=)([^&#]*)"
_USERINFO = r"(?i)^([a-z][a-z0-9+.-]*://)([^/?#@]*)@"
_OPTION = r"(?is)^(--?" + SECRET_WORD + r")(?:=(.+))?$"
_TOKEN_FIELDS = (
    r"(?:access_?token|refresh_?token|id_?token|session_?token|client_?secret|client_assertion"
    r"|assertion|code|code_verifier|device_code|password|subject_token|api_?key|secret|token)"
)
_TOKEN_JSON = ('(?i)("' + _TOKEN_FIELDS + r'"\s*:\s*)("(?:[^"\\]|\\.)*")').encode()
_TOKEN_FORM = ("(?i)((?:^|&)" + _TOKEN_FIELDS + "=)([^&]*)").encode()
_TOKEN_URL = r"(?i)(?:/oauth|/token\b|/sts\b)"

Pair = Union[tuple[str, str], tuple[bytes, bytes]]  # a header's name and value

SHORTEST = 8
KEPT = 1024


class Redactor:
    """Knows the values that are secret in this run: those of credential variables.

    `patterns`: the user's own regular expressions for what is secret; they match within a line.
    """

    def __init__(self, environment: Mapping[str, str], patterns: Iterable[str] = ()) -> None:
        self.patterns = [re.compile(pattern.encode()) for pattern in patterns]
        self._secrets: list[bytes] = []
        self._forms: dict[bytes, bytes] = {}
        self._longest = 0
        self._pattern: re.Pattern[bytes] | None = None
        self._headers: dict[Pair, tuple[str, str]] = {}
        self._urls: dict[str, str] = {}
        self.learn_variables(environment)

    def learn(self, values: Iterable[str]) -> None:
        """Values that are secret wherever they stand; short ones are no evidence."""
        for value in values:
            secret = value.encode("utf-8", "surrogateescape")
            known = secret in self._secrets or MARK.encode() in secret
            if len(secret) >= SHORTEST and not known:
                self._secrets.append(secret)
                self._headers.clear()
                self._urls.clear()
                self._forms.update(spellings(secret))
                longest_first = sorted(self._forms, key=len, reverse=True)
                self._longest = len(longest_first[0])
                self._pattern = re.compile(b"|".join(self._forms[form] for form in longest_first))

    def learn_variables(self, variables: Any) -> None:
        """The credentials among environment variables, of this process or one that it starts.

        What is no environment has none: who starts a process with it is told so.
        """
        if isinstance(variables, Mapping):
            pairs = [(name, variables[name]) for name in variables]
            texts = [pair for pair in pairs if all(isinstance(one, (str, bytes)) for one in pair)]
            self.learn(
                of_variables((os.fsdecode(name), os.fsdecode(value)) for name, value in texts)
            )

    @property
    def edition(self) -> int:
        """Another number once more is known to be secret."""
        return len(self._secrets)

    def data(self, data: bytes, known: int = 0) -> bytes:
        """`data` with the secrets replaced; the same object where it holds none.

        Its first `known` bytes hold no whole secret, so that only one that reaches beyond them
        is looked for there.
        """
        if self.patterns:
            data, known = self._by_patterns(data), 0
        start = max(0, known - self._longest + 1)
        if self._pattern is None or all(data.find(form, start) < 0 for form in self._forms):
            return data
        return self._pattern.sub(MARK.encode(), data)

    def _by_patterns(self, data: bytes) -> bytes:
        """What stands for a secret already is not looked at again."""
        for pattern in self.patterns:
            if pattern.search(data):
                parts = re.split(_MARKS, data)
                parts[::2] = [pattern.sub(MARK.encode(), part) for part in parts[::2]]
                data = b"".join(parts)
        return data

    def text(self, text: str) -> str:
        if self._pattern is None and not self.patterns:
            return text
        data = text.encode("utf-8", "surrogatepass")
        clean = self.data(data)
        return text if clean is data else clean.decode("utf-8", "surrogatepass")

    def value(self, value: Any) -> Any:
        """A msgpack value with the secrets in its strings and bytes replaced."""
        if self._pattern is None and not self.patterns:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.data(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        return value

    def url(self, url: str) -> str:
        known = self._urls.get(url)
        if known is None:
            known = self._url(url)
            if len(self._urls) < KEPT:
                self._urls[url] = known
        return known

    def _url(self, url: str) -> str:
        if "?" in url:
            url = re.sub(_QUERY, lambda match: match[1] + self._quoted(match[2]), url)
        if "@" in url:
            url = re.sub(_USERINFO, lambda match: f"{match[1]}{self._quoted(match[2])}@", url)
        return self.text(url).replace(MARK, QUOTED)

    def _quoted(self, value: str) -> str:
        self.learn([_unquote(value), _unquote(value).rpartition(":")[2]])
        return QUOTED

    def headers(self, headers: Iterable[Pair]) -> list[tuple[str, str]]:
        """Header pairs as text, credentials replaced; the scheme of `Authorization` stays."""
        pairs, edition = list(headers), self.edition
        clean: list[Any] = list(map(self._headers.get, pairs))
        while None in clean:
            at = clean.index(None)
            clean[at] = self._header(pairs[at])
        return clean if edition == self.edition else self.headers(pairs)

    def _header(self, pair: Pair) -> tuple[str, str]:
        name, value = pair
        if isinstance(name, bytes):
            name = name.decode("latin-1")
        if isinstance(value, bytes):
            value = value.decode("latin-1")
        if secret_header(name):
            clean = name, self._credential(name.lower(), value)
        else:
            clean = name, self.url(value) if name.lower() == "location" else self.text(value)
        if len(self._headers) < KEPT:
            self._headers[pair] = clean
        return clean

    def _credential(self, name: str, value: str) -> str:
        if name == "set-cookie":
            cookie, semicolon, attributes = value.partition(";")
            self.learn([cookie.partition("=")[2]])
            return f"{cookie.partition('=')[0]}={MARK}{semicolon}{attributes}"
        scheme, _, secret = value.partition(" ")
        if name.endswith(("auth", "authorization")) and secret and scheme.isalnum():
            self.learn([secret, *_basic(scheme, secret)])
            return f"{scheme} {MARK}"
        if name == "cookie":
            self.learn(part.partition("=")[2] for part in value.split("; "))
        elif name in SECRET_HEADERS or re.search(r"\d", value):
            self.learn([value])
        return MARK

    @staticmethod
    @lru_cache(256)
    def exchanges_token(url: str) -> bool:
        """True for the address of a token exchange."""
        return bool(re.search(_TOKEN_URL, _unquote(url)))

    def begun(self, data: bytes) -> bool:
        """True if `data` ends within what may be a secret."""
        if self.patterns and not data.endswith(b"\n"):
            return True
        for secret in self._secrets:
            at = data.find(secret[:1], max(0, len(data) - len(secret) + 1))
            while at >= 0:
                if secret.startswith(data[at:]):
                    return True
                at = data.find(secret[:1], at + 1)
        return False

    def body(self, url: str, data: bytes, known: int = 0) -> bytes:
        """A body with secrets replaced (see `data`); of a token exchange, its credentials too."""
        data = self.data(data, known)
        if self.exchanges_token(url):
            data = re.sub(_TOKEN_JSON, lambda match: match[1] + self._token(match[2], '"'), data)
            data = re.sub(_TOKEN_FORM, lambda match: match[1] + self._token(match[2], ""), data)
        return data

    def _token(self, value: bytes, around: str) -> bytes:
        """What stands for a credential of a token exchange, between its quotation marks if any."""
        text = value.decode("utf-8", "replace").strip('"')
        self.learn([text if around else _unquote(text)])
        return f"{around}{MARK if around else QUOTED}{around}".encode()

    def command(self, command: Iterable[str]) -> list[str]:
        """Command-line words, with the value of `--api-key X` and `--api-key=X` replaced."""
        clean: list[str] = []
        hide = False
        for word in command:
            match = _option(word)
            if hide:
                self.learn([word])
                clean.append(MARK)
            elif match and match[2]:
                self.learn([match[2]])
                clean.append(f"{match[1]}={MARK}")
            else:
                clean.append(self.text(word))
            hide = match is not None and not match[2]
        return clean


def check_pattern(pattern: str) -> str:
    """Why this cannot be a user's pattern, empty where it can.

    The tape keeps the patterns, so that a replay redacts alike: none may spell a secret out.
    """
    try:
        compiled = re.compile(pattern.encode())
    except (re.error, RecursionError, OverflowError) as error:
        return f"it is no regular expression: {error}"
    if compiled.search(b""):
        return "it matches the empty text"
    if compiled.search(pattern.encode()):
        return "it matches itself, and the tape keeps it: put [] around a letter, as in [s]ecret"
    return ""


def secret_header(name: str) -> bool:
    """True for the name of a header that holds a credential."""
    return name.lower() in SECRET_HEADERS or re.search(_HEADER, name) is not None


def _basic(scheme: str, secret: str) -> list[str]:
    """The password that HTTP's basic authentication spells out."""
    if scheme.lower() != "basic":
        return []
    from base64 import b64decode

    try:
        return [b64decode(secret).decode().partition(":")[2]]
    except ValueError:
        return []


def _option(word: str) -> re.Match[str] | None:
    """A command-line option that holds a credential, or whose next word does."""
    return re.match(_OPTION, word) if word.startswith("-") and len(word) > 3 else None


def _unquote(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
