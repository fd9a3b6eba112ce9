"""The parts of the comparison that need no screen: folded lines, pages of changes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tui_forks import family, long_pair, ticket_run
from tui_tapes import HOSTILE, Maker, hostile_run, text

from tracefork_tui.diff import Comparison, Row, Rows, compare, word_diff
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui.diff_words import ended, shape, sums
from tracefork_tui.tui.document import Kind
from tracefork_tui.tui.folds import AROUND, FEWEST, Fold, Lines
from tracefork_tui.tui.look import Reader
from tracefork_tui.tui.rows import row_of
from tracefork_tui.tui.views.changes import MOST, ChangePage, compare_texts, end_page, page_of
from tracefork_tui.tui.widgets.difflist import marked
from tracefork_tui.tui.widgets.steprow import said


def lines_of(kinds: str) -> Lines:
    """Lines of a comparison whose rows are of these kinds, by their signs."""
    names = {"=": "same", "~": "changed", "+": "added", "-": "removed"}
    shared = len(kinds) - len(kinds.lstrip("="))
    rest = [Row(names[sign], n, n) for n, sign in enumerate(kinds, 1)][shared:]  # type: ignore[arg-type]
    tape = Tape.__new__(Tape)
    tape._fd = -1
    return Lines(Comparison(tape, tape, shared, Rows(shared, rest), not rest))


def drawn(lines: Lines) -> str:
    """Lines as signs, a fold as the number of rows in it."""
    signs = {"same": "=", "changed": "~", "added": "+", "removed": "-"}
    said = []
    for line in range(lines.height):
        shown = lines.at(line)
        if shown is None:
            said.append("|")
        elif isinstance(shown, Fold):
            said.append(f"({shown.end - shown.start})")
        else:
            said.append(signs[shown.kind])
    return "".join(said)


@pytest.mark.parametrize(
    ("rows", "seen"),
    [
        ("", "|"),
        ("=", "=|"),
        ("~", "~|"),
        ("===", "(3)|"),
        ("==~==", "==~==|"),
        ("====~=====~====", "(3)=~=(3)=~=(3)|"),
        ("~====~", "~====~|"),
        ("~=====~", "~=(3)=~|"),
        ("+-~", "+-~|"),
    ],
)
def test_runs_of_equal_rows_are_folded(rows: str, seen: str) -> None:
    assert drawn(lines_of(rows)) == seen


def test_folds_unfold_and_fold_again() -> None:
    lines = lines_of("=====~======~")
    assert drawn(lines) == "(4)=~=(4)=~|"
    assert lines.toggle(4)
    assert drawn(lines) == "(4)=~======~|"
    assert lines.toggle(6)
    assert drawn(lines) == "(4)=~=(4)=~|"
    assert not lines.toggle(1)
    assert not lines.toggle(lines.end)
    assert lines.toggle_all() is False
    assert drawn(lines) == "=====~======~|"
    assert lines.toggle_all() is True
    assert drawn(lines) == "(4)=~=(4)=~|"


def test_lines_and_positions_agree_in_any_state() -> None:
    chance = random.Random(7)
    for _ in range(60):
        rows = "".join(chance.choices("=~+-", (12, 1, 1, 1), k=chance.randrange(60)))
        lines = lines_of(rows)
        for _ in range(4):
            lines.toggle(chance.randrange(lines.height))
            seen = [lines.position(line) for line in range(lines.height)]
            assert seen == sorted(set(seen))
            assert seen[-1] == len(rows)
            for line, position in enumerate(seen):
                assert lines.line(position) == line
            for position in range(len(rows)):
                shown = lines.at(lines.line(position))
                if isinstance(shown, Fold):
                    assert shown.start <= position < shown.end
                    assert set(rows[shown.start : shown.end]) == {"="}
                    assert shown.end - shown.start >= FEWEST
                    assert set(rows[max(0, shown.start - AROUND) : shown.start]) <= {"="}
                else:
                    assert lines.position(lines.line(position)) == position


def test_next_and_previous_difference() -> None:
    lines = lines_of("==~~==+=-")
    assert [lines.next_change(n, 1) for n in (0, 2, 3, 6, 8)] == [2, 3, 6, 8, None]
    assert [lines.next_change(n, -1) for n in (9, 8, 6, 3, 2)] == [8, 6, 3, 2, None]
    assert [lines.next_run(n, 1) for n in (0, 2, 3, 6, 8)] == [2, 6, 6, 8, None]
    assert [lines.next_run(n, -1) for n in (9, 8, 6, 3, 2)] == [8, 6, 2, 2, None]
    assert [lines.count_to(n) for n in (0, 2, 3, 8)] == [0, 1, 2, 4]


def test_a_long_prefix_is_not_looked_at(tmp_path: Path) -> None:
    a, b = long_pair(tmp_path, 400, 300)
    comparison = compare(Tape(a), Tape(b))
    lines = Lines(comparison)
    assert lines.changes[0] >= comparison.shared_prefix == 300
    assert isinstance(lines.at(0), Fold)


# Pages


def shown(page: ChangePage) -> list[str]:
    """The page's lines, the marked words in brackets."""
    said = []
    for number, line in enumerate(page.lines):
        for start, end, name in reversed(page.marks.get(number, [])):
            if name.endswith("-word"):
                line = f"{line[:start]}[{line[start:end]}]{line[end:]}"
        said.append(line)
    return said


def texts(before: str, after: str) -> list[str]:
    page = ChangePage()
    compare_texts(page, before, after)
    return shown(page)


def test_changed_words_are_marked_in_their_lines() -> None:
    assert texts("I refund 480 dollars.", "I refund 48 dollars.") == [
        "  − I refund [480 ]dollars.",
        "  + I refund [48 ]dollars.",
    ]


def test_lines_that_only_one_side_has() -> None:
    assert texts("a\nb\n", "a\nnew\nb\n") == ["    a", "  + [new]", "    b"]
    assert texts("a\nold\nb", "a\nb") == ["    a", "  − [old]", "    b"]
    assert texts("one\ntwo", "three\nfour")[0].startswith("  − [one")
    assert texts("say hello\nb", "say good bye\nb") == [
        "  − say [hello]",
        "  + say [good bye]",
        "    b",
    ]


def test_lines_far_from_a_change_are_left_out() -> None:
    before = "\n".join(f"line {n}" for n in range(40))
    said = texts(before, before.replace("line 20", "line twenty"))
    assert said == [
        "    … 18 lines alike",
        "    line 18",
        "    line 19",
        "  − line [20]",
        "  + line [twenty]",
        "    line 21",
        "    line 22",
        "    … 17 lines alike",
    ]


def test_both_texts_are_on_the_page_whole() -> None:
    chance = random.Random(3)
    words = ["one ", "two\n", "three, ", "\n", "four  ", "five\n\n", "漢字"]
    for _ in range(200):
        before = "".join(chance.choices(words, k=chance.randrange(9)))
        after = "".join(chance.choices(words, k=chance.randrange(9)))
        if before == after:
            continue
        page = ChangePage()
        compare_texts(page, before, after)
        plain = [line for line in page.lines if "lines alike" not in line]
        if len(plain) < len(page.lines):
            continue
        old = [line[4:] for line in plain if line[2] != "+"]
        new = [line[4:] for line in plain if line[2] != "−"]
        assert "\n".join(old).strip("\n") == before.strip("\n")
        assert "\n".join(new).strip("\n") == after.strip("\n")


def test_long_texts_are_cut_where_it_can_be_seen() -> None:
    same, tail = "x " * MOST, "y" * MOST
    said = texts(f"{same}old {tail}", f"{same}new {tail}")
    assert said[0].startswith("    … ")
    assert said[0].endswith("characters alike")
    assert said[-1].endswith("more characters are not compared here")
    assert any("[old ]" in line for line in said)
    assert sum(map(len, said)) < 3 * MOST


def pages(a: str, b: str) -> tuple[Comparison, list[ChangePage]]:
    comparison = compare(Tape(a), Tape(b))
    readers = Reader(Tape(a)), Reader(Tape(b))
    rows = range(len(comparison.rows))
    return comparison, [page_of(comparison, *readers, position) for position in rows]


def test_the_page_of_a_changed_step(tmp_path: Path) -> None:
    paths = family(tmp_path)
    comparison, found = pages(paths["root"], paths["right"])
    assert comparison.shared_prefix == 5
    said = shown(found[5])
    assert said[0] == "~ step 6 · answered live → edited"
    assert "reply.content[1].input.amount  [480] → [48]" in said
    assert not any("provenance" in line for line in said)
    last = shown(found[-1])
    assert "  − Done: I refunded $[480].00 for the broken mug." in last
    replies = [n for n, line in enumerate(last) if line.startswith("reply")]
    requests = [n for n, line in enumerate(last) if line.startswith("request")]
    assert max(replies) < min(requests)


def test_changes_of_a_request_are_told_once(tmp_path: Path) -> None:
    paths = []
    for side in "ab":
        run = Maker(tmp_path / f"{side}.msgpack")
        run.say(f"Go {side}.")
        run.ask([text("One.")])
        run.say("And?")
        run.ask([text("Two.")])
        paths.append(run.close())
    _, found = pages(*paths)
    assert "request.messages[0].content  [Go a.] → [Go b.]" in shown(found[0])
    assert "the same reply to another request" in found[0].lines[0]
    assert found[1].lines[-1] == (
        "… 1 change of the request that the changed exchange before has too"
    )


def test_pages_of_one_sided_and_equal_steps(tmp_path: Path) -> None:
    paths = family(tmp_path)
    comparison, found = pages(paths["right"], paths["twice"])
    by_kind = {row.kind: page for row, page in zip(comparison.rows, found, strict=True)}
    assert by_kind["added"].lines[0] == "+ step 7 is only on the right"
    assert any("A-1009" in line for line in by_kind["added"].lines)
    assert by_kind["same"].lines[0].endswith("equal")
    comparison, found = pages(paths["twice"], paths["right"])
    by_kind = {row.kind: page for row, page in zip(comparison.rows, found, strict=True)}
    assert by_kind["removed"].lines[0] == "− step 7 is only on the left"


def test_totals_and_answers(tmp_path: Path) -> None:
    paths = family(tmp_path)
    comparison = compare(Tape(paths["root"]), Tape(paths["right"]))
    a, b = comparison.totals
    assert ended(a)[0].startswith("✗ exit 1 · Done: I refunded $480.00")
    assert ended(b)[0].startswith("✓ exit 0 · Done: I refunded $48.00")
    assert shape(comparison, Lines(comparison)) == "5 steps shared, then 2 changed"
    page = end_page(a, b, ("left", "right"))
    assert "  − Done: I refunded $[480].00 for the broken mug." in shown(page)
    assert any(line.startswith("~ outcome") and "exit 0" in line for line in page.lines)
    assert len(sums(a, b)) == 2


def test_equal_tapes(tmp_path: Path) -> None:
    one, other = (ticket_run(tmp_path / f"{name}.msgpack") for name in "ab")
    comparison = compare(Tape(one), Tape(other))
    assert shape(comparison, Lines(comparison)) == "equal: 13 steps"
    assert end_page(*comparison.totals, ("a", "b")).lines[0] == "the same final answer"


def test_labels_hold_arguments_and_mark_what_differs(tmp_path: Path) -> None:
    paths = family(tmp_path)
    a, b = (row_of(Reader(Tape(paths[name])), 6) for name in ("root", "right"))
    assert said(a) == "→ refund(A-1009, 480, arrived broken)"
    left, right = marked(Row("changed", 6, 6), (a, b), (60, 60))
    assert "".join(word for word, _ in left) == said(a)
    assert [word for word, ink in left if ink] == ["480"]
    assert [word for word, ink in right if ink] == ["48"]


def test_hostile_tapes_give_plain_pages(tmp_path: Path) -> None:
    hostile = hostile_run(tmp_path / "bad.msgpack")
    other = ticket_run(tmp_path / "run.msgpack")
    for pair in ((hostile, other), (other, hostile)):
        comparison, found = pages(*pair)
        a, b = comparison.totals
        found.append(end_page(a, b, (HOSTILE, HOSTILE)))
        for page in found:
            assert len(page.lines) == len(page.kinds)
            for number, line in enumerate(page.lines):
                assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in line)
                for start, end, _ in page.marks.get(number, []):
                    assert 0 <= start <= end <= len(line)
            assert Kind.ERROR not in page.kinds[:1]


def test_a_step_that_is_damaged_is_told(tmp_path: Path) -> None:
    paths = family(tmp_path)
    comparison = compare(Tape(paths["root"]), Tape(paths["right"]))
    data = bytearray(Path(paths["right"]).read_bytes())
    at = data.find(b"refunded $48") if b"refunded $48" in data else data.find(b"$48")
    data[at] ^= 0xFF
    Path(paths["right"]).write_bytes(data)
    fresh = Comparison(
        Tape(paths["root"]),
        Tape(paths["right"]),
        comparison.shared_prefix,
        comparison.rows,
        False,
    )
    for position in range(len(comparison.rows)):
        page_of(fresh, Reader(fresh.a), Reader(fresh.b), position)


def test_word_diff_is_what_the_page_is_made_of() -> None:
    assert [segment.op for segment in word_diff("a b", "a c")] == ["equal", "delete", "insert"]
