"""Asking an address for its word: which may be asked, and the page that says that one was."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from email.utils import getaddresses

from fastapi.responses import Response

from digest.address import Address, parse_address
from digest.config.sections import Newsletter
from digest.errors import InputError
from digest.rendering import words
from digest.subscribe import CONFIRM_LASTS
from digest.web.pages import Link, Pages

LOOK_AMONG_SPAM = "Nothing there? Look among the spam. An address gets one such message an hour."
LOOK_NOWHERE = (
    "This site is being tried out: it sends nothing. Whoever runs it finds the link in the folder that mail.outbox.path"
    " names."
)
LOOK_IN_OUTBOX = "Here, it comes into the outbox, within seconds. An address gets one such message an hour."
TO_OUTBOX = Link(text="Open the outbox", path="/outbox/")
LASTS = words.counted(CONFIRM_LASTS // timedelta(hours=1), "hour")


def personal(typed: str, *, own: Collection[str]) -> Address:
    """The address of a person. Raises InputError for what is none, for a role's, and for the mailboxes in `own`."""
    address = parse_address(typed)
    if address.is_of_a_role or address.mailbox in own:
        raise InputError(
            "That address belongs to no person, and mail to it would trouble others. Enter one that you read."
        )
    return address


def own_mailboxes(newsletters: Sequence[Newsletter]) -> frozenset[str]:
    """The mailboxes that newsletters come from and are answered to, but for those inside of a network."""
    found = set()
    for one in newsletters:
        for _, address in getaddresses([one.sender, one.reply_to or one.sender]):
            with suppress(InputError):
                found.add(parse_address(address).mailbox)
    return frozenset(found)


def check_mail(pages: Pages, address: Address) -> Response:
    """Whatever is known of the address, the same page: it tells nobody who subscribes here."""
    return pages.notice(
        "Check your mail",
        lede=f"We sent a link to {address.text}. It works for {LASTS}.",
        link=TO_OUTBOX if pages.has_outbox else None,
        more=LOOK_IN_OUTBOX if pages.has_outbox else LOOK_NOWHERE if pages.reaches_nobody else LOOK_AMONG_SPAM,
    )
