"""The version that a paper's texts are of, when it was withdrawn, and an index of its words."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("papers", sa.Column("version", sa.SmallInteger(), nullable=True))
    op.add_column("papers", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    statements = SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL
    for statement in statements:
        op.execute(sa.text(statement))


_TAKE_OUT = (
    "INSERT INTO paper_words (paper_words, rowid, title, authors, abstract)"
    " VALUES ('delete', old.id, old.title, old.authors, old.abstract);"
)
_PUT_IN = (
    "INSERT INTO paper_words (rowid, title, authors, abstract) VALUES (new.id, new.title, new.authors, new.abstract);"
)

# Authors are JSON, of which a tokenizer reads everything but escapes: names are kept without them from here on.
SQLITE = (
    "UPDATE papers SET authors = (SELECT json_group_array(value) FROM json_each(papers.authors))"
    " WHERE instr(authors, '\\u') AND json_valid(authors)",
    "CREATE VIRTUAL TABLE paper_words USING fts5(title, authors, abstract,"
    " content='papers', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')",
    f"CREATE TRIGGER paper_words_insert AFTER INSERT ON papers BEGIN {_PUT_IN} END",
    f"CREATE TRIGGER paper_words_delete AFTER DELETE ON papers BEGIN {_TAKE_OUT} END",
    "CREATE TRIGGER paper_words_update AFTER UPDATE OF id, title, authors, abstract ON papers"
    " WHEN old.id <> new.id OR old.title <> new.title OR old.authors <> new.authors OR old.abstract <> new.abstract"
    f" BEGIN {_TAKE_OUT} {_PUT_IN} END",
    "INSERT INTO paper_words (paper_words) VALUES ('rebuild')",
)

# PostgreSQL's parser takes `text/image` for a path and `state-of-the-art` for a word: with blanks for the
# signs, its words are those of SQLite. A tsvector has its limits, so the longest texts are cut.
_SIGNS = "!\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~‘’“”–—−…·•"


def _vector(text: str, weight: str, most: int) -> str:
    bare = f"normalize(regexp_replace(normalize(left({text}, {most}), NFKD), '[\\u0300-\\u036f]', '', 'g'), NFC)"
    blanks = " " * len(_SIGNS.replace("''", "'"))
    return f"setweight(to_tsvector('english', translate({bare}, '{_SIGNS}', '{blanks}')), '{weight}')"


_WORDS = " || ".join(
    (
        _vector("title", "A", 10_000),
        _vector("authors::jsonb::text", "B", 50_000),
        _vector("abstract", "C", 100_000),
    )
)

# Ranking reads the words of every paper that matches: kept in its row and not compressed, that takes a third.
POSTGRESQL = (
    "ALTER TABLE papers SET (toast_tuple_target = 8160)",
    f"ALTER TABLE papers ADD COLUMN words tsvector GENERATED ALWAYS AS ({_WORDS}) STORED",
    "CREATE INDEX ix_papers_words ON papers USING gin (words)",
)
