"""The command ``ranef``: the same program as without Python."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Runs the command with the arguments of this process."""
    from . import _ranef

    # Python would keep Ctrl-C for a handler that has no chance to run.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _ranef.main(["ranef", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
