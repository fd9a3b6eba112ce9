"""Which variables hold credentials, and how a secret is spelled: escaped, quoted, in base64."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterable, Iterator

_NAME = re.compile(
    r"(?:^|_)(?:KEY|PASS|PAT|JWT|CREDENTIAL|PASSPHRASE|(?<=_)PWD)S?(?:_?\d+)?$"
    r"|(?:APIKEY|TOKEN|SECRET|PASSWORD|PASSWD)S?(?:_?\d+)?$"
)
_PASSWORD = r"([a-z0-9+.-]+)://([^/?#@:\s]*):([^/?#\s]*)@([^/?#@:\s]*)"
_SETTING = r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*?)[ \t\r]*$"
_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
_BASE64 = rb"[A-Za-z0-9+/_-]?"


def secret_name(name: str) -> bool:
    """True for the name of an environment variable that holds a credential."""
    return _NAME.search(name.upper()) is not None


def of_variables(variables: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The credentials in variables, given as (name, value): whole values, and passwords in URLs.

    A URL's password that is its user's name, scheme or host as well is everybody's.
    """
    for name, value in variables:
        if secret_name(name):
            yield value
        if "://" in value:
            for scheme, user, password, host in re.findall(_PASSWORD, value):
                if password not in (scheme, user, host):
                    yield password
                    yield _unquoted(password)


def of_settings(data: bytes) -> Iterator[str]:
    """The credentials in a file of lines `NAME=value`, as .env files are."""
    pairs = re.findall(_SETTING, data.decode("utf-8", "replace"))
    return of_variables((name, _bare(value)) for name, value in pairs)


def spellings(secret: bytes) -> dict[bytes, bytes]:
    """The secret as it is and as texts spell it: what to look for, and its regular expression."""
    found = {form: re.escape(form) for form in _escaped(secret)}
    for before in range(3):
        core = b2a_base64(b"\0" * before + secret, newline=False)
        core = core[(0, 2, 3)[before] : (before + len(secret)) * 8 // 6]
        for form in (core, core.translate(bytes.maketrans(b"+/", b"-_"))):
            found[form] = _BASE64 + re.escape(form) + _BASE64 + rb"={0,2}"
    return found


def _escaped(secret: bytes) -> set[bytes]:
    text = secret.decode("utf-8", "surrogateescape")
    if _PLAIN.fullmatch(text):
        return {secret}
    import json
    from urllib.parse import quote, quote_plus

    found = {text, repr(text)[1:-1]}
    for ascii_only in (False, True):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        found |= {once, json.dumps(once, ensure_ascii=ascii_only)[1:-1]}
    for safe in ("", "/"):
        found |= {quote(secret, safe), quote_plus(secret, safe)}
    return {form.encode("utf-8", "surrogateescape") for form in found}


def _bare(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value.partition(" #")[0].rstrip()


def _unquoted(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
