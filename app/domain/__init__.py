"""The nouns of the program: frozen models and enums without I/O.

May import the standard library and pydantic, and nothing of the program.
"""
