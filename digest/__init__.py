"""Offprint: trending papers in your inbox."""

import gc

__version__ = "0.1.0"

# In whichever process, before it imports anything else: modules, and what is kept for an edition, are much and live
# long. Looking through them for cycles was a tenth of a start, and of a message's time.
gc.set_threshold(100_000, 20, 50)
