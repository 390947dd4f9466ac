"""Repairs of packed genotypes: the plan, the decision for every site and sample, the files written.

`plan.py` runs the repairs in order over a `Draft`; nothing is written before `apply.py`. May import genotypes
and domain. A new repair is a function in the module of its group and a line in `plan.STEPS`.
"""
