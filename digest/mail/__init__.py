"""Making messages and handing them over: one seam, `Mailer`, and a file per way out."""

from digest.mail.mailer import Mailer

__all__ = ["Mailer"]
