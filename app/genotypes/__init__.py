"""Reading and writing genotype files, checks as pure functions, the process that runs them.

May import domain only; cyvcf2 only inside functions.
"""

import os

# The threads of NumPy's OpenBLAS spin for 0.1 s of processor time each before they first sleep, in every
# process that loads NumPy. Reading needs none of them; 2^4 cycles of waiting are the least it takes.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
