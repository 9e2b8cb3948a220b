"""Files of every kind, damaged at random, and read: no traceback, and nothing lost in silence.

`make fuzz` runs it, outside of the gate. Each trial has a seed of its own, so that a fault can be
had again: `python -m tests.fuzz --only bed --first 1234 --count 1`.
"""
