"""RO-Crates of results: what a run used and made, with hashes, and the proof that nothing changed since.

May import `reporting.methods` of results and `domain`.
"""
