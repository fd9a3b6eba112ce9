"""Running the agent again: as it was, or with something changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import action, always
from ..look import Damaged

if TYPE_CHECKING:
    from ...tape.steps import Draw, Exchange
    from ..jobs import Order
    from ..screens.main import MainScreen


def _step(screen: MainScreen) -> Exchange | Draw | None:
    """The step under the cursor, if it is whole."""
    step = screen.session.step
    if step is None or isinstance(step, Damaged):
        screen.say("this step is damaged: nothing can be done to it")
        return None
    return step


def _run(screen: MainScreen, order: Order) -> None:
    from ..screens.asking import tell
    from ..starting import start

    def say(text: str) -> None:
        tell(screen.app, "Not run", text)

    start(screen.app, screen.session, order, say, lambda: None)


def _form(screen: MainScreen, editor: bool) -> None:
    from ..drafts import NotRead, draft_of
    from ..screens.fork import ForkScreen

    session, step = screen.session, _step(screen)
    if step is None:
        return
    try:
        draft = session.drafts.get(step.n) or draft_of(step)
    except NotRead as error:
        screen.say(str(error))
        return
    except Exception as error:  # whatever a damaged or hostile tape holds
        screen.say(f"this step cannot be edited: {type(error).__name__}: {error}")
        return
    session.drafts[step.n] = draft
    screen.app.push_screen(ForkScreen(session, step, draft, editor))


@action("f", label="fork", group="Fork", hint=3,
        help="edit this step's reply or value, and run the agent again from there")  # fmt: skip
def fork(screen: MainScreen, count: int | None) -> None:
    _form(screen, editor=False)


@action("e", label="edit", group="Fork", help="the same, in $EDITOR")
def edit(screen: MainScreen, count: int | None) -> None:
    _form(screen, editor=True)


def _inject(screen: MainScreen, text: str) -> None:
    from ...replay.interventions import Refused
    from ...replay.interventions import fault as read
    from ..jobs import Order

    step = _step(screen)
    if step is None:
        return
    try:
        intervention = read(step, text)
    except Refused as error:
        screen.say(str(error))
        return
    _run(screen, Order(step.n, intervention))


@action("i", label="fault", group="Fork", hint=3, give=_inject,
        help="inject a fault at this step, and run the agent again from there")  # fmt: skip
def fault(screen: MainScreen, count: int | None) -> None:
    from ..screens.fault import FaultScreen

    step = _step(screen)
    if step is not None:
        screen.app.push_screen(FaultScreen(screen.session, step))


@action("r", label="replay", group="Fork", help="replay the tape, and prove that it is what ran")
def replay(screen: MainScreen, count: int | None) -> None:
    from ..jobs import Order

    _run(screen, Order())


@action(label="receipt", group="Fork", when=always,
        help="what the last replay proved; of a fork, whether its beginning holds")  # fmt: skip
def receipt(screen: MainScreen, count: int | None) -> None:
    from ..receipts import show

    show(screen)


@action("R", label="live", group="Fork",
        help="run live from this step on, with your own key (asks first)")  # fmt: skip
def live(screen: MainScreen, count: int | None) -> None:
    from ..jobs import Order

    step = _step(screen)
    if step is not None:
        _run(screen, Order(step.n, tail="live"))
