"""Results that were made elsewhere: which of the files that a person names belong to one, and who made it.

May import genotypes, domain and results.indexing.
"""
