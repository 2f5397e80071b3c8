"""Addresses: what is one, and when two are the same. Pure."""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from digest.errors import InputError

EXAMPLE = "ada@example.org"


@dataclass(frozen=True, slots=True)
class Address:
    """An address as its owner writes it, and the key under which it is the same for everybody."""

    text: str
    key: str


def parse_address(text: str) -> Address:
    """The address in `text`, which must hold nothing else (RFC 5321, 4.1.2, without quoted local parts).

    Raises InputError, whose sentence does not repeat what was typed.
    """
    try:
        valid = validate_email(text.strip(" "), check_deliverability=False, strict=True, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise InputError(f"That is not a full address. Enter one such as {EXAMPLE}.") from error
    return Address(text=valid.normalized, key=f"{valid.local_part.casefold()}@{valid.ascii_domain}")
