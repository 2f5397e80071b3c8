"""Texts in the form in which they are compared."""

import numpy as np
import pytest
from scipy import sparse

from digest.ranking.documents import MOST_DENSE, Products, widened


@pytest.mark.parametrize("others", [0, 1, 1000])
def test_products_are_those_of_all_features_common_or_rare(others: int) -> None:
    chance = np.random.default_rng(1)
    columns = 3 * MOST_DENSE // 1000
    x, y = (sparse.random_array((rows, columns), density=0.01, format="csr", rng=chance) for rows in (20, others))
    np.testing.assert_allclose(Products(y).of(x), (x @ y.T).toarray(), atol=1e-5)


def test_every_finite_half_is_widened_to_the_same_number() -> None:
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    np.testing.assert_array_equal(widened(finite).view(np.int32), finite.astype(np.float32).view(np.int32))
