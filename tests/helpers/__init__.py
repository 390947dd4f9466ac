"""What several tests share: the shared data, leak checks, archives, displays.

May import the program and pytest; no test lives here.
"""
