"""scipy's sparse matrices, brought in when the first is made.

They take half a second and 40 MB, which a process that has nobody to choose for does without.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scipy.sparse import coo_array, csc_array, csr_array, diags_array, vstack

__all__ = ["coo_array", "csc_array", "csr_array", "diags_array", "vstack"]


def __getattr__(name: str) -> Any:
    from scipy import sparse

    return getattr(sparse, name)
