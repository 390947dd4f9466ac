"""The books of a result: what was sent, what the server says it left out, and what the files here hold.

May import genotypes, domain and results.indexing.
"""
