"""When to look next: plan.py is pure, clock.py runs it.

May import operations and everything below.
"""
