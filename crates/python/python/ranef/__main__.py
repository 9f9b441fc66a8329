"""``python -m ranef``: the command."""

import sys

from ._cli import main

sys.exit(main())
