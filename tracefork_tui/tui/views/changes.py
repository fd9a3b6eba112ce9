"""What differs in a row of a comparison, with the words that changed marked in their lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...diff import ABSENT, Changes, Comparison, FieldChange, Row, Segment, Totals, word_diff
from ...diff.totals import outcome_text
from ..document import Document, Kind
from ..look import Reader
from ..rows import value_text
from ..text import TAB, plain, short
from ..units import money, span
from . import build, views_of

MOST = 40_000
"""The most characters of a value that are compared word by word; the rest is left out."""

LEAD = 400
"""How much of what two long values begin with alike is shown before their first difference."""

SHORT = 48
"""Two values as long as this are shown on one line."""

NEAR = 2
"""How many lines around a change are shown."""

NAME = 24
QUIET = (".id", ".tool_use_id", ".tool_call_id", ".call_id", ".signature")
GONE, CAME = "gone", "came"


class ChangePage(Document):
    """What differs, line by line."""

    def side(self, sign: str, text: str, spans: Iterable[tuple[int, int]], name: str) -> None:
        """A line that one side has; `spans` are the words that the other side has not."""
        lead = f"  {sign} "
        self.marks[len(self.lines)] = [
            (len(lead) - 2, len(lead) + len(text), name),
            *((len(lead) + start, len(lead) + end, f"{name}-word") for start, end in spans),
        ]
        self.line(lead + text, Kind.VALUE)


def page_of(comparison: Comparison, a: Reader, b: Reader, position: int) -> ChangePage:
    """The page for a row. Never raises, whatever the tapes hold."""
    page = ChangePage()
    row = comparison.rows[position]
    try:
        if row.kind == "changed":
            _changed(page, comparison, position)
        else:
            _one_side(page, row, a, b)
    except Exception as error:  # whatever a damaged or hostile tape holds
        page.line("✗ What differs here cannot be shown.", Kind.ERROR)
        page.add(f"{type(error).__name__}: {error}", Kind.DIM)
    return page


def is_quick(comparison: Comparison, a: Reader, b: Reader, position: int) -> bool:
    """Whether the page of a row takes no more than a draw's value; nothing is read to tell."""
    row = comparison.rows[position]
    sides = ((a, row.a), (b, row.b))
    return all(n is None or reader.kind(n) == "draw" for reader, n in sides)


def _changed(page: ChangePage, comparison: Comparison, position: int) -> None:
    row = comparison.rows[position]
    changes = comparison.fields(row)
    carried = _carried(comparison, position, changes)
    shown = [change for change in changes if _key(change) not in carried]
    shown.sort(key=_rank)
    served = next((one for one in shown if one.path == "provenance"), None)
    shown = [one for one in shown if one.path != "provenance"]
    page.line(_head(row, shown, served), Kind.NEW)
    for change in shown:
        _change(page, change)
    if changes.left:
        page.line(f"… {changes.left:,} more changes are not listed", Kind.DIM)
    if carried:
        more = len(carried)
        page.line(
            f"… {more} change{'s' * (more != 1)} of the request that the changed exchange before "
            "has too",
            Kind.DIM,
        )


def _head(row: Row, shown: Sequence[FieldChange], served: FieldChange | None) -> str:
    """How the step was answered on either side, and where to look for the cause."""
    said = [f"~ step {row.a}" + (f" became {row.b}" if row.a != row.b else "")]
    if served:
        said.append(f"answered {_word(served.before)} → {_word(served.after)}")
    if shown and all(change.path.startswith("request") for change in shown):
        said.append("the same reply to another request")
    elif not shown:
        said.append("nothing else than before")
    return " · ".join(said)


def _word(value: object) -> str:
    return "?" if value is ABSENT else str(value)


def _rank(change: FieldChange) -> tuple[bool, bool, bool]:
    """What came back before what was sent; identifiers last; what one side lacks last."""
    one_sided = change.before is ABSENT or change.after is ABSENT
    return change.path.startswith("request"), change.path.endswith(QUIET), one_sided


def _carried(comparison: Comparison, position: int, changes: Changes) -> set[tuple[str, str, str]]:
    """The changes of the request that the changed exchange before this one has too."""
    if not any(change.path.startswith("request") for change in changes):
        return set()
    for before in range(position - 1, max(comparison.shared_prefix, position - 200) - 1, -1):
        row = comparison.rows[before]
        if row.kind == "changed" and row.a and comparison.a.step(row.a).kind == "exchange":
            here = {_key(change) for change in changes if change.path.startswith("request")}
            return here & {_key(change) for change in comparison.fields(row)}
    return set()


def _key(change: FieldChange) -> tuple[str, str, str]:
    return change.path, repr(change.before), repr(change.after)


def _change(page: ChangePage, change: FieldChange) -> None:
    if _on_one_line(page, change):
        return
    page.line(change.path, Kind.HEADING)
    if change.before is ABSENT:
        _whole(page, "+", _text(change.after), CAME)
    elif change.after is ABSENT:
        _whole(page, "−", _text(change.before), GONE)
    else:
        compare_texts(page, _text(change.before), _text(change.after))


def _on_one_line(page: ChangePage, change: FieldChange) -> bool:
    """Show a change of short values on one line, if it is one."""
    if change.before is ABSENT or change.after is ABSENT:
        return False
    before, after = plain(_text(change.before)), plain(_text(change.after))
    if len(before) + len(after) > SHORT or not before or not after:
        return False
    start = len(plain(change.path)) + 2
    arrow = start + len(before)
    page.marks[len(page.lines)] = [
        (0, start, "strong"),
        (start, arrow, f"{GONE}-word"),
        (arrow + 3, arrow + 3 + len(after), f"{CAME}-word"),
    ]
    page.line(f"{change.path}  {before} → {after}", Kind.TEXT)
    return True


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.replace("\r\n", "\n").expandtabs(TAB) if "\t" in value else value
    return value_text(value, 2 if isinstance(value, (dict, list)) else None)


def _whole(page: ChangePage, sign: str, text: str, name: str) -> None:
    for line in text[:MOST].split("\n"):
        page.side(sign, line, [], name)
    if len(text) > MOST:
        page.line(f"    … {len(text) - MOST:,} more characters", Kind.DIM)


def compare_texts(page: ChangePage, before: str, after: str) -> None:
    """Two texts as lines that both have, or that one side has, with their words marked."""
    skip = _alike(before, after)
    if skip:
        page.line(f"    … {skip:,} characters alike", Kind.DIM)
    left = max(len(before), len(after)) - skip - MOST
    pairs = _Pairs(page)
    for op, text in _line_ends_apart(word_diff(before[skip:][:MOST], after[skip:][:MOST])):
        pairs.take(op, text)
    pairs.close()
    if left > 0:
        page.line(f"    … {left:,} more characters are not compared here", Kind.DIM)


def _line_ends_apart(segments: Sequence[Segment]) -> Iterator[tuple[str, str]]:
    """(op, text) of segments; a line end that a word lost and its successor got is alike."""
    waiting = ""
    for segment, after in zip(segments, [*segments[1:], None], strict=False):
        op, text = segment.op, segment.text
        if waiting and op == "insert":
            yield op, text.removesuffix(waiting)
            yield "equal", waiting
            waiting = ""
        elif op == "delete" and after is not None and after.op == "insert":
            waiting = _common_end(text, after.text)
            yield op, text.removesuffix(waiting)
        else:
            yield op, text


def _common_end(before: str, after: str) -> str:
    """The white space with a line end in it that both texts end with."""
    size = 0
    while (
        size < min(len(before), len(after))
        and before[-1 - size] == after[-1 - size]
        and before[-1 - size].isspace()
    ):
        size += 1
    end = before[len(before) - size :]
    return end if "\n" in end else ""


def _alike(before: str, after: str) -> int:
    """How much of two long texts' common beginning is left out."""
    if max(len(before), len(after)) <= MOST:
        return 0
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high + 1) // 2
        if before[:middle] == after[:middle]:
            low = middle
        else:
            high = middle - 1
    return max(0, low - LEAD)


class _Pairs:
    """Gathers segments until both sides reach the end of a line."""

    def __init__(self, page: ChangePage) -> None:
        self._page = page
        self._texts: tuple[list[str], list[str]] = ([], [])
        self._spans: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
        self._lengths = [0, 0]
        self._alike: list[str] = []
        self._first = True

    def take(self, op: str, text: str) -> None:
        if op != "equal":
            side = 0 if op == "delete" else 1
            if not any(self._lengths) and "\n" in text:
                whole, _, text = text.rpartition("\n")
                self._show_alike(last=False)
                self._put(side, whole, marked=True)
                self._show(side)
                self._clear()
            self._put(side, text, marked=True)
            return
        *lines, rest = text.split("\n")
        for line in lines:
            self._put(0, line)
            self._put(1, line)
            self._end_line()
        if rest:
            self._put(0, rest)
            self._put(1, rest)

    def close(self) -> None:
        if any(self._lengths):
            self._end_line(last=True)
        self._show_alike(last=True)

    def _put(self, side: int, text: str, marked: bool = False) -> None:
        if marked and text:
            start = self._lengths[side]
            self._spans[side].append((start, start + len(text)))
        self._texts[side].append(text)
        self._lengths[side] += len(text)

    def _end_line(self, last: bool = False) -> None:
        """Show the line of either side; an empty last one is none."""
        if any(self._spans):
            self._show_alike(last=False)
            for side in (0, 1):
                if self._lengths[side] or not last:
                    self._show(side)
        else:
            self._alike.append("".join(self._texts[0]))
        self._clear()

    def _clear(self) -> None:
        for side in (0, 1):
            self._texts[side].clear()
            self._spans[side].clear()
            self._lengths[side] = 0

    def _show(self, side: int) -> None:
        sign, name = (("−", GONE), ("+", CAME))[side]
        text, spans = "".join(self._texts[side]), self._spans[side]
        at = 0
        for line in text.split("\n"):
            end = at + len(line)
            inside = [
                (max(start, at) - at, min(stop, end) - at)
                for start, stop in spans
                if start < end and stop > at
            ]
            self._page.side(sign, line, inside, name)
            at = end + 1

    def _show_alike(self, last: bool) -> None:
        lines, first = self._alike, self._first
        head = 0 if first else NEAR
        tail = 0 if last else NEAR
        if len(lines) <= head + tail + 1:
            self._context(lines)
        else:
            self._context(lines[:head])
            self._page.line(f"    … {len(lines) - head - tail:,} lines alike", Kind.DIM)
            self._context(lines[len(lines) - tail :])
        self._alike, self._first = [], False

    def _context(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._page.line(f"    {line}", Kind.DIM)


def _one_side(page: ChangePage, row: Row, a: Reader, b: Reader) -> None:
    """A step that only one side has, or that both have alike."""
    reader, n = (b, row.b) if row.b else (a, row.a)
    assert n is not None
    heads = {
        "same": f"  step {row.a}" + (f" and {row.b}" if row.a != row.b else "") + ": equal",
        "added": f"+ step {n} is only on the right",
        "removed": f"− step {n} is only on the left",
    }
    page.line(heads[row.kind], Kind.NEW)
    page.line("")
    views = views_of(reader.step(n))
    view = next((one for one in views if one.name == "DELTA"), views[0])
    shown = build(view, reader, n)
    page.extend(shown)


def end_page(a: Totals, b: Totals, names: tuple[str, str]) -> ChangePage:
    """Both runs in figures, and their final answers."""
    page = ChangePage()
    if a.answer == b.answer:
        page.line("the same final answer" if a.answer else "no final answer in either", Kind.NEW)
        page.add(a.answer, Kind.PROSE, 4)
    else:
        page.line("final answer", Kind.NEW)
        compare_texts(page, _text(a.answer), _text(b.answer))
    page.line("")
    left, right = (short(name, NAME) for name in names)
    page.line(f"  {'':<14}{left:>{NAME}}  {right}", Kind.DIM)
    for what, one, other in figures(a, b):
        sign, kind = (" ", Kind.DIM) if one == other else ("~", Kind.TEXT)
        page.line(f"{sign} {what:<14}{one:>{NAME}}  {other}", kind)
    return page


def figures(a: Totals, b: Totals) -> list[tuple[str, str, str]]:
    """(name, left, right) of all that the runs came to; what neither has is left out."""
    whole = [
        ("steps", f"{a.steps:,}", f"{b.steps:,}"),
        ("exchanges", f"{a.exchanges:,}", f"{b.exchanges:,}"),
        ("draws", f"{a.draws:,}", f"{b.draws:,}"),
        ("tokens read", f"{a.read_tokens:,}", f"{b.read_tokens:,}"),
        ("from cache", f"{a.cache_read_tokens:,}", f"{b.cache_read_tokens:,}"),
        ("into cache", f"{a.cache_write_tokens:,}", f"{b.cache_write_tokens:,}"),
        ("tokens written", f"{a.output_tokens:,}", f"{b.output_tokens:,}"),
        ("cost", cost(a), cost(b)),
        ("time", duration(a), duration(b)),
        ("outcome", outcome_text(a.outcome), outcome_text(b.outcome)),
    ]
    return [(name, left, right) for name, left, right in whole if {left, right} != {"0"}]


def cost(totals: Totals) -> str:
    return "cost unknown" if totals.cost is None else money(totals.cost)


def duration(totals: Totals) -> str:
    return "time unknown" if totals.duration is None else span(totals.duration)
