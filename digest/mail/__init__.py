"""Making messages and handing them over: one seam, `Mailer`, and a file per way out."""

from digest.mail.mailer import Mailer, Messages, in_their_time

__all__ = ["Mailer", "Messages", "in_their_time"]
