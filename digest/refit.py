"""Job: the papers' features -> the background. Collecting does without: it would take half as much memory again."""

from datetime import datetime, timedelta

from digest.ranking.background import MOST_PAPERS, fit, pack
from digest.ranking.features import unpack_bag
from digest.store import Store
from digest.store.backgrounds import StoredBackground, add_background, count_papers, latest_background
from digest.store.features import newest_features

REFIT_AFTER = timedelta(days=7)


def refit_background(store: Store, *, now: datetime) -> bool:
    """Fit the background where there is none, the papers have doubled since, or it is a week old."""
    with store.reading() as connection:
        latest, papers = latest_background(connection), count_papers(connection)
        if not papers or (latest is not None and _is_fresh(latest, papers=papers, now=now)):
            return False
        bags = [unpack_bag(content) for _, content in newest_features(connection, limit=MOST_PAPERS)]
    background = fit(bags, version=1 if latest is None else latest.version + 1)
    with store.writing() as connection:
        version = background.version
        add_background(connection, pack(background), version=version, papers=background.papers, now=now)
    return True


def _is_fresh(background: StoredBackground, *, papers: int, now: datetime) -> bool:
    doubled = 2 * background.papers <= min(papers, MOST_PAPERS)
    return not doubled and now - background.fitted_at < REFIT_AFTER
