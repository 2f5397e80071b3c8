"""The only room with SQL: a file per noun, one function per question."""

from sqlalchemy import Connection

from digest.store.engine import Store, make_folder, open_store

__all__ = ["Connection", "Store", "make_folder", "open_store"]
