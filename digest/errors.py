"""What can go wrong, as a tree.

    DigestError
    +-- ConfigError      the configuration is wrong: nothing was started
    +-- InputError       what somebody typed or handed in is wrong: nothing was changed
    +-- BusyError        too many want the same at once, or one too much, or nothing leaves: nothing was changed
    +-- SourceError      a source did not answer, or not with papers
    +-- StoreError       the store cannot be used as it is
    |   +-- StoreAddressError    store.url does not lead to a store (a ConfigError, too)
    |   +-- StoreAwayError       its server is away; it may be back in a moment
    |   +-- StoreBusyError       it is locked, full or closed to writing; it may be otherwise in a moment
    |   +-- StoreContestedError  it ended a transaction in favour of another
    +-- InferenceError   help from outside did not come; nothing depends on it
    +-- RenderingError   a template cannot be filled
    +-- DeliveryError    a mailer cannot work at all (a refused message is an answer, not an error)
    |   +-- GrantRefusedError    there is nothing to sign in with
    +-- ProcessError     work in a process of its own came to no good end

A message is one sentence that says what is wrong and where, and one that says what to do next.
It never holds an address, a token or a secret.
"""

import traceback


class DigestError(Exception):
    """The root: everything that the command line shows without a traceback."""


class ConfigError(DigestError):
    """The configuration is wrong; the message names the key."""


class InputError(DigestError):
    """What somebody typed or handed in is wrong; the message says what would be right."""


class BusyError(DigestError):
    """Too many want the same at once, or one too much of it, or nothing leaves; the message says when to try again."""


class SourceError(DigestError):
    """A source failed. The others go on."""

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source


class StoreError(DigestError):
    """The store is missing, damaged, too old or too new."""


class StoreAddressError(StoreError, ConfigError):
    """There is no store where store.url says, or its server lets nobody in who asks like that."""


class StoreAwayError(StoreError):
    """The store's server ended a connection, or does not answer: what was asked may be asked again."""


class StoreBusyError(StoreError):
    """The store is locked, full or closed to writing for now, or short of memory: the same may be asked again."""


class StoreContestedError(StoreError):
    """The store's server ended a transaction in favour of another: the same may be asked again."""


class InferenceError(DigestError):
    """Optional help from outside did not come. `status` is that of the answer, if there was one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RenderingError(DigestError):
    """A template is wrong, or asks for what there is not."""


class DeliveryError(DigestError):
    """A mailer cannot work at all."""


class GrantRefusedError(DeliveryError):
    """Nobody gives an access token until the operator has done something."""


class ProcessError(DigestError):
    """Work in a process of its own failed, or was killed."""


def sentence_of(error: Exception) -> str:
    """An error in words that may be logged: of a fault of ours where it happened, as its own may hold addresses."""
    if isinstance(error, DigestError):
        return str(error)
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {where.name}, {where.filename}:{where.lineno}"
