"""Where things are that tests read in place."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

needs_data = pytest.mark.skipif(not SHARED_DATA.exists(), reason="the real data is not beside this checkout")
