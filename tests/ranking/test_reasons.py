"""Why a paper suits a wish."""

from random import Random

import pytest
from library import SUBJECTS, about, candidates, known, library, shelf
from listed import author, category, paper

from digest.model import Reason, ReasonKind
from digest.ranking.candidates import Candidates
from digest.ranking.features import features, paper_bag
from digest.ranking.reasons import MOST_TERMS, Reasons
from digest.ranking.relevance import Profile

SHELVED = library(150)
LIKED = library(30, seed=5, first=5000)
DIFFUSION = paper(1, "Few-Step Sampling for Diffusion Models", "Diffusion models need many steps. We need four.")
ROBOTS = paper(2, "Folding Laundry", "A robot folds laundry; models of cloth help.")


def among(*papers: int) -> Candidates:
    return candidates([one for one in (DIFFUSION, ROBOTS) if one.id in papers], shelved=SHELVED)


def terms(profile: Profile, position: int = 0) -> tuple[str, ...]:
    return Reasons(among(1, 2), known(LIKED)).of(profile, position).terms


def test_phrases_come_first_in_the_paper_s_own_words() -> None:
    assert terms(Profile("fast sampling, with diffusion models")) == ("Diffusion Models", "Sampling")


def test_at_most_three_terms_none_within_another() -> None:
    untitled = candidates([paper(3, "", ROBOTS.abstract)], shelved=SHELVED)
    found = Reasons(untitled, {}).of(Profile("a robot folds laundry, models of cloth help"), 0).terms
    assert sorted(found) == ["cloth help", "folds laundry", "models of cloth"]
    assert MOST_TERMS == 3


def test_nothing_in_common_gives_no_terms() -> None:
    assert terms(Profile("theorem"), 1) == ()
    assert terms(Profile("the of and")) == ()


def test_only_a_topic_s_own_words_are_shown_not_those_of_the_papers_nearest_to_it() -> None:
    robots = candidates([about("robots", 9000, Random(1))], shelved=SHELVED)
    reasons, topic = Reasons(robots, {}), Profile("laundry")
    assert {feature for feature, _ in reasons.terms(topic, 0)} > {"laundri"}
    assert [term.lower() for term in reasons.of(topic, 0).terms] == ["laundry"]


def test_what_is_asked_as_of_another_moment_is_not_kept_with_the_papers() -> None:
    papers = among(1, 2)
    then = papers.known_at(papers.now, papers.upvotes)
    Reasons(then, {}).of(Profile("laundry"), 1)
    assert papers.reasons == {}
    assert then.known_at(papers.now, papers.upvotes).reasons == then.reasons != {}


def test_an_author_and_a_category_need_no_terms() -> None:
    reasons = Reasons(among(1), {})
    assert reasons.of(author("Ann"), 0) == Reason(kind=ReasonKind.AUTHOR, interest="Ann")
    assert reasons.of(category("cs.LG"), 0) == Reason(kind=ReasonKind.CATEGORY, interest="cs.LG")


def test_what_is_like_liked_papers_is_told_so() -> None:
    reason = Reasons(among(1), known(LIKED)).of(Profile("", liked=(5000,)), 0)
    assert (reason.kind, reason.interest) == (ReasonKind.LIKED, "")
    assert reason.terms


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_every_term_stands_in_the_paper_and_counts_for_the_profile(seed: int) -> None:
    chance = Random(seed)
    papers = [about(subject, number, chance) for number, subject in enumerate(SUBJECTS)]
    looked_at, liked = candidates(papers, shelved=SHELVED), known(LIKED)
    reasons = Reasons(looked_at, liked)
    for position, one in enumerate(papers):
        some = tuple(other.id for other in chance.sample(LIKED, 3))
        subject = " ".join(chance.choices(SUBJECTS[list(SUBJECTS)[position]], k=3))
        for profile in (Profile(subject), Profile("", liked=some), Profile(subject, liked=some, disliked=some[:1])):
            counted = {feature for feature, weight in reasons.terms(profile, position) if weight > 0}
            named = features(subject if profile.topic else "")
            assert named.keys() & features(f"{one.title}\n{one.abstract}").keys() <= counted
            for term in reasons.of(profile, position).terms:
                assert term in one.title or term in one.abstract
                assert features(term).keys() & counted


def test_the_largest_terms_are_those_that_add_most_to_the_score() -> None:
    found = Reasons(among(1, 2), {}).terms(Profile("diffusion steps"), 0)
    assert [feature for feature, _ in found[:2]] == ["diffus", "step"]
    assert [weight for _, weight in found] == sorted((weight for _, weight in found), reverse=True)


def test_a_feature_that_an_older_release_counted_otherwise_is_no_term() -> None:
    prepared = among(1)
    stale = Candidates(
        prepared.papers,
        [paper_bag(f"{DIFFUSION.title} noise", DIFFUSION.abstract)],
        background=prepared.background,
        shelf=shelf(prepared.background, SHELVED),
        now=prepared.now,
    )
    assert Reasons(stale, {}).of(Profile("noise of diffusion models"), 0).terms == ("Diffusion Models",)
