"""Agents and a misbehaving server: what a bare, a recorded and a replayed run each see."""
