"""What runs inside the agent: bootstrap, HTTP seam, draws, effects, and the one decision point.

Standard library and msgpack only, Python 3.9 and later; loaded under a private name.
"""
