"""SQLite's index of words holds them as PostgreSQL's does: without accents, and x² as x2."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(sa.text(statement))


_COLUMNS = ("title", "authors", "abstract")
_NAMES = ", ".join(_COLUMNS)


def _bare(row: str) -> str:
    """The row's texts as they are indexed; `bare` is the program's own function, which every connection is given."""
    return ", ".join(f"bare({row}.{column}) AS {column}" for column in _COLUMNS)


_TAKE_OUT = f"INSERT INTO paper_words (paper_words, rowid, {_NAMES}) SELECT 'delete', old.id, {_bare('old')};"
_PUT_IN = f"INSERT INTO paper_words (rowid, {_NAMES}) SELECT new.id, {_bare('new')};"
_CHANGED = " OR ".join(f"old.{column} <> new.{column}" for column in ("id", *_COLUMNS))

SQLITE = (
    *(f"DROP TRIGGER paper_words_{event}" for event in ("insert", "delete", "update")),
    "DROP TABLE paper_words",
    f"CREATE VIEW paper_words_texts AS SELECT id, {_bare('papers')} FROM papers",
    f"CREATE VIRTUAL TABLE paper_words USING fts5({_NAMES},"
    " content='paper_words_texts', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')",
    f"CREATE TRIGGER paper_words_insert AFTER INSERT ON papers BEGIN {_PUT_IN} END",
    f"CREATE TRIGGER paper_words_delete AFTER DELETE ON papers BEGIN {_TAKE_OUT} END",
    f"CREATE TRIGGER paper_words_update AFTER UPDATE OF id, {_NAMES} ON papers"
    f" WHEN {_CHANGED} BEGIN {_TAKE_OUT} {_PUT_IN} END",
    "INSERT INTO paper_words (paper_words) VALUES ('rebuild')",
)
