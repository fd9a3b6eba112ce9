"""Scans of the tape in the background, each by a worker of its own, to be ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.worker import get_current_worker

from .. import scan as scanning

if TYPE_CHECKING:
    from textual.screen import Screen

    from ..session import Session


class Scans:
    """Starts scans of a session's tape for a screen, which gets their news as Scanned."""

    def __init__(self, screen: Screen[Any], session: Session) -> None:
        self._screen = screen
        self._session = session

    def start(self, scan: scanning.Scan[Any], urgent: bool = True) -> None:
        """Start a scan, or let it go on from where its verdicts stand; ends the run before."""
        screen, session = self._screen, self._session
        scan.urgent = urgent
        start = scan.start()
        serial = scan.serial

        def run() -> None:
            worker = get_current_worker()
            scanning.run(screen.post_message, worker, session, scan, start, serial, urgent)

        screen.run_worker(run, group=_group(scan), thread=True, exclusive=True, exit_on_error=False)

    def resume(self, scan: scanning.Scan[Any]) -> None:
        """Let a scan go on where the tape has grown, unless the user has ended it."""
        scan.grown = scan.running
        if scan.done:
            self.start(scan, scan.urgent)

    def take(self, message: scanning.Scanned) -> bool:
        """News of a scan; False for what belongs to an earlier start."""
        scan = message.scan
        taken = scan.take(message)
        if taken and message.done and scan.grown:
            self.start(scan, scan.urgent)
        return taken

    def stop(self, scan: scanning.Scan[Any]) -> None:
        self._screen.workers.cancel_group(self._screen, _group(scan))


def _group(scan: scanning.Scan[Any]) -> str:
    return f"scan {id(scan)}"
