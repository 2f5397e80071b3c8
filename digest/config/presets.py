"""Submission servers that many use, and what they allow, as their operators' help pages said in November 2026.

Data, not code: limits change, and none of this was tried against the services themselves. `docs/providers.md`
shows the same table.
"""

from dataclasses import dataclass
from typing import Any, Literal

Tls = Literal["starttls", "tls", "none"]
Envelope = Literal["per_delivery", "fixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What to fill `[mail.smtp]` with; `per_minute` and `per_day` in messages, None where nobody says.

    `signs_in` says whether it takes mail only of who signs in to a mailbox.
    """

    host: str
    port: int = 465
    tls: Tls = "tls"
    connections: int = 2
    envelope: Envelope = "fixed"
    per_minute: int | None = None
    per_day: int | None = None
    signs_in: bool = True

    @property
    def values(self) -> dict[str, Any]:
        """The keys of `[mail.smtp]`."""
        keys = {key: getattr(self, key) for key in ("host", "port", "tls", "connections", "envelope", "per_day")}
        return keys | {"per_second": None if self.per_minute is None else self.per_minute / 60}


PRESETS = {
    "relay": Preset(host="127.0.0.1", port=25, tls="none", connections=16, envelope="per_delivery", signs_in=False),
    "gmail": Preset(host="smtp.gmail.com", per_day=500),
    "google-workspace": Preset(host="smtp.gmail.com", per_day=2000),
    "google-relay": Preset(
        host="smtp-relay.gmail.com", connections=4, envelope="per_delivery", per_day=10_000, signs_in=False
    ),
    "office365": Preset(
        host="smtp.office365.com", port=587, tls="starttls", connections=3, per_minute=30, per_day=10_000
    ),
    "icloud": Preset(host="smtp.mail.me.com", port=587, tls="starttls", per_day=1000),
    "yahoo": Preset(host="smtp.mail.yahoo.com", per_day=500),
    "fastmail": Preset(host="smtp.fastmail.com"),
    "zoho": Preset(host="smtp.zoho.com"),
    "zoho-eu": Preset(host="smtp.zoho.eu"),
    "gandi": Preset(host="mail.gandi.net"),
    "gmx": Preset(host="mail.gmx.net"),
    "hetzner": Preset(host="mail.your-server.de"),
    "infomaniak": Preset(host="mail.infomaniak.com"),
    "ionos": Preset(host="smtp.ionos.de", per_minute=8),
    "mailbox.org": Preset(host="smtp.mailbox.org"),
    "migadu": Preset(host="smtp.migadu.com"),
    "ovh": Preset(host="ssl0.ovh.net"),
    "posteo": Preset(host="posteo.de"),
    "strato": Preset(host="smtp.strato.de"),
}
