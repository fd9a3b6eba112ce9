"""Recordings of other tools as tapes; one module a format."""

from .formats import FORMATS
from .sources import Importing

__all__ = ["FORMATS", "Importing"]
