"""A whole family of services, made for the tests: nothing of the program knows of it.

May import the contract and the domain, as a family in `app/services` may.
"""
