"""What goes wrong with tapes and replays.

TapeError           a file that is no tape, or not one that can be used
  NewerVersion      written by a later release
  FullDisk          what was to be appended did not fit
Divergence          a BaseException: the agent asked for what the tape does not hold
  Halt              the run was ended on purpose: the tape has no more, a cap was reached
"""

from __future__ import annotations


class TapeError(Exception):
    """A tape cannot be read, written or used. The message is one line for a user."""


class NewerVersion(TapeError):
    """The file was written by a later version of the format."""


class FullDisk(TapeError):
    """A record could not be appended; what was whole on the tape stays."""


class Divergence(BaseException):
    """A replayed agent asked for something that its tape does not hold.

    A BaseException, so that the `except Exception` of an agent or an SDK does not swallow it.
    """


class Halt(Divergence):
    """The run was ended on purpose: nothing left to answer with, or a cap was reached."""
