"""Job: papers that no source summed up -> a sentence each, by a language model where the operator named one.

Nothing waits for it, and nothing fails with it: whatever happens here, papers keep what they have.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from digest.errors import InferenceError
from digest.store import Store
from digest.store.summaries import keep_sentence, note_asked, papers_to_summarise

MOST_PAPERS = 50
MOST_FAILURES = 3
MOST_SECONDS = 120.0
"""What one run may take, the request under way besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarised:
    """What a run did: papers asked about, sentences kept; `error` is the last reason why no answer came."""

    asked: int = 0
    written: int = 0
    error: str = ""


def summarise(
    store: Store,
    sentence_for: Callable[[str, str], str],
    *,
    per_day: int,
    now: datetime,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
    elapsed: Callable[[], float] = time.monotonic,
) -> Summarised:
    """Ask for a sentence for each paper that lacks one, most upvoted first, within what a run and a day may cost.

    `sentence_for` takes title and abstract. That a paper is asked about is committed before it is, so
    a run that is killed asks for nothing twice. After three failures the endpoint is left alone.
    """
    asked = written = failed = 0
    error = ""
    ends_at = elapsed() + MOST_SECONDS
    with store.reading() as connection:
        papers = papers_to_summarise(connection, limit=MOST_PAPERS, per_day=per_day, now=now)
    for paper in papers:
        if failed == MOST_FAILURES or should_stop() or elapsed() >= ends_at:
            break
        with store.writing() as connection:
            if not note_asked(connection, paper.id, per_day=per_day, now=now):
                continue
        asked += 1
        progress(1)
        try:
            sentence = sentence_for(paper.title, paper.abstract)
        except InferenceError as failure:
            failed, error = failed + 1, f"No sentence for some papers: {failure}"
            continue
        if sentence:
            written += 1
            with store.writing() as connection:
                keep_sentence(connection, paper.id, sentence)
    return Summarised(asked=asked, written=written, error=error)
