"""Why a delivery must not leave any more."""

from sqlalchemy import ColumnElement, bindparam, case, exists

from digest.model import SubscriptionState
from digest.store.spelling import any_of, many
from digest.store.tables import deliveries, subscribers, subscriptions, suppressions

PAUSED = "paused"
"""Why an edition was skipped that a break took back: its end may queue it again."""


def _why_unwanted() -> ColumnElement[str | None]:
    own = subscriptions.c.id == deliveries.c.subscription_id
    ended = exists().where(own, subscriptions.c.state != SubscriptionState.ACTIVE)
    # Publishing ends a break that is over: where one is still noted, it was begun after the edition was queued. Their
    # dates tell less, since the edition's may be one of another zone.
    paused = exists().where(own, subscriptions.c.paused_until.is_not(None)) & deliveries.c.due_on.is_not(None)
    keys = suppressions.join(subscribers, suppressions.c.address_key == subscribers.c.address_key)
    known = exists().select_from(keys).where(subscribers.c.id == deliveries.c.subscriber_id)
    suppressed = known | any_of(deliveries.c.id, many("suppressed_as", deliveries.c.id))
    return case(
        (deliveries.c.subscriber_id.is_(None), "erased"),
        (ended, "unsubscribed"),
        (paused, PAUSED),
        (suppressed, "suppressed"),
        (deliveries.c.send_before_at < bindparam("now"), "past its deadline"),
    )


WHY_UNWANTED = _why_unwanted()
"""Why a delivery must not leave any more `now`, if so; `suppressed_as` are those whose address is suppressed under a
hash alone."""
