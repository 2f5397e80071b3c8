"""SMTP (RFC 5321) with pipelining across messages (RFC 2920), over several connections at a time."""

from digest.mail.smtp.mailer import Smtp
from digest.mail.smtp.server import Server, Timeouts

__all__ = ["Server", "Smtp", "Timeouts"]
