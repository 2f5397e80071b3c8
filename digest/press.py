"""What every message of an installation is made with."""

from collections.abc import Mapping
from dataclasses import dataclass

from digest.config.sections import Newsletter
from digest.errors import RenderingError
from digest.mail.dkim import Signer, Signing
from digest.mail.message import Sender
from digest.rendering.site import Site
from digest.rendering.templates import Library
from digest.tokens import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What every message is made with.

    `credits` say whose data the papers are; `fixed_envelope` is for servers that allow only their
    own mailbox as envelope sender.
    """

    library: Library
    keys: Keys
    base_url: str
    site_name: str
    accent: str
    credits: str
    provider: str
    fixed_envelope: bool
    newsletters: Mapping[str, Newsletter]
    signer: Signer

    def site(self, newsletter: str) -> Site:
        """The operator's side of a newsletter's messages."""
        return Site(
            name=self.site_name,
            base_url=self.base_url,
            accent=self.accent,
            postal_address=self.newsletter(newsletter).postal_address,
            credits=self.credits,
        )

    def newsletter(self, slug: str) -> Newsletter:
        """The newsletter's configuration. Raises RenderingError for one that is not there any more."""
        if slug not in self.newsletters:
            raise RenderingError(
                f"There is no newsletter {slug!r}. Put its [[newsletter]] back into the configuration."
            )
        return self.newsletters[slug]

    def sender(self, slug: str) -> Sender:
        """Who a newsletter's messages are from."""
        newsletter = self.newsletter(slug)
        return Sender(mailbox=newsletter.sender, reply_to=newsletter.reply_to)

    def signing(self, slug: str) -> Signing:
        """How a newsletter's messages are signed from now on."""
        return self.signer.signing(self.sender(slug))

    def link(self, path: str) -> str:
        """An address on the site."""
        return f"{self.base_url}{path}"
