"""RO-Crates of results: what a run used and made, with hashes, and the proof that nothing changed since.

May import `reporting`, `indexing` of results, `genotypes.reporting` and `domain`.
"""
