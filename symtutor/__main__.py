"""`python -m symtutor` is the command `symtutor`."""

import sys

from .cli import main

sys.exit(main())
