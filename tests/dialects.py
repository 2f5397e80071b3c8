"""Tests with a store run on both databases, unless they say that SQLite will do.

It will where what is tried is no matter of SQL: each statement of such a test is asked of PostgreSQL by another one.
"""

import pytest

app_on_sqlite = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
store_on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
