"""NumPy's own threads."""

import numpy as np

from app.imputation.blas import use_one_blas_thread


def test_products_are_right_afterwards() -> None:
    assert use_one_blas_thread() in (True, False)
    square = np.arange(250_000, dtype=np.float64).reshape(500, 500) % 7
    assert np.array_equal(square @ np.eye(500), square)
