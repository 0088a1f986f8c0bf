"""The error tree. Every error a caller can meet is a :class:`TwinError`.

::

    TwinError                    anything the twin refuses or cannot do
    ├── InputError               what was given is wrong; a person can mend it
    │   ├── FormatError          a file or message cannot be read as what it claims to be
    │   │   └── UnsupportedFormatError   a known format or version that is not supported
    │   ├── CrsError             coordinates without, or with a wrong, reference system
    │   ├── SchemaError          a record does not fit its layer, kind or datastream
    │   ├── TimeError            a time without zone, or one that cannot be answered
    │   ├── ParameterError       an argument outside its range
    │   └── TooLargeError        a file or picture larger than is taken
    ├── NotFoundError            no such thing, or none the viewer may see (the text is the same)
    ├── ConflictError            the record changed meanwhile, or the name is taken
    ├── SignInError              nobody signed in, or what was shown is not (any more) valid
    │   └── SecondFactorError    the password was right and the second factor is missing
    ├── ForbiddenError           the viewer may not do this
    ├── TooManyError             too many requests or attempts; carries when to come again
    ├── StoreError               the store cannot do its work
    │   ├── NoTwinError          there is no twin at this place
    │   ├── StoreBusyError       another process owns the file and does not answer
    │   └── StorageFullError     the disk is full; nothing was written
    ├── CancelledError           the work was stopped on request; nothing was written
    ├── LimitError               the work needed more memory or time than it may take
    ├── BrokenOffError           the work was cut off and is not repeated
    ├── ExternalError            a broker, server or program outside failed
    └── InternalError            a promise of the house was broken (a bug)

An error carries its data: ``what`` it is about, ``where`` it was met, and a ``hint`` that says what to do.
"""

from __future__ import annotations


class TwinError(Exception):
    """Something the twin refuses or cannot do.

    Parameters
    ----------
    message
        One sentence for people: what, where, which value.
    where
        File, row, topic, field or route the problem lies in.
    hint
        What the reader can do about it.
    """

    kind = "error"
    """Stable identifier used in problem documents."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text.rstrip('.')}. {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross the owner's socket; keyword-only arguments need their own pickling.
        return (_rebuild, (type(self), self.message, self.where, self.hint))


def _rebuild(cls: type[TwinError], message: str, where: str, hint: str) -> TwinError:
    return cls(message, where=where, hint=hint)


class InputError(TwinError):
    """What was given is wrong; a person can mend it."""

    kind = "invalid-input"


class FormatError(InputError):
    """A file or message cannot be read as what it claims to be."""

    kind = "unreadable"


class UnsupportedFormatError(FormatError):
    """A known format or version that is not supported."""

    kind = "unsupported-format"


class CrsError(InputError):
    """Coordinates without, or with a wrong, reference system."""

    kind = "crs"


class SchemaError(InputError):
    """A record does not fit its layer, kind or datastream."""

    kind = "schema"


class TimeError(InputError):
    """A time without zone, or one that cannot be answered."""

    kind = "time"


class ParameterError(InputError):
    """An argument outside its range."""

    kind = "parameter"


class TooLargeError(InputError):
    """A file or picture larger than is taken."""

    kind = "too-large"


class NotFoundError(TwinError):
    """No such thing, or none the viewer may see; the text is the same in both cases."""

    kind = "not-found"


class ConflictError(TwinError):
    """The record changed meanwhile, or the name is taken."""

    kind = "conflict"


class SignInError(TwinError):
    """Nobody signed in, or what was shown (password, session, token) is not valid, or not any more."""

    kind = "sign-in"


class SecondFactorError(SignInError):
    """The password was right and the second factor is missing."""

    kind = "second-factor"


class ForbiddenError(TwinError):
    """The viewer may not do this."""

    kind = "forbidden"


class TooManyError(TwinError):
    """Too many requests or attempts; ``retry_after_s`` says when to come again. [s]"""

    kind = "too-many"

    def __init__(self, message: str, *, where: str = "", hint: str = "", retry_after_s: int = 1) -> None:
        super().__init__(message, where=where, hint=hint)
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_too_many, (self.message, self.where, self.hint, self.retry_after_s))


def _rebuild_too_many(message: str, where: str, hint: str, retry_after_s: int) -> TooManyError:
    return TooManyError(message, where=where, hint=hint, retry_after_s=retry_after_s)


class StoreError(TwinError):
    """The store cannot do its work."""

    kind = "store"


class NoTwinError(StoreError):
    """There is no twin at this place."""

    kind = "no-twin"


class StoreBusyError(StoreError):
    """Another process owns the file and does not answer."""

    kind = "store-busy"


class StorageFullError(StoreError):
    """The disk is full; nothing was written."""

    kind = "storage-full"


class CancelledError(TwinError):
    """The work was stopped on request; nothing was written."""

    kind = "cancelled"


class LimitError(TwinError):
    """The work needed more memory or time than it may take."""

    kind = "limit"


class BrokenOffError(TwinError):
    """The work was cut off and is not repeated; the text says what of it was kept."""

    kind = "broken-off"


class ExternalError(TwinError):
    """A broker, server or program outside failed."""

    kind = "external"


class InternalError(TwinError):
    """A promise of the house was broken."""

    kind = "internal"
