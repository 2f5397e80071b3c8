"""The languages that editions can be had in."""

LANGUAGES = {"en": "English"}
"""By their codes (BCP 47), each as it calls itself."""
