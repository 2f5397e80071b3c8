"""Every kind of message, made of the sample's papers: the jobs run on a store that is thrown away afterwards.

An operator sees in them what a changed template, text or colour does. They are real messages but
for their links, which a key of no installation signs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.address import parse_address
from digest.change import change, pause, resume
from digest.collect import cleaned, count_features
from digest.compose import Composer
from digest.due import due_on
from digest.mail.dkim import Signer
from digest.mail.message import build_message
from digest.model import Cadence, Choices, DeliveryKind, Interest, InterestKind, Layout, Listing, Subscription, Weights
from digest.move import move
from digest.press import Press
from digest.publish import publish
from digest.refit import refit_background
from digest.rendering.alarms import Alarm, Cause, alarm_notice
from digest.rendering.answers import help_answer, status_answer, unknown_answer
from digest.rendering.arrangement import arrangement_facts, arrangement_in
from digest.rendering.edition import Links
from digest.rendering.filling import fill
from digest.rendering.language import Language
from digest.rendering.notice import Notice, notice_context
from digest.rendering.notices import trial_notice
from digest.sources.sample import sample
from digest.store import Store, open_store
from digest.store.confirms import confirm_numbered
from digest.store.deliveries import deliveries_of
from digest.store.recording import record_listings
from digest.store.schema import migrate
from digest.store.subscribers import subscriptions_of
from digest.subscribe import ask, confirm, subscribe
from digest.tokens import Keys, Purpose
from digest.trial import preview_of

NOW = datetime(2026, 6, 18, 5, tzinfo=UTC)
"""When all of it happens: 07:00 in Paris, on the morning after the newest list of the sample."""

READER = "reader@example.org"
NEW_ADDRESS = "reader@example.net"
STEPS = 8
KEYS = Keys((b"for specimens, of no installation",))
"""What signs their links: whoever opens one of them finds nothing."""

_FOLLOWED = (
    Interest(kind=InterestKind.TOPIC, value="statistics of models"),
    Interest(kind=InterestKind.TOPIC, value="errors in code"),
    Interest(kind=InterestKind.CATEGORY, value="cs.LG"),
)


def specimens(press: Press, language: Language) -> dict[str, bytes]:
    """One message of every kind, by a name of its own, in the language and the press's looks; its keys sign nothing."""
    with TemporaryDirectory() as folder:
        store = open_store("sqlite:///specimens.db", folder=Path(folder), create=True)
        try:
            migrate(store)
            slug = next(iter(press.newsletters))
            bench = replace(
                press, keys=KEYS, signer=Signer(), fixed_envelope=False, newsletters={slug: press.newsletters[slug]}
            )
            return _Specimens(store, bench, language, slug).all()
        finally:
            store.close()


def specimen_files(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """The messages, and beside each its page and its text, by the names of files."""
    files: dict[str, bytes] = {}
    for name, raw in found.items():
        message = message_from_bytes(raw, policy=default)
        html, text = message.get_body(["html"]), message.get_body(["plain"])
        assert html is not None
        assert text is not None
        pages = {f"{name}.html": html.get_content(), f"{name}.txt": text.get_content()}
        files |= {f"{name}.eml": raw} | {file: page.replace("\r\n", "\n").encode() for file, page in pages.items()}
    return files


class _Specimens:
    """The jobs, one after the other, on one store."""

    def __init__(self, store: Store, press: Press, language: Language, slug: str) -> None:
        self.store, self.press, self.language, self.slug = store, press, language, slug

    def all(self) -> dict[str, bytes]:
        """The specimens by name."""
        self._papers_come_in()
        return {**dict(self._editions()), **self._notices()}

    def _papers_come_in(self) -> None:
        """The sample's papers over the last day, their upvotes growing: without a history there are no bars."""
        listings = [cleaned(one) for page in sample().listings(since=NOW.date(), now=NOW) for one in page.listings]
        for step in range(STEPS + 1):
            with self.store.writing() as connection:
                seen_at = NOW - timedelta(hours=3) * (STEPS - step)
                record_listings(
                    connection, [_grown(one, step / STEPS) for one in listings], source="sample", now=seen_at
                )
        count_features(self.store)
        refit_background(self.store, now=NOW)

    def _editions(self) -> Iterator[tuple[str, bytes]]:
        for cadence in Cadence:
            yield f"edition-{cadence}", self._edition(self.press, f"{cadence}@example.org", self._choices(cadence))
        whole = self.press.newsletter(self.slug).model_copy(update={"layout": Layout.FULL})
        full = replace(self.press, newsletters={self.slug: whole})
        yield "edition-full", self._edition(full, "full@example.org", self._choices(Cadence.DAILY))
        strange = (Interest(kind=InterestKind.TOPIC, value="medieval falconry"),)
        quiet = replace(self._choices(Cadence.DAILY), interests=strange)
        yield "edition-quiet", self._edition(self.press, "quiet@example.org", quiet)

    def _edition(self, press: Press, address: str, choices: Choices) -> bytes:
        reader = parse_address(address)
        subscribe(self.store, reader, newsletter=self.slug, choices=choices, now=NOW - timedelta(days=1))
        return preview_of(self.store, press, reader, weights=Weights(), now=NOW).message.content

    def _notices(self) -> dict[str, bytes]:
        """What a reader gets from asking to resuming, who asks once there is an edition to explain."""
        publish(self.store, self.press, newsletter=self.slug, weights=Weights(), now=NOW)
        store, keys, choices = self.store, KEYS, self._choices(Cadence.WEEKDAYS)
        ask(store, parse_address(READER), newsletter=self.slug, choices=choices, keys=keys, now=NOW)
        with store.reading() as connection:
            asked = confirm_numbered(connection, 1)
        assert asked is not None
        confirm(store, keys.sign(Purpose.CONFIRM, asked.id, salt=asked.nonce), keys=keys, now=NOW)
        with store.reading() as connection:
            [subscription] = subscriptions_of(connection, asked.subscriber_id)
        change(store, subscription.id, choose=lambda held: replace(held, hour=18), keys=keys, now=NOW)
        until = due_on(NOW, timezone=choices.timezone) + timedelta(days=26)
        pause(store, subscription.id, until=until, keys=keys, now=NOW)
        resume(store, subscription.id, keys=keys, now=NOW)
        queued = self._queued(asked.subscriber_id)
        return {**queued, **self._moved(subscription), **self._answers(subscription)}

    def _moved(self, subscription: Subscription) -> dict[str, bytes]:
        """What a new address gets, and then the old one."""
        store, address = self.store, parse_address(NEW_ADDRESS)
        ask(
            store,
            address,
            newsletter=self.slug,
            choices=subscription.choices,
            keys=KEYS,
            now=NOW,
            moving=subscription.id,
        )
        with store.reading() as connection:
            asked = confirm_numbered(connection, 2)
        assert asked is not None
        asking = self._queued(asked.subscriber_id)["confirm"]
        move(store, KEYS.sign(Purpose.MOVE, asked.id, salt=asked.nonce), keys=KEYS, now=NOW)
        return {"confirm-move": asking, "moved": self._queued(subscription.subscriber_id)["moved"]}

    def _queued(self, subscriber_id: int) -> dict[str, bytes]:
        composer = Composer(self.press)
        with self.store.reading() as connection:
            return {
                one.reader["about"] if one.kind is DeliveryKind.NOTICE and one.reader else str(one.kind): (
                    composer.outgoing(connection, one).content
                )
                for one in reversed(deliveries_of(connection, subscriber_id))
            }

    def _answers(self, subscription: Subscription) -> dict[str, bytes]:
        """What those get who write to the newsletter, and what the operator gets."""
        language, site = self.language, self.press.site(self.slug)
        preferences = self.press.link(f"/preferences/{KEYS.sign(Purpose.PREFERENCES, subscription.id)}")
        unsubscribe = self.press.link(f"/unsubscribe/{KEYS.sign(Purpose.UNSUBSCRIBE, subscription.id)}")
        links = Links(
            unsubscribe=unsubscribe, view="", preferences=preferences, pause=f"{preferences}#pause", feedback=""
        )
        arrangement = arrangement_in(arrangement_facts(subscription))
        alarm = Alarm(
            cause=Cause.REFUSED, what="smtp (535: 5.7.8 Sign-in refused)", since_at=NOW - timedelta(hours=1), queued=128
        )
        ill = Alarm(cause=Cause.BOUNCES, what=self.slug, since_at=NOW, queued=128)
        loathed = Alarm(cause=Cause.COMPLAINTS, what=self.slug, since_at=NOW, queued=128)
        late = Alarm(cause=Cause.SOURCE, what="arxiv", since_at=NOW - timedelta(days=1), queued=0)
        return {
            "help": self._alone(help_answer(language, site=site, written_at=NOW)),
            "status": self._alone(
                status_answer(language, arrangement, site=site, address=READER, sent_at=NOW, links=links), links
            ),
            "unknown": self._alone(unknown_answer(language, site=site, written_at=NOW)),
            "test": self._alone(trial_notice(language, site=site, provider=self.press.provider, sent_at=NOW)),
            "alarm-refused": self._alone(alarm_notice(language, alarm, site=site)),
            "alarm-bounces": self._alone(alarm_notice(language, ill, site=site)),
            "alarm-complaints": self._alone(alarm_notice(language, loathed, site=site)),
            "alarm-source": self._alone(alarm_notice(language, late, site=site)),
        }

    def _alone(self, notice: Notice, links: Links | None = None) -> bytes:
        """A message that stands in no ledger."""
        context = notice_context(notice, site=self.press.site(self.slug), links=links)
        body = fill(self.press.library.compile("notice", self.language), context)
        return build_message(
            sender=self.press.sender(self.slug),
            recipient=READER,
            subject=body.subject,
            text=body.encoded_text,
            html=body.encoded_html,
            token=KEYS.sign(Purpose.MESSAGE, 0),
            dated_at=NOW,
            list_headers=None,
        )

    def _choices(self, cadence: Cadence) -> Choices:
        return Choices(
            cadence=cadence,
            hour=7,
            timezone="Europe/Paris",
            max_papers=10,
            interests=_FOLLOWED,
            language=self.language.code,
        )


def _grown(listing: Listing, share: float) -> Listing:
    upvotes = listing.signals.upvotes
    return replace(listing, signals=replace(listing.signals, upvotes=upvotes and round(upvotes * share)))
