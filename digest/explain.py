"""Job: why somebody gets a paper, or does not: by the very steps that an edition takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from digest.address import Address
from digest.choose import Stock, pasts_of, readers_of, stock_of
from digest.due import LOOK_BACK
from digest.model import HOLDING, Interest, InterestKind, Paper, Subscription, Want, Weights
from digest.press import Press
from digest.ranking.candidates import Wish
from digest.ranking.reasons import told_once
from digest.ranking.selection import MOST_UNMATCHED, share
from digest.ranking.standing import Bar, Match, Standing, standing
from digest.ranking.weighing import Reader
from digest.rendering.language import ENGLISH
from digest.rendering.marks import why
from digest.rendering.words import counted, ordinal
from digest.store import Connection, Store
from digest.store.feedback import feedback_of
from digest.store.papers import NEVER, alias_names, papers_listed, source_names
from digest.store.past import deliveries_holding
from digest.subscribe import active_subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why, in sentences: none of `barriers` stands against a paper that comes, and any keeps it out.

    One that no edition looks at has no place in `standing`, which says what it would score.
    """

    paper: Paper
    subscription: Subscription
    barriers: tuple[str, ...]
    standing: Standing

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON knows it."""
        found = self.standing
        return {
            "paper": {"id": self.paper.id, "arxiv_id": self.paper.arxiv_id or None, "title": self.paper.title},
            "newsletter": self.subscription.newsletter,
            "gets_it": found.is_chosen,
            "barriers": list(self.barriers),
            "place": found.place,
            "considered": None if found.place is None else found.considered,
            "max_papers": self.subscription.choices.max_papers,
            "interests": [_match_json(match) for match in found.matches],
            "score": {"relevance": found.relevance, "trend": found.trend, "novelty": found.novelty},
        }

    @property
    def verdict(self) -> str:
        """Whether it comes."""
        is_in = self.standing.is_chosen
        return "It is in the edition that would go out now." if is_in else "It is not in an edition now:"

    @property
    def place(self) -> str:
        """Where it stands among the others; empty where it has no place."""
        found, most = self.standing, self.subscription.choices.max_papers
        if found.place is None:
            return ""
        place = ordinal(ENGLISH, found.place)
        ground = ", by its trend alone" if found.relevance is None else ""
        return f"It stands {place} of {counted(found.considered, 'paper')}{ground}; an edition takes {most}."

    @property
    def matches(self) -> list[tuple[str, str]]:
        """Whether it fits each interest, and by which terms."""
        return [
            (_fit_told(match), ", ".join(told_once(_phrases_first(match))) if match.fits else "")
            for match in self.standing.matches
        ]

    def lines(self) -> Iterator[str]:
        """All of it for the operator: the words, and the figures behind them."""
        yield f"{self.paper.title} ({self.paper.arxiv_id or self.paper.id})"
        yield self.verdict
        yield from (f"  {sentence}" for sentence in self.barriers)
        if self.place:
            yield self.place
        for match in self.standing.matches:
            yield f"  {_fit_told(match)}{_measured(match)}"
            if match.terms:
                yield f"      {', '.join(f'{term} {weight:.3f}' for term, weight in match.terms)}"
        yield _weighed(self.standing)


def explain(
    store: Store, press: Press, address: Address, paper: Paper, *, weights: Weights, now: datetime
) -> Explanation:
    """Why the address gets the paper now, or does not. Raises InputError where it has no active subscription."""
    with store.reading() as connection:
        subscription = active_subscription(connection, address)
        return explain_to(connection, press, subscription, paper, weights=weights, now=now)


def explain_to(
    connection: Connection,
    press: Press,
    subscription: Subscription,
    paper: Paper,
    *,
    weights: Weights,
    now: datetime,
) -> Explanation:
    """Why the subscription gets the paper now, or does not."""
    sources, cadence = press.newsletter(subscription.newsletter).sources, subscription.choices.cadence
    listed = papers_listed(connection, since=now - LOOK_BACK[cadence], now=now, sources=sources)
    if all(one.id != paper.id for one in listed):
        # Scored on its own, as it is beside none of the others.
        listed = [replace(paper, listed_at=min(paper.listed_at, now))]
    stock = stock_of(connection, listed, now=now)
    pasts = pasts_of(connection, [subscription], now=now)
    [reader], known = readers_of(connection, stock, [subscription], pasts=pasts, weights=weights, now=now)
    found = standing(stock.candidates, reader, known, stock.candidates.positions[paper.id])
    barriers = [
        *_known_to_reader(connection, subscription, paper),
        *_out_of_time(reader, paper, has_risen=found.is_chosen, now=now),
        *_not_for_newsletter(connection, paper, sources=sources),
        *_muted(stock, reader, paper),
    ]
    if barriers:
        found = replace(found, place=None, is_chosen=False, bar=None)
    else:
        barriers = list(_outdone(stock, reader, found))
    return Explanation(paper=paper, subscription=subscription, barriers=tuple(barriers), standing=found)


def _phrases_first(match: Match) -> list[str]:
    return sorted((term for term, _ in match.terms), key=lambda term: " " not in term)


def _match_json(match: Match) -> dict[str, Any]:
    kind, value = _named(match.wish)
    return {
        "kind": kind,
        "value": value,
        "score": match.score,
        "floor": match.floor,
        "fits": match.fits,
        "terms": [{"term": term, "weight": round(weight, 4)} for term, weight in match.terms],
    }


def _fit_told(match: Match) -> str:
    kind, value = _named(match.wish)
    interest = f"the {value} named or liked" if kind == "liked" else f"“{value}”"
    return f"It fits {interest}." if match.fits else f"It does not fit {interest}."


def _measured(match: Match) -> str:
    if match.score is None:
        return ""
    floor = "none yet for want of papers" if match.floor is None else f"{match.floor:.2f}"
    return f" Score {match.score:.2f}, floor {floor}."


def _weighed(found: Standing) -> str:
    if found.relevance is None:
        return f"Its trend is {found.trend:+z.2f}."
    parts = f"relevance {found.relevance:+z.2f}, trend {found.trend:+z.2f}, novelty {found.novelty:+z.2f}"
    return f"Its score is {found.relevance + found.trend + found.novelty:.2f}: {parts}."


def _named(wish: Wish) -> tuple[str, str]:
    """What a wish is, and the reader's own words for it."""
    if isinstance(wish, Interest):
        return wish.kind, wish.value
    return (InterestKind.TOPIC, wish.topic) if wish.topic else ("liked", counted(len(wish.liked), "paper"))


def _known_to_reader(connection: Connection, subscription: Subscription, paper: Paper) -> Iterator[str]:
    for delivery, pick in deliveries_holding(connection, subscription.id, paper.id):
        if delivery.due_on is not None and delivery.state in HOLDING:
            _, reason = why(ENGLISH, pick.reason, marked=True)
            yield f"It went into the edition of {ENGLISH.full_date(delivery.due_on)}: {reason}."
    for said in feedback_of(connection, [subscription.id]).get(subscription.id, []):
        if said.paper_id == paper.id:
            wanted = "more" if said.want is Want.MORE else "less"
            said_on = ENGLISH.full_date(said.said_at)
            yield f"On {said_on} {wanted} like it was asked for, so it does not come again."
    names = alias_names(connection, paper.id)
    if any(one.kind is InterestKind.EXAMPLE and one.value in names for one in subscription.choices.interests):
        yield "It was named as an example, so it is known already."


def _out_of_time(reader: Reader, paper: Paper, *, has_risen: bool, now: datetime) -> Iterator[str]:
    """When it came too late or too early; of those seen before, only one that has risen since is chosen."""
    if paper.first_seen_at == NEVER:
        yield "No source has listed it: it is known as an example only."
        return
    if paper.first_seen_at > now:
        yield f"It was first seen here at {ENGLISH.moment(paper.first_seen_at)}, which is later."
    if paper.listed_at < reader.listed_since:
        reach = f"an edition reaches back to {ENGLISH.moment(reader.listed_since)}"
        yield f"It was listed at {ENGLISH.moment(paper.listed_at)}, and {reach}."
    if reader.seen_after is not None and paper.first_seen_at <= reader.seen_after and not has_risen:
        first, until = ENGLISH.moment(paper.first_seen_at), ENGLISH.moment(reader.seen_after)
        yield (
            f"It was first seen here at {first}, before the last edition, which looked through all that was seen until"
            f" {until}: what one leaves out, the next does not bring."
        )


def _not_for_newsletter(connection: Connection, paper: Paper, *, sources: Sequence[str]) -> Iterator[str]:
    if paper.withdrawn_at is not None:
        yield f"Its authors have withdrawn it; that was seen at {ENGLISH.moment(paper.withdrawn_at)}."
    listed_by = source_names(connection, paper.id)
    if sources and not set(sources) & set(listed_by):
        yield f"It comes from {', '.join(listed_by)}, and the newsletter takes papers from {', '.join(sources)} only."


def _muted(stock: Stock, reader: Reader, paper: Paper) -> Iterator[str]:
    fits = stock.candidates.fits(reader.mutes, {})[:, stock.candidates.positions[paper.id]]
    for mute, fit in zip(reader.mutes, fits, strict=True):
        if fit > 0:
            yield f"It is muted by “{mute.value}”."


def _outdone(stock: Stock, reader: Reader, found: Standing) -> Iterator[str]:
    match found.bar:
        case Bar.TWIN:
            assert found.twin is not None
            yield f"It is nearly the same as “{stock.papers[found.twin].title}”, which stands before it."
        case Bar.SHARE:
            own = share(found.room, wishes=len(reader.wishes))
            yield f"Its interest has its share of the edition, {own} of {found.room} papers, already."
        case Bar.LIMIT:
            yield f"An edition takes {reader.limit} papers, and others stand before it."
        case Bar.MATCHES_ONLY:
            yield "It fits none of the interests well enough, and nothing is wanted that only trends."
        case Bar.TRENDING:
            most = f"of those that only trend {MOST_UNMATCHED} come at most, if there is room"
            yield f"It fits none of the interests well enough, and {most}: others trend more."
        case None:
            return
