"""The nouns, as values.

Datetimes are aware and in UTC, dates are the reader's local ones; names end in `_at` and `_on`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Cadence(StrEnum):
    """How often a reader gets an edition."""

    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Weekday(StrEnum):
    """The days of the week, from Monday on."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Layout(StrEnum):
    """How an edition shows its papers: five as cards and of the others a line each, or all as cards."""

    BRIEF = "brief"
    FULL = "full"


class InterestKind(StrEnum):
    """What an interest's value is."""

    TOPIC = "topic"
    CATEGORY = "category"
    AUTHOR = "author"
    EXAMPLE = "example"
    MUTE = "mute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """One thing that a reader follows, or does not want to see."""

    kind: InterestKind
    value: str


class Want(StrEnum):
    """What a reader says of a paper."""

    MORE = "more"
    LESS = "less"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A reader's word on a paper; `interest` is what it had been chosen for, empty where that is not known."""

    paper_id: int
    want: Want
    interest: str
    said_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What counts how much: how well a paper fits, how it trends, and how new it is, a point a half-life."""

    relevance: float = 1.0
    trend: float = 0.5
    novelty: float = 0.0
    half_life_days: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a reader chose for one newsletter. `hour` is local, 0 to 23.

    `weekday` is when a weekly edition comes, `month_day`, 1 to 31, when a monthly one does: on the last day of a
    month that has no such day. Each is kept while the cadence is another.

    `weights` are the operator's where there are none; with `only_matches` nothing is sent that
    only trends. `language` is the code of the language that the messages are in.
    """

    cadence: Cadence
    hour: int
    timezone: str
    max_papers: int
    interests: tuple[Interest, ...] = ()
    weights: Weights | None = None
    only_matches: bool = False
    language: str = "en"
    weekday: Weekday = Weekday.MONDAY
    month_day: int = 1


class SubscriptionState(StrEnum):
    """An address that has asked but not confirmed has no subscription yet: it is pending."""

    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscriber's arrangement with one newsletter.

    `paused_until` is the first local date on which editions come again after a break; None without one.
    """

    id: int
    subscriber_id: int
    address: str
    newsletter: str
    state: SubscriptionState
    choices: Choices
    next_due_at: datetime | None
    reached_at: datetime | None
    confirmed_at: datetime
    paused_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What the world thought of a paper when it was seen. None is unknown, which is not zero."""

    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSignals:
    """Signals and the hour at which they were seen."""

    seen_at: datetime
    signals: Signals


MOST_AHEAD = timedelta(days=2)
"""How long after it is first seen a paper may be dated: a list may be out before its day, far in the east."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A paper as one source lists it; as yielded by a source, its texts are raw.

    `aliases` are the names that identify the paper everywhere, `arxiv:2606.18023` or `doi:10.1/x`.
    `summary` is one sentence, generated where a language model wrote it; `listed_on` is the day
    (UTC) of the list it appeared on; `version` is the one that the texts are of, where the source counts
    them, and `withdrawn` what its authors say of it.
    """

    title: str
    abstract: str = ""
    aliases: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    organisation: str = ""
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    summary: str = ""
    summary_is_generated: bool = False
    published_at: datetime | None = None
    listed_on: date | None = None
    url: str = ""
    pdf_url: str = ""
    code_url: str = ""
    project_url: str = ""
    signals: Signals = field(default_factory=Signals)
    raw_title: str = ""
    raw_abstract: str = ""
    version: int | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper as the store knows it: one row, whatever brought it.

    `listed_at` is when it appeared: 00:00 UTC of its list's day, else its publication, else, or where that is still
    to come, when it was first seen here; `withdrawn_at` is when its withdrawal was seen.
    """

    id: int
    title: str
    abstract: str
    authors: tuple[str, ...]
    organisation: str
    categories: tuple[str, ...]
    keywords: tuple[str, ...]
    summary: str
    summary_is_generated: bool
    published_at: datetime | None
    listed_at: datetime
    first_seen_at: datetime
    url: str
    pdf_url: str
    code_url: str
    project_url: str
    arxiv_id: str
    signals: Signals
    withdrawn_at: datetime | None = None
    history: tuple[SeenSignals, ...] = ()


class ReasonKind(StrEnum):
    """Why a paper was chosen."""

    TOPIC = "topic"
    CATEGORY = "category"
    AUTHOR = "author"
    LIKED = "liked"
    MISSED = "missed"
    TRENDING = "trending"


class Reason(NamedTuple):
    """Why one paper suits one interest; it depends on nothing else, so it can be shared.

    `interest` is the reader's own words, `terms` what was found in the paper, in its surface form.
    """

    kind: ReasonKind
    interest: str = ""
    terms: tuple[str, ...] = ()


class Pick(NamedTuple):
    """A paper chosen for a reader."""

    paper_id: int
    score: float
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """One reader's papers, best first, and out of how many they were chosen."""

    considered: int
    picks: tuple[Pick, ...]


class DeliveryKind(StrEnum):
    """What a message is for."""

    EDITION = "edition"
    CONFIRM = "confirm"
    TEST = "test"
    WELCOME = "welcome"
    NOTICE = "notice"


class Priority(IntEnum):
    """Lower goes first: somebody who waits for a confirm message is not behind a large edition."""

    AWAITED = 0
    EDITION = 10


class DeliveryState(StrEnum):
    """Where a delivery's journey has come to."""

    QUEUED = "queued"
    LEASED = "leased"
    SENT = "sent"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    SKIPPED = "skipped"


_S = DeliveryState

MOVES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    _S.QUEUED: frozenset({_S.LEASED, _S.SKIPPED}),
    _S.LEASED: frozenset({_S.QUEUED, _S.SENT, _S.UNKNOWN, _S.BOUNCED, _S.FAILED, _S.SKIPPED}),
    _S.SENT: frozenset({_S.DELIVERED, _S.BOUNCED, _S.COMPLAINED}),
    _S.UNKNOWN: frozenset({_S.QUEUED, _S.DELIVERED, _S.BOUNCED, _S.COMPLAINED}),
    _S.DELIVERED: frozenset({_S.BOUNCED, _S.COMPLAINED}),
    _S.BOUNCED: frozenset({_S.COMPLAINED}),
    _S.COMPLAINED: frozenset(),
    _S.FAILED: frozenset(),
    _S.SKIPPED: frozenset({_S.QUEUED}),
}
"""The legal moves: a skipped edition is queued again only where the break ends that took it back.
An event that says another (a late or repeated one) changes nothing."""

HOLDING = frozenset({_S.QUEUED, _S.LEASED, _S.SENT, _S.UNKNOWN, _S.DELIVERED, _S.COMPLAINED})
"""States in which a delivery's papers count as sent to the reader; in any other they are given back."""


class Outcome(StrEnum):
    """What became of one hand-over to a provider."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    RECIPIENT_REFUSED = "recipient refused"
    MESSAGE_REFUSED = "message refused"
    SENDER_REFUSED = "sender refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message ready for a mailer. `key` is the delivery's, the same on every try.

    `is_lined` is whether its content is known to stand as it is on SMTP's wire: CR and LF are nowhere but together, at
    the ends of lines, and no line begins with a dot.
    """

    delivery_id: int
    key: str
    envelope_sender: str
    recipient: str
    content: bytes
    is_lined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """In place of a message: the next may not leave yet, and is to be asked for again in so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A provider's word on one message.

    `code` is its own (`550 5.1.1`, `HTTP 429`), `detail` the rest of its first line without any address,
    `retry_after` in seconds where it named a time.
    """

    delivery_id: int
    outcome: Outcome
    code: str = ""
    detail: str = ""
    retry_after: float | None = None

    @property
    def told(self) -> str:
        """The word as it is counted, and stands in the ledger."""
        return f"{self.outcome}: {self.code}".rstrip(": ")
