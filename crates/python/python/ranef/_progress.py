"""The line that shows what goes on when something takes longer than a second."""

from __future__ import annotations

import sys
from typing import Optional, Tuple

_FRAMES = "⠋⠙⠸⠴⠦⠇⠏⠛"
_shown = 0
_enabled: Optional[bool] = None


def set_progress(enabled: Optional[bool]) -> None:
    """Show progress of long work, or do not.

    Parameters
    ----------
    enabled : bool or None
        ``None``, the default at the start, shows it in terminals and notebooks and nowhere else.

    Examples
    --------
    >>> import ranef as rf
    >>> rf.set_progress(False)  # never
    >>> rf.set_progress(None)  # in terminals and notebooks
    """
    global _enabled
    _enabled = enabled


def _wanted() -> bool:
    if _enabled is not None:
        return _enabled
    stream = sys.stderr
    if stream is None:
        return False
    # A notebook's stream is no terminal, but takes a carriage return as one does.
    notebook = type(stream).__module__.startswith("ipykernel")
    try:
        return notebook or stream.isatty()
    except ValueError:
        return False


def show(what: Optional[Tuple[str, int]]) -> None:
    """Draws the line, or takes it away; called by the extension module."""
    global _shown
    if not _wanted():
        return
    stream = sys.stderr
    if what is None:
        if _shown:
            stream.write("\r" + " " * _shown + "\r")
            stream.flush()
        _shown = 0
        return
    phase, seconds = what
    frame = _FRAMES[seconds % len(_FRAMES)]
    line = f"{frame} {phase} ({seconds} s)"
    stream.write("\r" + line.ljust(_shown))
    stream.flush()
    _shown = max(_shown, len(line))
