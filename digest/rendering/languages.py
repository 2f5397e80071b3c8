"""The languages that editions can be had in."""

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""By their codes (BCP 47), each as it calls itself."""
