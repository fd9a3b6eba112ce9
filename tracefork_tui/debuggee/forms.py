"""Values of many types as what msgpack holds, and back: no pickle, and no code of the tape's.

What msgpack has no type for is a map with the one key `$type`. Dataclasses, named tuples, enums
and pydantic models come back as the classes of that name that the agent has loaded, field by
field, without a constructor being called.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

from ..tape.codec import LONGEST, packable
from . import setorder

TAG = "$type"
ITEMS = "value"
AT_ONCE = "at once"
DEEPEST = 60
PLAIN = (str, float, bool, bytes, type(None))
PARSED = {
    "datetime": ("datetime", "date", "time"),
    "uuid": ("UUID",),
    "decimal": ("Decimal",),
    "fractions": ("Fraction",),
    "pathlib": ("PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath"),
}
SEQUENCES: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "bytearray": bytearray,
}


class Unkept(Exception):
    """The value is of no type that a tape holds."""


def keep(value: Any, depth: int = 0, alike: bool = False) -> Any:
    """`value` as msgpack holds it. Raises Unkept.

    `alike`: equal sets are to look the same; else each comes back in the order that it has.
    """
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**64 else _tagged("int", hex(value))
    if depth > DEEPEST or (hasattr(value, "__len__") and len(value) > LONGEST):
        raise Unkept
    if kind is list:
        return [keep(item, depth + 1, alike) for item in value]
    if kind is dict:
        if TAG not in value and all(type(key) is str for key in value):
            return {key: keep(item, depth + 1, alike) for key, item in value.items()}
        pairs = [[keep(one, depth + 1, alike) for one in item] for item in value.items()]
        return _tagged("dict", pairs)
    if kind is bytearray:
        return _tagged("bytearray", bytes(value))
    if kind.__name__ in SEQUENCES and kind.__module__ == "builtins":
        at_once = False
        if kind is tuple:
            items: Any = value
        elif alike:
            items = setorder.in_order(value)
        else:
            items, at_once = setorder.insertion(value)
        stored = _tagged(kind.__name__, [keep(item, depth + 1, alike) for item in items])
        return {**stored, AT_ONCE: True} if at_once else stored
    return _kept_object(value, kind, depth, alike)


def restore(stored: Any) -> Any:
    """The value that `keep` was given. Raises Unkept where its class is not loaded."""
    kind = type(stored)
    if kind is list:
        return [restore(item) for item in stored]
    if kind is not dict:
        return stored
    if TAG not in stored:
        return {key: restore(item) for key, item in stored.items()}
    name, data = str(stored[TAG]), stored.get(ITEMS)
    if name == "int":
        return int(data, 16)
    if name == "dict":
        return {restore(key): restore(item) for key, item in data}
    if name == "bytearray":
        return bytearray(data)
    if name in SEQUENCES:
        items = [restore(item) for item in data]
        return setorder.rebuilt(SEQUENCES[name], items, AT_ONCE in stored)
    return _restored_object(name, data)


def kept(value: Any) -> Any:
    """`value` as msgpack holds it, if it comes back equal and of the same type. Raises Unkept."""
    try:
        if packable(value):
            return value
        stored = keep(value)
        back = restore(stored)
        if type(back) is type(value) and (back == value or stored == keep(back)):
            return stored
    except Unkept:
        raise
    except Exception:
        pass
    raise Unkept


def shown(value: Any) -> Any:
    """`value` as msgpack holds it, by the name of its type what it cannot hold, what fails when it
    is asked for its parts, and what is within itself.
    """
    return _shown(value, ())


def _shown(value: Any, within: tuple[int, ...]) -> Any:
    try:
        return keep(value, alike=True)
    except Exception:
        pass
    if id(value) not in within and len(within) <= DEEPEST:
        within = (*within, id(value))
        if type(value) is dict and all(type(key) is str for key in value):
            return {key: _shown(item, within) for key, item in value.items()}
        if type(value) in (list, tuple):
            return [_shown(item, within) for item in value]
    return f"<{type_name(value)}>"


def type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else _name(kind)


def _kept_object(value: Any, kind: type, depth: int, alike: bool) -> Any:
    name = _name(kind)
    if found(name) is not kind:
        raise Unkept
    if kind.__name__ in PARSED.get(kind.__module__.partition(".")[0], ()):
        return _tagged(name, value.isoformat() if hasattr(value, "isoformat") else str(value))
    if name == "datetime.timedelta":
        return _tagged(name, [value.days, value.seconds, value.microseconds])
    if _is_enum(kind):
        return _tagged(name, value.name)
    if _is_named_tuple(kind):
        return _tagged(name, [keep(item, depth + 1, alike) for item in value])
    fields = _fields(value, kind)
    return _tagged(name, {key: keep(item, depth + 1, alike) for key, item in fields.items()})


def _restored_object(name: str, data: Any) -> Any:
    kind: Any = found(name)
    if not isinstance(kind, type):
        raise Unkept
    made: Any = kind
    module = name.partition(".")[0]
    if kind.__name__ in PARSED.get(module, ()):
        return made.fromisoformat(data) if module == "datetime" else made(data)
    if name == "datetime.timedelta":
        return made(*data)
    if _is_enum(kind):
        return made[data]
    if _is_named_tuple(kind):
        return tuple.__new__(kind, [restore(item) for item in data])
    if not isinstance(data, dict):
        raise Unkept
    fields = {key: restore(item) for key, item in data.items()}
    if hasattr(kind, "__pydantic_fields__"):
        set_ = fields.pop("", None)
        return made.model_construct(_fields_set=set_, **fields)
    if not hasattr(kind, "__dataclass_fields__"):
        raise Unkept
    instance: Any = object.__new__(kind)
    for key, item in fields.items():
        object.__setattr__(instance, key, item)
    return instance


def _fields(value: Any, kind: type) -> dict[str, Any]:
    """The fields of a dataclass or of a pydantic model; its set fields under the empty name."""
    if hasattr(kind, "__pydantic_fields__") and hasattr(kind, "model_construct"):
        extra = getattr(value, "__pydantic_extra__", None) or {}
        return {**vars(value), **extra, "": set(value.model_fields_set)}
    if hasattr(kind, "__dataclass_fields__"):
        return {name: getattr(value, name) for name in kind.__dataclass_fields__}
    raise Unkept


def found(name: str) -> Any:
    """The class `module:qualified.name`, or `module.name`, if its module is loaded; else None."""
    module, _, path = name.partition(":") if ":" in name else name.rpartition(".")
    place: Any = sys.modules.get(module)
    for part in path.split("."):
        place = getattr(place, part, None)
    return place


def _name(kind: type) -> str:
    dotted = "." in kind.__qualname__
    return f"{kind.__module__}{':' if dotted else '.'}{kind.__qualname__}"


def _is_enum(kind: type) -> bool:
    enum = sys.modules.get("enum")
    return enum is not None and issubclass(kind, enum.Enum)


def _is_named_tuple(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _tagged(name: str, data: Any) -> dict[str, Any]:
    return {TAG: name, ITEMS: data}


__all__ = ["Unkept", "found", "keep", "kept", "restore", "shown", "type_name"]
