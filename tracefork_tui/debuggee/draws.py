"""What an agent draws from its machine: clocks, ids, entropy, random numbers.

Clocks are recorded where the user's code reads them; ids and entropy where anybody does but the
transport. The functions are replaced on their modules before the agent imports them, so that
`from time import time` holds the recorded one too.
"""

from __future__ import annotations

import gc
import sys
import time
from types import BuiltinFunctionType, BuiltinMethodType, FrameType, ModuleType
from typing import Any, Callable

from .bursts import Quick
from .hooks import AfterImport
from .session import Session
from .standin import like, stand_in

Accept = Callable[[FrameType], bool]

CLOCKS = (
    ("time", "float"),
    ("time_ns", "int"),
    ("monotonic", "float"),
    ("monotonic_ns", "int"),
    ("perf_counter", "float"),
    ("perf_counter_ns", "int"),
    ("process_time", "float"),
    ("process_time_ns", "int"),
    ("thread_time", "float"),
    ("thread_time_ns", "int"),
    ("clock_gettime", "float"),
    ("clock_gettime_ns", "int"),
)
NOW_IF_NONE = (("localtime", 0), ("gmtime", 0), ("ctime", 0))
RANDOM_VALUES = [
    "random",
    "uniform",
    "triangular",
    "betavariate",
    "expovariate",
    "gammavariate",
    "gauss",
    "lognormvariate",
    "normalvariate",
    "vonmisesvariate",
    "paretovariate",
    "weibullvariate",
    "binomialvariate",
    "randint",
    "randrange",
    "getrandbits",
    "randbytes",
]
UUIDS = ("uuid1", "uuid4", "uuid6", "uuid7", "uuid8")
IDS_IN_C = ("uuid_utils", "uuid_utils.compat", "fastuuid")
"""Libraries whose ids are made where no Python call leads to; litellm's and LangChain's are theirs.
"""
TOKENS = (("token_bytes", "bytes"), ("token_hex", "str"), ("token_urlsafe", "str"))


def install(session: Session, hooks: AfterImport) -> None:
    """Replace the sources of every module, loaded or yet to be."""
    draws = _Draws(session)
    draws.clocks()
    draws.entropy()
    hooks.on("datetime", draws.dates)
    for name in ("uuid", *IDS_IN_C):
        hooks.on(name, draws.uuids)
    hooks.on("cuid2.generator", draws.cuids)
    hooks.on("random", draws.random)
    hooks.on("secrets", draws.secrets)
    hooks.on("ssl", draws.tls)


def keep_number(value: Any) -> Any:
    """A number as msgpack holds it: an integer of more than 64 bits by its digits."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return {"int": hex(value)}
    return value


def number(stored: Any) -> Any:
    return int(stored["int"], 16) if isinstance(stored, dict) else stored


class _Draws:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._user: Accept = session.callers.asks
        self._anyone: Accept = session.callers.not_transport

    # Clocks

    def clocks(self) -> None:
        for name, kind in CLOCKS:
            if hasattr(time, name):
                self._wrap(time, name, kind, self._user)
        for name, _ in NOW_IF_NONE:
            self._wrap_now(name)
        self._wrap_strftime("strftime", 1)
        self._wrap_strftime("asctime", 0)

    def _wrap_now(self, name: str) -> None:
        """localtime() and its like: without an argument they read the clock."""
        real = getattr(time, name)
        session, accept, now = self._session, self._user, _real(time.time)

        def wrapper(seconds: Any = None) -> Any:
            frame = sys._getframe(1)
            if seconds is None and not session.inside.value and accept(frame):
                seconds = session.draw(f"time.{name}", "float", now, frame)
            return real(seconds)

        setattr(time, name, stand_in(wrapper, real))

    def _wrap_strftime(self, name: str, position: int) -> None:
        real = getattr(time, name)
        session, accept = self._session, self._user
        now, local = _real(time.time), _real(time.localtime)

        def wrapper(*args: Any) -> Any:
            frame = sys._getframe(1)
            if len(args) == position and not session.inside.value and accept(frame):
                args = (*args, local(session.draw(f"time.{name}", "float", now, frame)))
            return real(*args)

        setattr(time, name, stand_in(wrapper, real))

    def dates(self, module: ModuleType) -> None:
        """`now`, `utcnow`, `today`, in the types' own dictionaries, so that the types stay."""
        moment: Any = module.datetime
        day: Any = module.date
        for name in ("now", "utcnow", "today"):
            if name in vars(moment):
                self._wrap_class_method(moment, name, "datetime")
        self._wrap_class_method(day, "today", "date")

    def _wrap_class_method(self, owner: Any, name: str, kind: str) -> None:
        inner = vars(owner)[name]
        session, accept, ahead = self._session, self._user, self._ahead

        def wrapper(cls: Any, *args: Any, **kwargs: Any) -> Any:
            real = inner.__get__(None, cls)
            frame = sys._getframe(1)
            if session.inside.value:
                return real(*args, **kwargs)
            if not accept(frame):
                return ahead(real(*args, **kwargs), frame)
            zone = kwargs.get("tz", args[0] if args else None)

            def decode(text: str) -> Any:
                value = cls.fromisoformat(text)
                return value if zone is None else value.replace(tzinfo=zone)

            return session.draw(
                f"datetime.{owner.__name__}.{name}",
                kind,
                lambda: real(*args, **kwargs),
                frame,
                lambda value: str(value.isoformat()),
                decode,
            )

        like(wrapper, getattr(owner, name))
        set_on_type(owner, name, classmethod(wrapper))

    def _ahead(self, moment: Any, frame: FrameType) -> Any:
        """A library's time of day."""
        ahead = self._session.ahead
        more = ahead.seconds(frame.f_code.co_filename) if ahead is not None else 0.0
        return moment + sys.modules["datetime"].timedelta(seconds=more) if more else moment

    # Ids and entropy

    def entropy(self) -> None:
        import os

        self._wrap(os, "urandom", "bytes", self._anyone)
        if hasattr(os, "getrandom"):
            self._wrap(os, "getrandom", "bytes", self._anyone)

    def uuids(self, module: ModuleType) -> None:
        make: Any = module.UUID
        for name in UUIDS:
            if hasattr(module, name):
                self._wrap(module, name, "uuid", self._anyone, str, make)
        for name, kept, made in (
            ("uuid4_bulk", _texts, lambda ids: [*map(make, ids)]),
            ("uuid7_bulk", _texts, lambda ids: [*map(make, ids)]),
            ("uuid4_as_strings_bulk", list, list),
        ):
            if hasattr(module, name):
                self._wrap(module, name, "list", self._anyone, kept, made)

    def cuids(self, module: Any) -> None:
        """Ids that are made of the names of all variables, too."""
        self._wrap(module.Cuid, "generate", "str", self._anyone)

    def secrets(self, module: ModuleType) -> None:
        for name, kind in TOKENS:
            self._wrap(module, name, kind, self._anyone)
        for name in ("randbelow", "randbits"):
            self._wrap(module, name, "int", self._anyone, keep_number, number)
        self._wrap_pick(module, "choice")

    def tls(self, module: ModuleType) -> None:
        self._wrap(module, "RAND_bytes", "bytes", self._anyone)

    # Random numbers

    def random(self, module: ModuleType) -> None:
        library: Any = module
        for name in RANDOM_VALUES:
            if hasattr(library, name):
                kind = "bytes" if name == "randbytes" else "number"
                self._wrap(library, name, kind, self._anyone, keep_number, number, advance=True)
        for name in ("choice", "choices", "sample"):
            self._wrap_pick(library, name)
        self._wrap(library, "getstate", "state", self._anyone, _state, _state_of)
        self._wrap_shuffle(library)
        self._wrap_seed(library)
        library._urandom = _os_urandom()

    def _wrap_pick(self, module: ModuleType, name: str) -> None:
        """choice, choices, sample: what is drawn are positions; plain items are kept as such."""
        real = getattr(module, name)
        session, accept = self._session, self._anyone
        label = f"{module.__name__}.{name}"

        def wrapper(population: Any, *args: Any, **kwargs: Any) -> Any:
            frame = sys._getframe(1)
            if session.inside.value or not accept(frame) or not _indexed(population):
                return real(population, *args, **kwargs)
            if name == "sample" and kwargs.get("counts") is not None:
                return real(population, *args, **kwargs)
            places = range(len(population))

            def encode(picked: Any) -> Any:
                many = isinstance(picked, list)
                items = [population[i] for i in (picked if many else [picked])]
                if all(type(item) in (str, int, float, bool) for item in items):
                    return items if many else items[0]
                return {"places": picked}

            def decode(stored: Any) -> Any:
                if not isinstance(stored, dict):
                    return stored
                picked = stored["places"]
                if isinstance(picked, list):
                    return [population[i] for i in picked]
                return population[picked]

            def fits(stored: Any) -> bool:
                picked = stored["places"] if isinstance(stored, dict) else []
                return all(i in places for i in (picked if isinstance(picked, list) else [picked]))

            pick = _once(session, lambda: encode(real(places, *args, **kwargs)))
            return decode(session.draw(label, "pick", pick, frame, fits=fits))

        setattr(module, name, stand_in(wrapper, real))

    def _wrap_shuffle(self, module: Any) -> None:
        real = module.shuffle
        session, accept = self._session, self._anyone

        def wrapper(x: Any, *args: Any) -> None:
            frame = sys._getframe(1)
            if session.inside.value or args or not accept(frame):
                real(x, *args)
                return

            def order() -> list[int]:
                places = list(range(len(x)))
                real(places)
                return places

            def fits(places: Any) -> bool:
                return len(places) == len(x)

            shuffled = _once(session, order)
            places = session.draw("random.shuffle", "order", shuffled, frame, fits=fits)
            x[:] = [x[i] for i in places]

        module.shuffle = stand_in(wrapper, real)

    def _wrap_seed(self, module: Any) -> None:
        """A generator that is seeded from the machine: its entropy is the draw."""
        owner = module.Random
        real = owner.seed
        session, accept = self._session, self._anyone
        entropy = _real(_os_urandom())

        def seed(self: Any, a: Any = None, *args: Any, **kwargs: Any) -> None:
            if a is None and not session.inside.value and not isinstance(self, module.SystemRandom):
                frame: Any = sys._getframe(1)
                while frame is not None and frame.f_code.co_filename == module.__file__:
                    frame = frame.f_back
                if frame is not None and accept(frame):
                    drawn = session.draw("random.seed", "bytes", lambda: entropy(32), frame)
                    a = int.from_bytes(drawn, "big")
            real(self, a, *args, **kwargs)

        like(seed, real)
        owner.seed = seed

    def _wrap(
        self,
        module: Any,
        name: str,
        kind: str,
        accept: Accept,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        advance: bool = False,
    ) -> None:
        """`advance`: a replay calls the real function too, so that its state goes on as it did."""
        real = getattr(module, name)
        session, callers = self._session, self._session.callers
        label = f"{module.__name__}.{name}"
        anyone = accept == self._anyone
        python = not isinstance(real, (BuiltinFunctionType, BuiltinMethodType))

        def plainly(*args: Any, **kwargs: Any) -> Any:
            return session.aside(real, args, kwargs) if python else real(*args, **kwargs)

        def keep(frame: FrameType, call: Callable[[], Any]) -> Any:
            return session.draw(label, kind, call, frame, encode, decode)

        def other(frame: FrameType, args: Any, kwargs: Any) -> Any:
            file = frame.f_code.co_filename
            if not anyone and callers.outside(file):
                value = real(*args, **kwargs)
                return value if session.ahead is None else session.ahead.of(name, value, file)
            if not accept(frame):
                return plainly(*args, **kwargs)
            call = _once(session, lambda: real(*args, **kwargs), advance)
            return quick.drawn(frame, call)

        quick = Quick(session, keep)
        if session.policy.feeds:
            wrapper = quick.feeder(plainly, other, advance)
        else:
            wrapper = quick.recorder(plainly if python else real, other)
        setattr(module, name, stand_in(wrapper, real))


def _texts(ids: list[Any]) -> list[str]:
    return [*map(str, ids)]


def _state(state: Any) -> Any:
    version, internal, gauss = state
    return [version, list(internal), gauss]


def _state_of(stored: Any) -> Any:
    version, internal, gauss = stored
    return version, tuple(internal), gauss


def _once(session: Session, call: Callable[[], Any], now: bool = True) -> Callable[[], Any]:
    """`call`, made already where a replay must let a generator's state go on as it did."""
    if not now or not session.policy.replaying:
        return call
    try:
        value = session.aside(call, (), {})
    except Exception:
        return call
    return lambda: value


def _indexed(population: Any) -> bool:
    return hasattr(population, "__len__") and hasattr(population, "__getitem__")


def _os_urandom() -> Any:
    import os

    return os.urandom


def _real(function: Any) -> Any:
    return getattr(function, "__wrapped__", function)


def set_on_type(owner: type, name: str, value: Any) -> None:
    """Set an attribute of an immutable type, in its own dictionary."""
    import ctypes

    namespace: Any = gc.get_referents(owner.__dict__)[0]
    namespace[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
