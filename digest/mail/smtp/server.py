"""A server, as a value: where it is, how to sign in, how long to wait for it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

# It brings HTTP along, which a server with a password does without.
if TYPE_CHECKING:
    from digest.mail.grant import Grant

Tls = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait at each stage, in seconds (RFC 5321, 4.5.3.2)."""

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    final_dot: float = 600
    quit: float = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where to send and how to sign in: by a grant's tokens, else by `password`, if by anything.

    Neither leaves this value but over the wire.
    """

    host: str
    port: int
    tls: Tls
    username: str = ""
    password: str = field(default="", repr=False)
    grant: "Grant | None" = field(default=None, repr=False)
    connections: int = 8
    timeouts: Timeouts = field(default_factory=Timeouts)
