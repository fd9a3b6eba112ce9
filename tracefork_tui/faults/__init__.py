"""The faults that can be injected at a step: what each is, and the answer that it becomes.

A fault compiles to a primitive `Answer` (or to a draw's value) that the debuggee serves without
knowing what it means.
"""

from .catalogue import catalogue
from .compiler import applicable, compile_draw, compile_fault, refusal
from .model import Fault, FaultError, Param, Spec
from .spec import accepted, describe, make, parse

__all__ = [
    "Fault",
    "FaultError",
    "Param",
    "Spec",
    "accepted",
    "applicable",
    "catalogue",
    "compile_draw",
    "compile_fault",
    "describe",
    "make",
    "parse",
    "refusal",
]
