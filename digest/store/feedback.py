"""What readers said of papers: more like this, or less."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from digest.model import Feedback, Want
from digest.store.engine import insert
from digest.store.spelling import any_of
from digest.store.tables import feedback


def set_feedback(
    connection: Connection, subscription_id: int, *, paper_id: int, want: Want, interest: str, now: datetime
) -> None:
    """Keep a reader's word on a paper; an earlier one on the same is replaced. `interest` is what it was chosen for."""
    said = {"want": want, "interest": interest, "said_at": now}
    row = insert(connection, feedback).values(subscription_id=subscription_id, paper_id=paper_id, **said)
    connection.execute(row.on_conflict_do_update(index_elements=["subscription_id", "paper_id"], set_=said))


def take_back(connection: Connection, subscription_id: int, *, paper_id: int) -> bool:
    """Forget a reader's word on a paper; whether there was one."""
    whose = (feedback.c.subscription_id == subscription_id) & (feedback.c.paper_id == paper_id)
    return connection.execute(delete(feedback).where(whose)).rowcount == 1


def feedback_of(connection: Connection, subscription_ids: Sequence[int]) -> dict[int, list[Feedback]]:
    """What the readers of these subscriptions said, the newest first."""
    found: defaultdict[int, list[Feedback]] = defaultdict(list)
    query = select(feedback).where(any_of(feedback.c.subscription_id, subscription_ids))
    for row in connection.execute(query.order_by(feedback.c.said_at.desc(), feedback.c.paper_id.desc())):
        said = Feedback(paper_id=row.paper_id, want=Want(row.want), interest=row.interest, said_at=row.said_at)
        found[row.subscription_id].append(said)
    return dict(found)
