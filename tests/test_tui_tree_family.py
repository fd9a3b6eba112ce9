"""Families of tapes, found by reading headers in a folder."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest
from tui_forks import family, parent, ticket_run
from tui_tapes import HOSTILE, Maker

from tracefork_tui.tape.peek import peek
from tracefork_tui.tape.reader import Tape
from tracefork_tui.tui import family as kin
from tracefork_tui.tui.forks import fork_lines
from tracefork_tui.tui.session import identity


def forest(folder: Path) -> kin.Forest:
    return kin.forest(kin.read_folder(str(folder)))


def shape(folder: Path) -> list[object]:
    def of(node: kin.Node) -> object:
        name = node.name if node.tape else f"({node.name})"
        return (name, [of(fork) for fork in node.forks]) if node.forks else name

    return [of(root) for root in forest(folder).roots]


def test_a_family_is_a_tree(tmp_path: Path) -> None:
    family(tmp_path)
    fork = ("run.fork-1.msgpack", ["run.fork-1.fork-1.msgpack"])
    assert shape(tmp_path) == [("run.msgpack", [fork, "run.fork-2.msgpack"])]


def test_files_may_be_renamed(tmp_path: Path) -> None:
    paths = family(tmp_path)
    os.rename(paths["root"], tmp_path / "other name")
    os.rename(paths["right"], tmp_path / "z.tape")
    tree = ("z.tape", ["run.fork-1.fork-1.msgpack"])
    assert shape(tmp_path) == [("other name", ["run.fork-2.msgpack", tree])]


def test_a_parent_that_is_elsewhere_is_told_by_its_forks(tmp_path: Path) -> None:
    paths = family(tmp_path)
    os.remove(paths["right"])
    assert shape(tmp_path) == [
        ("run.msgpack", ["run.fork-2.msgpack"]),
        ("(run.fork-1.msgpack)", ["run.fork-1.fork-1.msgpack"]),
    ]


def test_families_are_kept_apart(tmp_path: Path) -> None:
    paths = family(tmp_path)
    other = ticket_run(tmp_path / "other.msgpack", 77)
    found = forest(tmp_path)
    node, root = found.find(identity(paths["twice"])), found.find(identity(paths["root"]))
    stranger = found.find(identity(other))
    assert node
    assert root
    assert stranger
    assert found.family(node) == [root]
    assert found.family(stranger) == [stranger]
    assert node.under(root)
    assert not root.under(node)


def test_a_copy_is_of_the_family_and_takes_no_forks(tmp_path: Path) -> None:
    paths = family(tmp_path)
    shutil.copy(paths["root"], tmp_path / "a copy.msgpack")
    found = forest(tmp_path)
    copy = found.find(identity(str(tmp_path / "a copy.msgpack")))
    assert copy is not None
    assert not copy.forks
    assert [node.name for node in found.family(copy)] == ["a copy.msgpack", "run.msgpack"]


def test_a_rerun_with_its_parents_fingerprint_is_below_it(tmp_path: Path) -> None:
    root = ticket_run(tmp_path / "b.msgpack")
    again = parent(root, 6, "", "")
    for name in ("a.msgpack", "c.msgpack"):
        run = ticket_run(tmp_path / name, header=again)
        assert Tape(run).header["parent"]["fingerprint"] == Tape(root).fingerprint
    assert shape(tmp_path) == [("b.msgpack", ["a.msgpack", "c.msgpack"])]


def test_forks_that_name_each_other_are_no_circle(tmp_path: Path) -> None:
    lost = {"parent": {"fingerprint": "", "step": 1, "file": "x"}}
    one = ticket_run(tmp_path / "one.msgpack", header=lost)
    circle = parent(one, 6, "reply", "edited reply")
    os.remove(one)
    for name in ("one.msgpack", "two.msgpack"):
        ticket_run(tmp_path / name, header=circle)
    nodes = [node.name for root in forest(tmp_path).roots for node in root.walk() if node.tape]
    assert sorted(nodes) == ["one.msgpack", "two.msgpack"]


def test_a_tape_that_was_not_closed_has_its_forks(tmp_path: Path) -> None:
    run = Maker(tmp_path / "cut.msgpack")
    run.draw("time.time", "float", 1.0)
    run.draw("time.time", "float", 2.0)
    path = run.close(sealed=False)
    ticket_run(tmp_path / "fork.msgpack", header=parent(path, 2, "draw", "another value"))
    assert shape(tmp_path) == [("cut.msgpack", ["fork.msgpack"])]
    node = forest(tmp_path).find(identity(path))
    assert node
    assert node.tape
    assert kin.end_words(kin.glance(node.tape)) == ("?", "cut off")


def test_what_is_no_tape_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = family(tmp_path)
    before = shape(tmp_path)
    (tmp_path / "empty.msgpack").touch()
    (tmp_path / "text.msgpack").write_text("no tape")
    (tmp_path / "cut.msgpack").write_bytes(Path(paths["root"]).read_bytes()[:60])
    (tmp_path / "flipped.msgpack").write_bytes(
        Path(paths["root"]).read_bytes().replace(b"command", b"commanD", 1)
    )
    (tmp_path / "folder.msgpack").mkdir()
    os.symlink("nowhere", tmp_path / "dangling.msgpack")
    os.symlink(paths["root"], tmp_path / "zz the same.msgpack")
    os.mkfifo(tmp_path / "pipe.msgpack")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)
        server.bind("socket.msgpack")
    if os.getuid():
        (tmp_path / "secret.msgpack").write_bytes(Path(paths["root"]).read_bytes())
        (tmp_path / "secret.msgpack").chmod(0)
    assert shape(tmp_path) == before


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert shape(tmp_path / "nowhere") == []


def test_tapes_are_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kin, "MOST_FILES", 4)
    family(tmp_path)
    for n in range(6):
        (tmp_path / f"a{n}").touch()
    folder = kin.read_folder(str(tmp_path))
    assert len(folder.tapes) == 4
    assert folder.left == 6


def test_a_header_of_any_shape(tmp_path: Path) -> None:
    for n, odd in enumerate(([], "x", 7, {"step": "x"}, {"fingerprint": 3, "file": 4, "kind": {}})):
        ticket_run(tmp_path / f"{n}.msgpack", header={"parent": odd, "started": "then"})
    found = forest(tmp_path)
    nodes = [node for root in found.roots for node in root.walk()]
    assert sum(node.tape is not None for node in nodes) == 5
    for node in nodes:
        kin.brief(node.parent), kin.intervention(node.parent), node.step, node.started
        fork_lines(node)


def test_two_hundred_forks_cost_their_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = ticket_run(tmp_path / "run.msgpack")
    header = parent(root, 6, "reply", "edited reply")
    fork = ticket_run(tmp_path / "run.fork-0.msgpack", 48, header)
    for n in range(1, 200):
        shutil.copy(fork, tmp_path / f"run.fork-{n}.msgpack")
    opened: list[object] = []
    monkeypatch.setattr(kin, "Tape", lambda path: opened.append(path))
    found = forest(tmp_path)
    assert len(found.roots) == 1
    assert len(found.roots[0].forks) == 200
    assert not opened


def test_peek_tells_what_the_tape_tells(tmp_path: Path) -> None:
    path = ticket_run(tmp_path / "run.msgpack")
    seen, tape = peek(path), Tape(path)
    assert seen
    assert (seen.header, seen.fingerprint, seen.steps) == (
        tape.header,
        tape.fingerprint,
        len(tape.steps),
    )


def test_lines_for_the_context_column(tmp_path: Path) -> None:
    paths = family(tmp_path)
    found = forest(tmp_path)
    root, right = (found.find(identity(paths[name])) for name in ("root", "right"))
    assert root
    assert right
    text = "".join(part for part, _ in fork_lines(root))
    assert text == "├ a edit@6 ✓ +1\n└ b overloaded@6 ✗\n"
    text = "".join(part for part, _ in fork_lines(right))
    assert text == "edit@6 of run.msgpack\n└ a draw@7 ✓\n"


def test_hostile_names_and_headers_are_plain_in_the_column(tmp_path: Path) -> None:
    bad = HOSTILE.replace("\x00", "").replace("/", "∕").replace("\ud800", "")
    root = ticket_run(tmp_path / f"{bad}.msgpack")
    ticket_run(tmp_path / "fork.msgpack", 48, parent(root, 6, bad, bad))
    fork = forest(tmp_path).find(identity(str(tmp_path / "fork.msgpack")))
    assert fork
    assert fork.up
    for node in (fork, fork.up):
        text = "".join(part for part, _ in fork_lines(node))
        assert not any(ord(character) < 32 and character != "\n" for character in text)


def test_an_imported_tape_is_not_called_cut_off(tmp_path: Path) -> None:
    run = Maker(tmp_path / "run.msgpack", {"imported": {"from": "a.har", "format": "har"}})
    run.draw("time.time", "float", 1.0)
    node = forest(tmp_path).find(identity(run.close(sealed=False)))
    assert node
    assert node.tape
    assert kin.end_words(kin.glance(node.tape)) == ("·", "imported")
