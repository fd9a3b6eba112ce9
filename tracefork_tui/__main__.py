"""`python -m tracefork_tui`."""

from .cli import main

raise SystemExit(main())
