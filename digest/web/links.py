"""What a reader's own links lead to: the token's subscription, and the page where that has ended."""

from typing import TypeGuard

from fastapi.responses import Response

from digest.app import App
from digest.model import Subscription, SubscriptionState
from digest.store import Connection
from digest.store.subscribers import subscription_numbered
from digest.tokens import Purpose
from digest.web.failures import no_such_page
from digest.web.pages import Link, Pages

AGAIN = Link(text="Subscribe again", path="/", quiet=True)


def subscription_behind(app: App, connection: Connection, purpose: Purpose, token: str) -> Subscription | None:
    """The token's subscription, or None where it was erased. Raises HTTPException 404 for a token that is not ours."""
    number = app.keys.read(purpose, token)
    if number is None:
        raise no_such_page()
    return subscription_numbered(connection, number)


def is_active(subscription: Subscription | None) -> TypeGuard[Subscription]:
    """Whether there is a subscription that has not ended."""
    return subscription is not None and subscription.state is SubscriptionState.ACTIVE


def ended(pages: Pages, subscription: Subscription | None, *, preferences: str = "") -> Response:
    """For whoever comes back after leaving; by the token of their preferences, where they can be erased."""
    who = "This address" if subscription is None else subscription.address
    lede = f"{who} is unsubscribed and gets no more mail, so there is nothing to set."
    erase = Link(text="Erase what is stored", path=f"/preferences/{preferences}/erase", quiet=True)
    link = erase if subscription is not None and preferences else AGAIN
    return pages.notice("This subscription has ended", lede=lede, link=link, status=404)
