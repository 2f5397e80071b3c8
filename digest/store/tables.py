"""The tables, once, for SQLite and PostgreSQL alike. Rows never leave this room."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)

from digest.model import DeliveryState


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite, which has no zones, keeps the naive UTC value."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _instant if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


@lru_cache(maxsize=10_000)
def _instant(text: str | None) -> datetime | None:
    """As SQLite has it: many rows share one, and it is read once."""
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts 64-bit only in a column declared INTEGER.
_Id = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True)


def _refers(name: str, target: str, *, nullable: bool = False, on_delete: str = "CASCADE", **kw: Any) -> Column[int]:
    return Column(name, _Id, ForeignKey(target, ondelete=on_delete), nullable=nullable, **kw)


# Numbers of rows stand in signed links and in messages: SQLite must never give one out again.
_NEVER_REUSED: Any = {"sqlite_autoincrement": True}

sources = Table(
    "sources",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("cursor", Text, nullable=False, server_default=""),
    Column("tried_at", Instant),
    Column("succeeded_at", Instant),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
)

papers = Table(
    "papers",
    metadata,
    _id(),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("raw_title", Text, nullable=False),
    Column("raw_abstract", Text, nullable=False),
    Column("title_key", String(500), nullable=False, index=True),
    Column("author_key", Text, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("keywords", JSON, nullable=False),
    Column("summary", Text, nullable=False),
    Column("summary_is_generated", Boolean, nullable=False),
    Column("published_at", Instant),
    Column("listed_on", Date),
    Column("listed_at", Instant, nullable=False, index=True),
    Column("first_seen_at", Instant, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("pdf_url", Text, nullable=False),
    Column("code_url", Text, nullable=False),
    Column("project_url", Text, nullable=False),
    # arXiv's number of the version that the texts are of.
    Column("version", SmallInteger),
    Column("withdrawn_at", Instant),
    # The number of the cleaning that made its texts and keys.
    Column("cleaning", SmallInteger, nullable=False, server_default="0"),
    Index("ix_papers_cleaning", "cleaning", "id"),
    **_NEVER_REUSED,
)

# Numbers of papers that turned out to be another one: what was sent keeps the numbers that it was sent under.
former_papers = Table(
    "former_papers",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=False),
    _refers("paper_id", "papers.id", index=True),
)

aliases = Table(
    "aliases", metadata, Column("alias", String(300), primary_key=True), _refers("paper_id", "papers.id", index=True)
)

paper_sources = Table(
    "paper_sources",
    metadata,
    _refers("paper_id", "papers.id", primary_key=True),
    Column("source", String(100), primary_key=True),
    # The source's last word on each.
    Column("upvotes", Integer),
    Column("comments", Integer),
    Column("stars", Integer),
)

# What a language model was asked to write; a source's own summary is the paper's.
summaries = Table(
    "summaries",
    metadata,
    _refers("paper_id", "papers.id", primary_key=True),
    Column("asked_at", Instant, nullable=False, index=True),
    Column("tries", SmallInteger, nullable=False),
    Column("sentence", Text, nullable=False),
)

signals = Table(
    "signals",
    metadata,
    _refers("paper_id", "papers.id", primary_key=True),
    Column("seen_at", Instant, primary_key=True),
    Column("upvotes", Integer),
    Column("comments", Integer),
    Column("stars", Integer),
)

features = Table(
    "features",
    metadata,
    _refers("paper_id", "papers.id", primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

backgrounds = Table(
    "backgrounds",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("fitted_at", Instant, nullable=False),
    Column("papers", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

# What an embedding model made of papers' texts and of topics: float16, under a hash of the text.
vectors = Table(
    "vectors",
    metadata,
    Column("model", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

subscribers = Table(
    "subscribers",
    metadata,
    _id(),
    Column("address", String(320), nullable=False),
    Column("address_key", String(320), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    **_NEVER_REUSED,
)

confirms = Table(
    "confirms",
    metadata,
    _id(),
    _refers("subscriber_id", "subscribers.id", index=True),
    Column("newsletter", String(50), nullable=False),
    # The subscription that is to go to the subscriber's address; none where the subscriber asks for one.
    # Nothing on delete: SQLite cannot add a column with more without making the table anew.
    _refers("subscription_id", "subscriptions.id", nullable=True, on_delete="NO ACTION", index=True),
    Column("choices", JSON, nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("asked_at", Instant, nullable=False, index=True),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
    # Who asked, as keyed hashes: they are recognised, and not read. Of the form, the hash of its text.
    Column("mailbox", String(32), nullable=False, server_default=""),
    Column("network", String(32), nullable=False, server_default=""),
    Column("form", String(32), nullable=False, server_default=""),
    Index("ix_confirms_mailbox", "mailbox", "asked_at"),
    Index("ix_confirms_network", "network", "asked_at"),
    **_NEVER_REUSED,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _id(),
    _refers("subscriber_id", "subscribers.id"),
    Column("newsletter", String(50), nullable=False),
    Column("state", String(20), nullable=False),
    Column("cadence", String(20), nullable=False),
    Column("hour", SmallInteger, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("max_papers", SmallInteger, nullable=False),
    Column("weights", JSON(none_as_null=True)),
    Column("only_matches", Boolean, nullable=False, server_default=false()),
    Column("language", String(20), nullable=False, server_default="en"),
    Column("weekday", String(20), nullable=False, server_default="monday"),
    Column("month_day", SmallInteger, nullable=False, server_default="1"),
    Column("next_due_at", Instant),
    # The first local date on which editions come again.
    Column("paused_until", Date),
    Column("reached_at", Instant),
    Column("confirmed_at", Instant, nullable=False),
    Column("unsubscribed_at", Instant),
    UniqueConstraint("subscriber_id", "newsletter"),
    Index("ix_subscriptions_due", "state", "next_due_at"),
    **_NEVER_REUSED,
)

interests = Table(
    "interests",
    metadata,
    _id(),
    _refers("subscription_id", "subscriptions.id", index=True),
    Column("kind", String(20), nullable=False),
    Column("value", Text, nullable=False),
)

# When it was last looked at the clock, by what did: a clock that is behind it was set.
ticks = Table("ticks", metadata, Column("name", String(20), primary_key=True), Column("at", Instant, nullable=False))

feedback = Table(
    "feedback",
    metadata,
    _refers("subscription_id", "subscriptions.id", primary_key=True),
    _refers("paper_id", "papers.id", primary_key=True, index=True),
    Column("want", String(20), nullable=False),
    # The interest that the paper was chosen for, as it was written.
    Column("interest", Text, nullable=False),
    Column("said_at", Instant, nullable=False),
)

editions = Table(
    "editions",
    metadata,
    _id(),
    Column("newsletter", String(50), nullable=False),
    Column("cadence", String(20), nullable=False),
    Column("due_on", Date, nullable=False),
    # How many of its messages found no mailbox, and were complained of, since its newsletter last went on.
    Column("gone", Integer, nullable=False, server_default="0"),
    Column("complained", Integer, nullable=False, server_default="0"),
    UniqueConstraint("newsletter", "cadence", "due_on"),
    **_NEVER_REUSED,
)

printings = Table(
    "printings",
    metadata,
    _id(),
    _refers("edition_id", "editions.id"),
    Column("version", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("edition_id", "version"),
    **_NEVER_REUSED,
)

pieces = Table(
    "pieces",
    metadata,
    _refers("printing_id", "printings.id", primary_key=True),
    # The number that selections know it by; the paper may have another by now.
    Column("paper_id", _Id, primary_key=True),
    Column("content", JSON, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    _id(),
    Column("holder", String(200), nullable=False),
    Column("generation", Integer, nullable=False),
    # Seconds since 1970 by the database's own clock, whatever the machines' say.
    Column("expires", Float(53), nullable=False),
    # The numbers of what its holder may be handing over.
    Column("begun", JSON, nullable=False, server_default="[]"),
    **_NEVER_REUSED,
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("key", String(200), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("state", String(20), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("newsletter", String(50), nullable=False),
    # An erased subscriber leaves the account of what was sent, without the address.
    _refers("subscriber_id", "subscribers.id", nullable=True, on_delete="SET NULL", index=True),
    _refers("subscription_id", "subscriptions.id", nullable=True, on_delete="SET NULL"),
    _refers("confirm_id", "confirms.id", nullable=True, on_delete="SET NULL"),
    _refers("printing_id", "printings.id", nullable=True, on_delete="SET NULL"),
    Column("due_on", Date),
    Column("dated_at", Instant, nullable=False),
    Column("reached_from_at", Instant),
    Column("signed_with", String(8), nullable=False),
    Column("selection", JSON(none_as_null=True)),
    Column("reader", JSON(none_as_null=True)),
    Column("send_after_at", Instant, nullable=False),
    Column("send_before_at", Instant, nullable=False),
    _refers("lease_id", "leases.id", nullable=True, on_delete="RESTRICT", index=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("provider_reference", String(200), nullable=False, server_default=""),
    UniqueConstraint("subscription_id", "due_on"),
    Index("ix_deliveries_queue", "state", "priority", "send_after_at", "id"),
    CheckConstraint("state IN ({})".format(", ".join(f"'{state}'" for state in DeliveryState)), name="state"),
    **_NEVER_REUSED,
)
# A printing or a confirm that goes looks for what refers to it. Migrations leave the empty ones out of these indexes
# and of that of leases, and what was sent out of the queue's, since every change is written to every index. To say so
# here loads what SQLAlchemy knows of PostgreSQL wherever a program starts.
for _referring in (deliveries.c.printing_id, deliveries.c.confirm_id):
    Index(f"ix_deliveries_{_referring.name}", _referring)

attempts = Table(
    "attempts",
    metadata,
    _id(),
    _refers("delivery_id", "deliveries.id", index=True),
    Column("number", Integer, nullable=False),
    Column("provider", String(50), nullable=False),
    Column("answered_at", Instant, nullable=False),
    Column("outcome", String(30), nullable=False),
    Column("code", String(100), nullable=False),
    Column("detail", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    _id(),
    Column("key", String(200), nullable=False, unique=True),
    Column("kind", String(30), nullable=False),
    _refers("delivery_id", "deliveries.id", nullable=True, on_delete="SET NULL", index=True),
    _refers("subscriber_id", "subscribers.id", nullable=True, on_delete="SET NULL", index=True),
    Column("happened_at", Instant, nullable=False),
    Column("detail", JSON, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", String(320), primary_key=True),
    Column("reason", String(100), nullable=False),
    Column("since_at", Instant, nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("scope", String(50), primary_key=True),
    Column("since_at", Instant, nullable=False),
    Column("why", Text, nullable=False),
    # What stopped it: the operator, or what the program found.
    Column("cause", String(20), nullable=False, server_default="operator"),
)

impasses = Table(
    "impasses",
    metadata,
    Column("provider", String(50), primary_key=True),
    Column("since_at", Instant, nullable=False),
    Column("tried_at", Instant, nullable=False),
    Column("why", Text, nullable=False),
)

# What was taken of each budget, and what was learned of how much its scope takes; times are seconds since 1970 by the
# database's own clock.
budgets = Table(
    "budgets",
    metadata,
    Column("scope", String(270), primary_key=True),
    Column("free", Float(53), nullable=False),
    Column("slowed_to", Float(53)),
    Column("learned", Float(53), nullable=False),
    Column("in_vain", Integer, nullable=False),
    Column("hours", JSON, nullable=False),
    Column("since_on", Date),
)
