"""Faults applied to steps: whether they can be, and the primitive that they become."""

from __future__ import annotations

from typing import Any

from tracefork_tui.tape.answer import Answer
from tracefork_tui.tape.steps import Draw, Step

from .catalogue import catalogue
from .model import Fault, FaultError, Spec
from .recorded import Recorded


def applicable(step: Step) -> list[Fault]:
    """The faults that can be met at a step, with parameters that suit it."""
    subject = _subject(step)
    return [f for f in catalogue() if f.on == step.kind and _unmet(f, subject) is None]


def refusal(fault: Fault | Spec, step: Step) -> str | None:
    """Why a fault does not apply to a step; None if it does. A Spec's parameters count too."""
    try:
        if isinstance(fault, Spec):
            _make(fault, step)
        else:
            _checked(fault, step)
    except FaultError as error:
        return str(error)
    return None


def compile_fault(spec: Spec, step: Step) -> list[Answer]:
    """What is served at an exchange, one answer an attempt. Raises FaultError if refused."""
    answer: Answer = _compile(spec, step)
    return [answer] * spec.times


def compile_draw(spec: Spec, step: Step) -> Any:
    """The new value of a draw; an `Error` is raised instead. Raises FaultError if refused."""
    return _compile(spec, step)


def _compile(spec: Spec, step: Step) -> Any:
    try:
        return _make(spec, step)
    except FaultError as error:
        name = spec.fault.name
        raise FaultError(f"{name} does not apply to step {step.n}: {error}") from None


def _make(spec: Spec, step: Step) -> Any:
    return spec.fault.make(_checked(spec.fault, step), spec.params)


def _checked(fault: Fault, step: Step) -> Any:
    """The subject that `fault.make` takes. Raises FaultError with the reason if it is refused."""
    if fault.on != step.kind:
        raise FaultError(f"it is a fault of {fault.on}s, the step is {_A[step.kind]}")
    subject = _subject(step)
    reason = _unmet(fault, subject)
    if reason is not None:
        raise FaultError(reason)
    return subject


_A = {"exchange": "an exchange", "draw": "a draw"}


def _subject(step: Step) -> Any:
    return step if isinstance(step, Draw) else Recorded(step)


def _unmet(fault: Fault, subject: Any) -> str | None:
    reasons = (need(subject) for need in fault.needs)
    return next((reason for reason in reasons if reason is not None), None)
