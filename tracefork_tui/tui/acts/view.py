"""What is shown of a step, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions import Mistake, action
from ..text import short
from ..units import size

if TYPE_CHECKING:
    from ..screens.main import MainScreen

MOST_COPIED = 1_000_000


@action("right_square_bracket", label="view", help="next view of this step", group="View", hint=5)
def next_view(screen: MainScreen, count: int | None) -> None:
    screen.turn_view(count or 1)


@action("left_square_bracket", label="view back", help="previous view", group="View")
def previous_view(screen: MainScreen, count: int | None) -> None:
    screen.turn_view(-(count or 1))


def _named(screen: MainScreen, words: str) -> None:
    from ..text import short
    from ..views import views_of

    names = [one.name for one in views_of(screen.session.step)]
    found = [name for name in names if name.lower().startswith(words.lower())]
    if not found:
        raise Mistake(f"no view “{short(words, 20)}” here: {', '.join(names).lower()}")
    screen.open_view(found[0])


@action(label="open view", help="open a view by its name; without one, the next", group="View",
        give=_named)  # fmt: skip
def view(screen: MainScreen, count: int | None) -> None:
    screen.turn_view(count or 1)


@action("tab", label="pane", help="next pane", group="View")
def next_pane(screen: MainScreen, count: int | None) -> None:
    screen.focus_next()


@action("shift+tab", label="pane back", help="previous pane", group="View")
def previous_pane(screen: MainScreen, count: int | None) -> None:
    screen.focus_previous()


@action("ctrl+d", label="down", help="half a page down in the view", group="View")
def half_down(screen: MainScreen, count: int | None) -> None:
    screen.scroll_body(screen.body.size.height // 2 * (count or 1))


@action("ctrl+u", label="up", help="half a page up in the view", group="View")
def half_up(screen: MainScreen, count: int | None) -> None:
    screen.scroll_body(-(screen.body.size.height // 2) * (count or 1))


@action("J", label="line down", help="a line down in the view", group="View")
def line_down(screen: MainScreen, count: int | None) -> None:
    screen.scroll_body(count or 1)


@action("K", label="line up", help="a line up in the view", group="View")
def line_up(screen: MainScreen, count: int | None) -> None:
    screen.scroll_body(-(count or 1))


@action("z", label="zoom", help="the view alone, or all panes again", group="View", hint=6)
def zoom(screen: MainScreen, count: int | None) -> None:
    screen.toggle_class("zoomed")
    screen.body.focus()


@action("W", label="wrap", help="wrap long lines, or let them run on", group="View")
def wrap(screen: MainScreen, count: int | None) -> None:
    screen.body.toggle_wrap()
    screen.say("long lines are wrapped" if screen.body.wraps else "long lines run on")


@action("L", label="whole lines", help="show very long lines whole, or cut", group="View")
def whole_lines(screen: MainScreen, count: int | None) -> None:
    screen.body.toggle_whole()
    screen.say(
        "very long lines are shown whole" if screen.body.whole else "very long lines are cut"
    )


@action("space", label="fold", group="View",
        help="fold or unfold what the cursor of the view is in")  # fmt: skip
def fold(screen: MainScreen, count: int | None) -> None:
    screen.body.focus()
    if not screen.body.action_fold():
        screen.say("nothing folds here")


@action("F", label="fold all", help="fold the whole view, or unfold it", group="View")
def fold_all(screen: MainScreen, count: int | None) -> None:
    screen.say("folded" if screen.body.fold_all() else "unfolded")


@action("backslash", label="lanes", group="View",
        help="lanes of conversations, and of parallel exchanges, or none")  # fmt: skip
def lanes(screen: MainScreen, count: int | None) -> None:
    screen.say("lanes are shown" if screen.timeline.toggle_lanes() else "no lanes are shown")


@action("T", label="thread", group="Jump",
        help="from the message under the view's cursor to the step that first had it")  # fmt: skip
def thread(screen: MainScreen, count: int | None) -> None:
    import asyncio

    from ..threads import Hop, hop
    from ..views.chat import Message

    message = screen.body.document.about_at(screen.body.here())
    if not isinstance(message, Message):
        screen.say("no message here: CHAT and DELTA have them, Tab leads there")
        return
    session, start = screen.session, screen.session.cursor

    def back(at: Message) -> Hop:
        with session.background() as reader:
            return hop(reader, at)

    async def follow() -> None:
        found = Hop(message, over=False)
        while not found.over and session.cursor == start:
            found = await asyncio.to_thread(back, found.at)
            screen.say(f"following the message back, step {found.at.n:,} …")
        if session.cursor != start:
            return
        how = "came" if found.came else "was first sent"
        if found.at.n == start:
            screen.say(f"it {how} at this step")
        else:
            screen.jump(found.at.n, lambda: screen.say(f"it {how} here"))

    screen.run_worker(follow(), group="thread", exclusive=True, exit_on_error=False)


@action("p", label="play", group="View",
        help="the stream as it came, at its own pace; again: 4 times as fast, at once")  # fmt: skip
def play(screen: MainScreen, count: int | None) -> None:
    from ..views.stream import StreamPage

    def begin() -> None:
        page = screen.body.document
        if not isinstance(page, StreamPage) or not page.times:
            screen.say("when the pieces of this reply came is not on the tape")
        else:
            screen.player.begin(screen, page)

    if screen.player.playing:
        screen.player.faster()
    elif screen.session.kind != "exchange":
        screen.say("a draw has no stream to play")
    else:
        screen.then_open("STREAM", begin)


@action("y", label="yank", help="copy the open view to the clipboard", group="View", hint=8)
def yank(screen: MainScreen, count: int | None) -> None:
    text = screen.body.picked_text
    if text:
        screen.app.copy_to_clipboard(text)
        screen.say(f"copied “{short(text, 50)}”")
        return
    text = screen.body.document.text
    if len(text) > MOST_COPIED:
        screen.say(f"the view is too long to copy ({size(len(text))}); see a shorter one")
        return
    screen.app.copy_to_clipboard(text)
    screen.say(
        f"copied {screen.view.name} of step {screen.session.cursor}: {len(text):,} characters"
    )
