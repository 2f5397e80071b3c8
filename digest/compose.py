"""Deliveries -> messages: what the store knows of one, rendered, signed and put into its envelope.

A message is a function of its delivery and printing: made again after a restart, with other templates or
rotated keys, it is the same, byte for byte.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from digest.due import next_due_at
from digest.errors import RenderingError
from digest.locator import are_aligned
from digest.mail.dkim import Signing
from digest.mail.message import ListHeaders, MailingList, Sender, build_message, envelope_sender, wire_address
from digest.model import Cadence, DeliveryKind, InterestKind, Outgoing, Subscription, Weekday
from digest.press import Press
from digest.rendering.assembly import edition_body
from digest.rendering.cards import Card, card_from_json
from digest.rendering.edition import Edition, Links, Reader, read_facts
from digest.rendering.filling import Body, fill
from digest.rendering.language import ENGLISH, Language
from digest.rendering.notice import notice_context
from digest.rendering.notices import confirm_context, move_context, told_context, trial_notice
from digest.rendering.printing import Printing
from digest.rendering.site import Site
from digest.rendering.templates import Compiled
from digest.rendering.welcome import welcome_context
from digest.store import Connection
from digest.store.confirms import Confirm, confirm_numbered
from digest.store.deliveries import Delivery
from digest.store.editions import cards_of, printing_content_of
from digest.tokens import Purpose


def reader_facts(subscription: Subscription, *, since_on: date | None = None) -> dict[str, Any]:
    """What an edition says of its reader (JSON), as of now; `since_on` where it reaches back further than usual."""
    choices = subscription.choices
    return {
        "cadence": choices.cadence,
        "weekday": choices.weekday,
        "month_day": choices.month_day,
        "hour": choices.hour,
        "timezone": choices.timezone,
        "language": choices.language,
        "confirmed_at": subscription.confirmed_at.isoformat(),
        "follows": any(one.kind is not InterestKind.MUTE for one in choices.interests),
        "since_on": None if since_on is None else since_on.isoformat(),
    }


def _reader(facts: Mapping[str, Any], *, address: str, considered: int) -> Reader:
    """Whom an edition is for, from what was kept of them."""
    since_on = facts.get("since_on")
    return Reader(
        address=address,
        cadence=Cadence(facts["cadence"]),
        # What was queued before an upgrade does not say.
        weekday=Weekday(facts.get("weekday", Weekday.MONDAY)),
        month_day=facts.get("month_day", 1),
        hour=facts["hour"],
        timezone=facts["timezone"],
        confirmed_at=datetime.fromisoformat(facts["confirmed_at"]),
        considered=considered,
        follows=facts["follows"],
        since_on=None if since_on is None else date.fromisoformat(since_on),
    )


class Composer:
    """Makes the messages of deliveries; what one printing's messages share is read once.

    `signs` is false for a mailer that signs what it takes.
    """

    def __init__(self, press: Press, *, signs: bool = True) -> None:
        self.press, self._signs = press, signs
        self._contents: dict[int, Mapping[str, Any]] = {}
        self._printings: dict[tuple[int, str], Printing] = {}
        self._cards: dict[tuple[int, int], Card] = {}
        self._confirms: dict[int, Confirm | None] = {}
        self._lists: dict[tuple[str, date], MailingList] = {}
        self._senders: dict[str, Sender] = {}

    def preload(self, printing_id: int, content: Mapping[str, Any], cards: Mapping[int, Card]) -> None:
        """Use a printing that the store does not have."""
        self._contents[printing_id] = content
        self._cards.update({(printing_id, paper): card for paper, card in cards.items()})

    def read(self, connection: Connection, deliveries: Sequence[Delivery]) -> None:
        """Read from the store what these messages are made of, and is not known yet: then `made` needs no store."""
        papers: dict[int, set[int]] = {}
        for one in deliveries:
            if one.printing_id is not None and one.selection is not None:
                papers.setdefault(one.printing_id, set()).update(pick.paper_id for pick in one.selection.picks)
            if one.confirm_id is not None:
                self._confirms[one.confirm_id] = confirm_numbered(connection, one.confirm_id)
        for printing_id, numbers in papers.items():
            if printing_id not in self._contents:
                self._contents[printing_id] = printing_content_of(connection, printing_id)
            missing = [number for number in numbers if (printing_id, number) not in self._cards]
            for number, card in cards_of(connection, printing_id, missing).items() if missing else ():
                self._cards[printing_id, number] = card_from_json(card)

    def outgoing(self, connection: Connection, delivery: Delivery) -> Outgoing:
        """The delivery's message in its envelope. Raises RenderingError where it cannot be made."""
        self.read(connection, [delivery])
        return self.made(delivery)

    def made(self, delivery: Delivery) -> Outgoing:
        """The same, of what has been read."""
        if delivery.address is None:
            raise RenderingError("The subscriber was erased; there is nobody to send this to.")
        press, sender = self.press, self._sender(delivery.newsletter)
        token = press.keys.sign(Purpose.MESSAGE, delivery.id, key=delivery.signed_with)
        links = self._links(delivery)
        body = self._body(delivery, links)
        content = build_message(
            sender=sender,
            recipient=delivery.address,
            subject=body.subject,
            text=body.encoded_text,
            html=body.encoded_html,
            token=token,
            dated_at=delivery.dated_at,
            list_headers=self._list_headers(delivery, links),
        )
        return Outgoing(
            delivery_id=delivery.id,
            key=delivery.key,
            envelope_sender=sender.address if press.fixed_envelope else envelope_sender(sender, token),
            recipient=wire_address(delivery.address),
            content=self._signed(content, delivery),
            is_lined=True,
        )

    def body(self, connection: Connection, delivery: Delivery, *, whole: bool = False) -> Body:
        """Subject, text and HTML of the delivery's message; `whole` with the papers that a message has no room for."""
        self.read(connection, [delivery])
        return self._body(delivery, self._links(delivery), whole=whole)

    def _body(self, delivery: Delivery, links: Links | None, *, whole: bool = False) -> Body:
        match delivery.kind:
            case DeliveryKind.EDITION:
                return self._edition(delivery, links, whole=whole)
            case DeliveryKind.CONFIRM:
                return self._confirm(delivery)
            case DeliveryKind.TEST:
                press, site = self.press, self.press.site(delivery.newsletter)
                trial = trial_notice(ENGLISH, site=site, provider=press.provider, sent_at=delivery.dated_at)
                return fill(press.library.compile("notice"), notice_context(trial, site=site))
            case DeliveryKind.WELCOME | DeliveryKind.NOTICE:
                return self._notice(delivery, links)

    def _signed(self, content: bytes, delivery: Delivery) -> bytes:
        """The message with its signatures: an edition's by the keys of its printing, others' by today's."""
        if not self._signs:
            return content
        if delivery.printing_id is None:
            signing = self.press.signing(delivery.newsletter)
        else:
            kept = self._contents[delivery.printing_id]["signing"]
            signing = Signing(domain=kept["domain"], selectors=tuple(kept["selectors"]))
            # The sender has moved since to another domain: a signature of the old one would stand for nobody.
            if kept["domain"] and not are_aligned(self.press.sender(delivery.newsletter).domain, kept["domain"]):
                signing = self.press.signing(delivery.newsletter)
        return self.press.signer.sign(content, signing, signed_at=delivery.dated_at)

    def _edition(self, delivery: Delivery, links: Links | None, *, whole: bool) -> Body:
        printing_id, selection = delivery.printing_id, delivery.selection
        if printing_id is None or selection is None or delivery.reader is None or links is None:
            raise RenderingError(f"Delivery {delivery.id} has no printing any more; it cannot be made again.")
        content = self._contents[printing_id]
        if "language" not in delivery.reader or "signing" not in content:
            raise RenderingError(f"Delivery {delivery.id} was printed by an earlier version; it cannot be made again.")
        printing = self._printing(printing_id, delivery.reader["language"])
        edition = Edition(
            language=printing.language,
            printed=printing.printed,
            papers=[(self._cards[printing_id, pick.paper_id], pick.reason) for pick in selection.picks],
            reader=_reader(delivery.reader, address=delivery.address or "", considered=selection.considered),
            links=links,
        )
        return edition_body(printing, edition, whole=whole)

    def _printing(self, printing_id: int, code: str) -> Printing:
        if (printing_id, code) not in self._printings:
            content, language = self._contents[printing_id], self.press.library.language(code)
            if language.code not in content["templates"]:
                language = ENGLISH
            self._printings[printing_id, code] = Printing(
                Compiled(**content["templates"][language.code]),
                language=language,
                site=Site(**content["site"]),
                printed=read_facts(content["facts"]),
            )
        return self._printings[printing_id, code]

    def _confirm(self, delivery: Delivery) -> Body:
        asked = None if delivery.confirm_id is None else self._confirms[delivery.confirm_id]
        if asked is None:
            raise RenderingError("What was asked for has run out; there is nothing to confirm.")
        press, choices = self.press, asked.choices
        language = press.library.language(choices.language)
        if asked.subscription_id is not None:
            return self._move(asked, delivery, language)
        token = press.keys.sign(Purpose.CONFIRM, asked.id, salt=asked.nonce, key=delivery.signed_with)
        first = next_due_at(asked.asked_at, choices)
        context = confirm_context(
            language,
            site=press.site(delivery.newsletter),
            address=asked.address,
            choices=choices,
            first_due_at=first,
            asked_at=asked.asked_at,
            confirm_url=press.link(f"/confirm/{token}"),
            expires_after=asked.expires_at - asked.asked_at,
            is_subscribed=bool(delivery.reader and delivery.reader["is_subscribed"]),
        )
        return fill(press.library.compile("confirm", language), context)

    def _move(self, asked: Confirm, delivery: Delivery, language: Language) -> Body:
        press, site = self.press, self.press.site(delivery.newsletter)
        token = press.keys.sign(Purpose.MOVE, asked.id, salt=asked.nonce, key=delivery.signed_with)
        context = move_context(
            language,
            site=site,
            address=asked.address,
            asked_at=asked.asked_at,
            url=press.link(f"/move/{token}"),
            expires_after=asked.expires_at - asked.asked_at,
        )
        return fill(press.library.compile("notice", language), context)

    def _notice(self, delivery: Delivery, links: Links | None) -> Body:
        press, told = self.press, delivery.reader
        if told is None:
            raise RenderingError(f"Delivery {delivery.id} says nothing of its reader; it cannot be made.")
        site, language = press.site(delivery.newsletter), press.library.language(told["language"])
        whom: dict[str, Any] = {"address": delivery.address or "", "sent_at": delivery.dated_at, "links": links}
        if delivery.kind is DeliveryKind.WELCOME:
            sender = press.sender(delivery.newsletter).address
            context = welcome_context(language, told, site=site, sender=sender, **whom)
            return fill(press.library.compile("welcome", language), context)
        return fill(press.library.compile("notice", language), told_context(language, told, site=site, **whom))

    def _links(self, delivery: Delivery) -> Links | None:
        """The links of the delivery's reader, if it is for one who is subscribed."""
        if delivery.subscription_id is None:
            return None
        link = self.press.link
        preferences = link(f"/preferences/{self._sign(Purpose.PREFERENCES, delivery.subscription_id, delivery)}")
        return Links(
            unsubscribe=link(f"/unsubscribe/{self._sign(Purpose.UNSUBSCRIBE, delivery.subscription_id, delivery)}"),
            view=link(f"/view/{self._sign(Purpose.VIEW, delivery.id, delivery)}"),
            preferences=preferences,
            pause=f"{preferences}#pause",
            feedback=link(f"/feedback/{self._sign(Purpose.FEEDBACK, delivery.id, delivery)}"),
        )

    def _list_headers(self, delivery: Delivery, links: Links | None) -> ListHeaders | None:
        if delivery.kind is not DeliveryKind.EDITION or links is None:
            return None
        return ListHeaders(
            mailing_list=self._mailing_list(delivery.newsletter, delivery.due_on or delivery.dated_at.date()),
            unsubscribe_url=links.unsubscribe,
            unsubscribe_token=links.unsubscribe.rpartition("/")[2],
        )

    def _sender(self, slug: str) -> Sender:
        if slug not in self._senders:
            self._senders[slug] = self.press.sender(slug)
        return self._senders[slug]

    def _mailing_list(self, slug: str, day: date) -> MailingList:
        if (slug, day) not in self._lists:
            press = self.press
            self._lists[slug, day] = MailingList(
                list_id=f"{slug}.{press.sender(slug).domain}",
                title=press.newsletter(slug).title,
                archive_url=press.link("/archive/"),
                help_url=press.link("/"),
                feedback_id=(str(day), slug, "edition", "offprint"),
            )
        return self._lists[slug, day]

    def _sign(self, purpose: Purpose, number: int, delivery: Delivery) -> str:
        return self.press.keys.sign(purpose, number, key=delivery.signed_with)
