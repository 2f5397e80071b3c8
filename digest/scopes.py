"""What budgets are about (all messages, a provider's, a domain's) and what the operator allows of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from digest.budgets import UNLIMITED, Budget, Moment, Spent, WarmUp

EVERYTHING = ""
"""The scope of all messages; `by` a provider and `to` a domain are the others."""


def by_provider(name: str) -> str:
    """The scope of what a provider is handed."""
    return f"by {name}"


def to_domain(name: str) -> str:
    """The scope of what goes to a domain."""
    return f"to {name}"


def name_of(scope: str) -> str:
    """A scope as the operator knows it."""
    return scope.partition(" ")[2] or "[mail.budget]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the operator allows: in all, by the provider, to some domains."""

    everything: Budget = UNLIMITED
    provider: Budget = UNLIMITED
    provider_name: str = ""
    domains: Mapping[str, Budget] = field(default_factory=dict)
    warm_up: WarmUp | None = None

    @property
    def are_any(self) -> bool:
        """Whether anything is limited."""
        return bool(self.domains) or self.warm_up is not None or {self.everything, self.provider} != {UNLIMITED}

    def budget(self, scope: str, spent: Spent, moment: Moment) -> Budget:
        """The budget of a scope today."""
        if scope == EVERYTHING:
            return self.everything
        if scope != by_provider(self.provider_name):
            return self.domains.get(scope.removeprefix(to_domain("")), UNLIMITED)
        if self.warm_up is None:
            return self.provider
        today = moment.now.date()
        caps = (self.provider.per_day, self.warm_up.cap(days=(today - (spent.since_on or today)).days))
        return replace(self.provider, per_day=min(cap for cap in caps if cap is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """For how many seconds nothing leaves, or no edition does, since a scope's budget is spent or it refuses us.

    `seconds_each` is the time between two messages where that is why, 0 where a day's budget is spent.
    """

    scope: str
    seconds: float
    until: datetime
    seconds_each: float
    is_refused: bool
    is_for_editions: bool

    @property
    def told(self) -> str:
        """The same as a sentence."""
        whose = name_of(self.scope)
        until = f"{self.until:%Y-%m-%d %H:%M} UTC"
        if self.is_refused:
            return f"{whose} refuses messages for now: it is left alone until {until}, the rest is queued."
        what = "No edition" if self.is_for_editions else "Nothing"
        why = f"what {whose} allows in 24 hours has left"
        if self.seconds_each:
            why = f"{whose} allows a message every {self.seconds_each:.0f} s"
        return f"{what} leaves until {until}: {why}, the rest is queued."
