"""How deliveries are sent, and what a run of it came to."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from digest.scopes import Limits, Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How deliveries are leased and sent: at most `window` messages are noted as under way and have no answer noted."""

    lease_seconds: float
    window: int
    after_unknown: Literal["drop", "resend"] = "drop"
    limits: Limits = field(default_factory=Limits)


@dataclass(slots=True, kw_only=True)
class Delivered:
    """What a run did, by outcome, and why what was skipped; `error` says why sending stopped, where it did.

    `refused` names the provider and its answer where that was because it refused us as a sender; `paused` are
    newsletters that were stopped since too many of their addresses do not exist. `refusals` are counted by the
    server's words; `wait` says why and until when the rest is queued, where a budget is spent.
    """

    counts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    error: str = ""
    refused: str = ""
    paused: list[str] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    wait: Wait | None = None
