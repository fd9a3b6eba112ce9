"""Launching the debuggee, following its tape, verifying it, explaining a divergence."""
