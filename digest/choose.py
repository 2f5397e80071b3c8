"""Subscriptions -> their papers: what the store knows of papers and readers, brought before `ranking`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest

from digest.due import LOOK_BACK
from digest.errors import InputError
from digest.measure import Measures, newest_measure
from digest.model import (
    Cadence,
    Feedback,
    Interest,
    InterestKind,
    Paper,
    Selection,
    Subscription,
    Want,
    Weights,
)
from digest.ranking.candidates import Candidates
from digest.ranking.features import Bag, bag, paper_bag, unpack_bag
from digest.ranking.nearness import Nearness
from digest.ranking.neighbours import Shelf
from digest.ranking.relevance import Profile, sampled
from digest.ranking.selection import select
from digest.ranking.similar import Similar
from digest.ranking.trending import leading, risen
from digest.ranking.weighing import Reader
from digest.store import Connection
from digest.store.features import features_of
from digest.store.feedback import feedback_of
from digest.store.papers import has_papers, latest_signals, papers_by_id, papers_listed, papers_named
from digest.store.past import Past, past_editions
from digest.store.sources import last_collected_at
from digest.store.vectors import stored_model, texts_of, vectors_of

OVERLAP = timedelta(hours=1)
"""Papers seen this long before the last edition are looked at again: a collect that was under way
then may have stored them only afterwards."""

MOST_SIMILAR = 5

MOST_LIKED = 40
"""Of what a reader liked so many speak for an interest: more say nothing more. The newest likes and the examples, of
which nobody knows when they were named, take turns, so that neither silences the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What a newsletter's editions are chosen from, as known at `as_of`, when papers last came in.

    `model` is whose vectors count, whichever others the store may have by the time that readers are looked at.
    """

    candidates: Candidates
    as_of: datetime
    papers: Mapping[int, Paper]
    model: str


def require_papers(connection: Connection) -> None:
    """Raises InputError where there is no paper to choose."""
    if not has_papers(connection):
        raise InputError("The store has no papers yet. `digest collect` brings some.")


def take_stock(connection: Connection, *, sources: Sequence[str], cadences: Iterable[Cadence], now: datetime) -> Stock:
    """The papers that any edition of these cadences could hold, prepared for choosing."""
    furthest = max(LOOK_BACK[cadence] for cadence in cadences)
    papers = papers_listed(connection, since=now - furthest, now=now, sources=sources)
    return stock_of(connection, papers, now=now)


def stock_of(
    connection: Connection, papers: Sequence[Paper], *, now: datetime, measures: Measures | None = None
) -> Stock:
    """These papers, prepared for choosing."""
    model = stored_model(connection)
    return Stock(
        candidates=candidates_among(connection, papers, model=model, now=now, measures=measures),
        as_of=min(last_collected_at(connection) or now, now),
        papers={paper.id: paper for paper in papers},
        model=model,
    )


def candidates_among(
    connection: Connection,
    papers: Sequence[Paper],
    *,
    model: str,
    now: datetime,
    measures: Measures | None = None,
) -> Candidates:
    """The papers, with the newest of all papers as what they are measured against, kept where `measures` keep them."""
    counted = features_of(connection, [paper.id for paper in papers])
    # What is not counted yet was stored a moment ago.
    bags = [
        unpack_bag(counted[paper.id]) if paper.id in counted else paper_bag(paper.title, paper.abstract)
        for paper in papers
    ]
    background, shelf = (measures or Measures()).newest(connection, bags)
    nearness = _nearness(connection, papers, shelf=shelf, model=model) if model else None
    return Candidates(papers, bags, background=background, shelf=shelf, now=now, nearness=nearness)


def similar_papers(
    connection: Connection, paper: Paper, *, now: datetime, measure: Similar | None = None
) -> list[tuple[Paper, float]]:
    """The papers nearest to one, of the newest, with their scores: at most MOST_SIMILAR, best first.

    `measure` is what they are found by, for whoever asks often.
    """
    content = paper_bag(paper.title, paper.abstract)
    scores = dict((measure or Similar(*newest_measure(connection, [content]))).to(paper.id, content))
    known = papers_by_id(connection, scores, now=now)
    seen = [known[number] for number in scores if number in known and known[number].first_seen_at <= now]
    return [(one, scores[one.id]) for one in seen if one.withdrawn_at is None][:MOST_SIMILAR]


def choose(
    connection: Connection,
    stock: Stock,
    subscriptions: Sequence[Subscription],
    *,
    pasts: Mapping[int, Past],
    weights: Weights,
    now: datetime,
) -> list[Selection]:
    """Each subscription's papers out of those that are new since its last edition that came to something."""
    if not subscriptions:
        return []
    readers, known = readers_of(connection, stock, subscriptions, pasts=pasts, weights=weights, now=now)
    return select(stock.candidates, readers, known)


def readers_of(
    connection: Connection,
    stock: Stock,
    subscriptions: Sequence[Subscription],
    *,
    pasts: Mapping[int, Past],
    weights: Weights,
    now: datetime,
) -> tuple[list[Reader], dict[int, Bag]]:
    """What choosing needs to know of subscriptions, and the features of papers that they liked."""
    said = feedback_of(connection, [subscription.id for subscription in subscriptions])
    named = {one.value for s in subscriptions for one in s.choices.interests if one.kind is InterestKind.EXAMPLE}
    examples = papers_named(connection, named)
    moments = {one.id: _seen_after(one, pasts[one.id]) for one in subscriptions}
    hours = {one: moment and moment.replace(minute=0, second=0, microsecond=0) for one, moment in moments.items()}
    rises = _rises(connection, stock, {hour for hour in hours.values() if hour is not None})
    readers = [
        _reader(
            one,
            pasts[one.id],
            said.get(one.id, []),
            examples,
            seen_after=moments[one.id],
            risen=rises.get(hours[one.id], frozenset()),
            weights=weights,
            now=now,
        )
        for one in subscriptions
    ]
    liked = {
        number
        for reader in readers
        for wish in reader.wishes
        if isinstance(wish, Profile)
        for number in (*wish.liked, *wish.disliked)
    }
    if stock.candidates.relevance.nearness is not None:
        topics = {wish.topic for reader in readers for wish in reader.wishes if isinstance(wish, Profile)}
        theirs = vectors_of(connection, topics, model=stock.model)
        stock.candidates.relevance.nearness.learn(theirs | _paper_vectors(connection, liked, model=stock.model))
    return readers, _bags(connection, liked - stock.candidates.relevance.shelved, now=now)


def pasts_of(connection: Connection, subscriptions: Sequence[Subscription], *, now: datetime) -> dict[int, Past]:
    """What each subscription was sent, as far back as its editions reach."""
    furthest = max(LOOK_BACK[subscription.choices.cadence] for subscription in subscriptions)
    numbers = [subscription.id for subscription in subscriptions]
    found = past_editions(connection, numbers, since_on=(now - furthest).date())
    return {number: found.get(number, Past()) for number in numbers}


def reached_from_at(subscription: Subscription, past: Past) -> datetime | None:
    """How far the papers have been looked through for editions that came to something."""
    return past.reached_from_at if past.is_given_back else subscription.reached_at


def profiles(interests: Sequence[Interest], said: Sequence[Feedback], examples: Mapping[str, int]) -> list[Profile]:
    """One profile per topic, with what was liked and disliked under it, and one of all else that was liked.

    `said` is the newest first. A dislike that belongs to no topic counts against every profile.
    """
    topics = [interest.value for interest in interests if interest.kind is InterestKind.TOPIC]
    named = _examples(interests, examples)
    if not said and not named:
        return [Profile(topic) for topic in topics]
    liked: defaultdict[str, list[int]] = defaultdict(list)
    disliked: defaultdict[str, list[int]] = defaultdict(list)
    for one in said:
        under = one.interest if one.interest in topics else ""
        (liked if one.want is Want.MORE else disliked)[under].append(one.paper_id)
    liked[""] = _by_turns(liked[""], named)
    wanted = [*topics, *([""] if liked[""] else [])]
    against = {topic: [*disliked[topic], *(disliked[""] if topic else [])] for topic in wanted}
    return [
        Profile(topic, tuple(dict.fromkeys(liked[topic]))[:MOST_LIKED], tuple(against[topic])[:MOST_LIKED])
        for topic in wanted
    ]


def _by_turns(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """One of each, until both are at their end."""
    turns = zip_longest(one, other)
    return [number for turn in turns for number in turn if number is not None]


_FOLLOWED = frozenset({InterestKind.AUTHOR, InterestKind.CATEGORY})


def _reader(
    subscription: Subscription,
    past: Past,
    said: Sequence[Feedback],
    examples: Mapping[str, int],
    *,
    seen_after: datetime | None,
    risen: frozenset[int],
    weights: Weights,
    now: datetime,
) -> Reader:
    choices = subscription.choices
    followed = [one for one in choices.interests if one.kind in _FOLLOWED]
    return Reader(
        wishes=tuple(dict.fromkeys([*profiles(choices.interests, said, examples), *followed])),
        mutes=tuple(one for one in choices.interests if one.kind is InterestKind.MUTE),
        limit=choices.max_papers,
        weights=choices.weights or weights,
        listed_since=now - LOOK_BACK[choices.cadence],
        seen_after=seen_after,
        already_sent=past.sent | {one.paper_id for one in said} | set(_examples(choices.interests, examples)),
        risen=risen,
        only_matches=choices.only_matches,
    )


def _seen_after(subscription: Subscription, past: Past) -> datetime | None:
    reached_at = reached_from_at(subscription, past)
    return None if reached_at is None else reached_at - OVERLAP


def _rises(connection: Connection, stock: Stock, moments: Iterable[datetime]) -> dict[datetime | None, frozenset[int]]:
    """Which of the papers that lead now have risen far since each of the moments."""
    known = stock.candidates
    places = leading(known.numbers, known.upvotes, known.expected)
    upvotes = dict(zip(known.numbers[places].tolist(), known.upvotes[places].tolist(), strict=True))
    return {moment: risen(upvotes, latest_signals(connection, upvotes, now=moment)) for moment in moments}


def _examples(interests: Sequence[Interest], examples: Mapping[str, int]) -> list[int]:
    if not examples:
        return []
    return [examples[one.value] for one in interests if one.kind is InterestKind.EXAMPLE and one.value in examples]


def _bags(connection: Connection, numbers: Collection[int], *, now: datetime) -> dict[int, Bag]:
    """The features of papers, those included that are not counted yet."""
    bags = {number: unpack_bag(content) for number, content in features_of(connection, numbers).items()}
    uncounted = papers_by_id(connection, [number for number in numbers if number not in bags], now=now)
    bags |= {number: paper_bag(paper.title, paper.abstract) for number, paper in uncounted.items()}
    # One that was joined with another this very moment says nothing until the next edition.
    return dict.fromkeys(numbers, bag({})) | bags


def _nearness(connection: Connection, papers: Sequence[Paper], *, shelf: Shelf, model: str) -> Nearness:
    sample = shelf.numbers[sampled(shelf)].tolist()
    numbers = [paper.id for paper in papers]
    vectors = _paper_vectors(connection, {*sample, *numbers}, model=model)
    targets = [vectors[number] for number in (*sample, *numbers)]
    return Nearness(targets, sampled=len(sample), texts=[f"{paper.title} {paper.abstract}" for paper in papers])


def _paper_vectors(connection: Connection, numbers: Iterable[int], *, model: str) -> dict[int, bytes]:
    """The papers' vectors, empty where there is none."""
    texts = texts_of(connection, numbers)
    vectors = vectors_of(connection, texts.values(), model=model)
    return {number: vectors[text] for number, text in texts.items()}
