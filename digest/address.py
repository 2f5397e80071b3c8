"""Addresses: what is one, and when two are the same. Pure."""

from dataclasses import dataclass

from digest.errors import InputError

EXAMPLE = "ada@example.org"
ROLES = frozenset(
    "abuse bounce bounces daemon do-not-reply donotreply hostmaster listserv mailer-daemon majordomo mailman no-reply"
    " no_reply noc noreply postmaster root security spam webmaster".split()
)


@dataclass(frozen=True, slots=True)
class Address:
    """An address as its owner writes it, and the key under which it is the same for everybody."""

    text: str
    key: str

    @property
    def mailbox(self) -> str:
        """The key of the mailbox that it most likely reaches: without what stands behind a plus, or Gmail's dots."""
        name, _, domain = self.key.rpartition("@")
        name = name.partition("+")[0] or name
        return f"{name.replace('.', '')}@gmail.com" if domain in {"gmail.com", "googlemail.com"} else f"{name}@{domain}"

    @property
    def is_of_a_role(self) -> bool:
        """Whether nobody reads it for themselves: the machinery of mail (RFC 2142), lists' own addresses, no-reply."""
        name = self.mailbox.rpartition("@")[0]
        return name in ROLES or name.startswith("owner-") or name.endswith(("-request", "-owner", "-bounces"))


def parse_address(text: str) -> Address:
    """The address in `text`, which must hold nothing else (RFC 5321, 4.1.2, without quoted local parts).

    Raises InputError, whose sentence does not repeat what was typed.
    """
    # Whoever is given no address need not wait for it.
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(text.strip(" "), check_deliverability=False, strict=True, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise InputError(f"That is not a full address. Enter one such as {EXAMPLE}.") from error
    return Address(text=valid.normalized, key=f"{valid.local_part.casefold()}@{valid.ascii_domain}")
