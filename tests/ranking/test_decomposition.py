"""The singular value decomposition, against numpy's."""

import numpy as np
import pytest
from scipy import sparse

from digest.ranking.decomposition import decompose
from digest.ranking.documents import Floats

RANK = 10


def decaying(rows: int, columns: int, *, by: float, seed: int = 1) -> Floats:
    """A matrix whose every singular value is `by` of the one before."""
    chance = np.random.default_rng(seed)
    size = min(rows, columns)
    left, _ = np.linalg.qr(chance.standard_normal((rows, size)))
    right, _ = np.linalg.qr(chance.standard_normal((columns, size)))
    return np.asarray((left * by ** np.arange(size)) @ right.T, np.float32)


@pytest.mark.parametrize("shape", [(200, 300), (300, 200), (80, 2000), (12, 9)])
@pytest.mark.parametrize("by", [0.5, 0.9])
def test_the_largest_singular_values_and_their_vectors_are_those_of_numpy(shape: tuple[int, int], by: float) -> None:
    matrix = decaying(*shape, by=by)
    rank = min(RANK, *shape)
    left, values, right = decompose(sparse.csr_array(matrix), RANK)
    assert (left.shape, values.shape, right.shape) == ((shape[0], rank), (rank,), (shape[1], rank))
    u, s, v = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)
    assert values == pytest.approx(s[:rank], rel=1e-3)
    # Vectors are told up to their sign.
    assert np.abs(np.sum(left * u[:, :rank], axis=0)) == pytest.approx(np.ones(rank), abs=2e-3)
    assert np.abs(np.sum(right * v[:rank].T, axis=0)) == pytest.approx(np.ones(rank), abs=2e-3)


def test_a_flat_spectrum_is_nearly_as_well_approximated_as_can_be() -> None:
    matrix = np.random.default_rng(3).standard_normal((200, 300)).astype(np.float32)
    left, values, right = decompose(sparse.csr_array(matrix), 50)
    least = np.sqrt((np.linalg.svd(matrix, compute_uv=False)[50:] ** 2).sum())
    assert np.linalg.norm(matrix - (left * values) @ right.T) <= 1.05 * least


@pytest.mark.parametrize("rank", [1, 3, 7])
def test_a_matrix_of_lower_rank_has_no_more_directions_than_that(rank: int) -> None:
    chance = np.random.default_rng(rank)
    matrix = (chance.standard_normal((60, rank)) @ chance.standard_normal((rank, 90))).astype(np.float32)
    left, values, right = decompose(sparse.csr_array(matrix), RANK)
    assert len(values) == rank
    assert (left * values) @ right.T == pytest.approx(matrix, abs=1e-4)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (5, 7)])
def test_a_matrix_of_nothing_has_no_directions(shape: tuple[int, int]) -> None:
    left, values, right = decompose(sparse.csr_array(shape, dtype=np.float32), RANK)
    assert (left.shape, values.shape, right.shape) == ((shape[0], 0), (0,), (shape[1], 0))


def test_a_single_number_is_its_own_singular_value() -> None:
    left, values, right = decompose(sparse.csr_array(np.array([[-3]], np.float32)), RANK)
    assert (values.tolist(), (left * values * right).tolist()) == ([3], [[-3]])


def test_the_same_matrix_gives_the_same_answer() -> None:
    matrix = sparse.random_array((300, 400), density=0.05, rng=np.random.default_rng(2), dtype=np.float32).tocsr()
    first, second = decompose(matrix, RANK), decompose(matrix.copy(), RANK)
    assert all((one == other).all() for one, other in zip(first, second, strict=True))
