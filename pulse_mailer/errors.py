"""
Every exception of the package, as one tree.

    PulseMailerError
    ├── UsageError             what was asked for is not possible as written
    │   ├── BadSetting         a PULSE_MAILER_ variable is unknown or has a wrong value
    │   └── BadAddress         not an e-mail address that we can write to
    ├── NotFound               no such edition, subscriber, delivery, picture
    ├── Refused                possible, but not allowed as things stand
    │   ├── WrongState         the edition or delivery is not in a state that allows it
    │   │   └── Agreed         people agreed to it, and a change would make that void
    │   ├── SendingBlocked     somebody's mail cannot be made, or the count was not confirmed
    │   │   └── Unmended       preflight found errors, and nobody let them pass
    │   ├── Conflict           somebody else changed it meanwhile
    │   ├── NotSignedIn        it is for staff, and nobody is signed in
    │   └── NotAllowed         who is signed in may not do that
    ├── DocumentError          a file that cannot be imported
    │   ├── BadCsv             not a file of subscribers
    │   ├── UnreadableDocument
    │   ├── DocumentTooLarge
    │   └── HostileDocument    zip bombs, external entities
    ├── CompositionError       an edition that cannot be made into mail
    │   ├── BrokenTemplate
    │   └── UnsafeText         nested too deeply, or holds characters that no mail may carry
    ├── PictureRefused         not a picture that mail can show
    ├── BadLink                a signed link that we did not sign, or not for this
    ├── LinkForShow            the link of a proof or a preview, which is nobody's
    ├── FetchError             a stranger's page could not be had
    │   ├── FetchRefused       we do not go there: no public address, not http or https, a name or password in it
    │   ├── HostUnknown        no server of that name is known
    │   ├── PageUnreachable    nobody answers, not in time, or not to be trusted; it leads in circles
    │   ├── PageUnreadable     it came, and is not what was wanted: an error, no feed, no title
    │   └── PageTooLarge       more bytes than asked for, also after unpacking
    ├── IssuerFault            who signs staff in by their organisation's account does not answer as it should
    ├── SpamdUnreachable       the spam filter that was to judge a mail does not
    ├── DatabaseError
    │   ├── DatabaseUnreachable
    │   ├── DatabaseBehind     its migrations are older than the program
    │   ├── DatabaseAhead      its migrations are newer than the program
    │   ├── MigrationFailed    the database refused a migration; nothing was changed
    │   └── KeysMismatch       the keys are not those this database was made with
    └── BackendError           handing over failed in a way that is not about one recipient
        ├── ConnectionFailed   nobody answers, or the line broke before anything was handed over
        ├── SignInRefused      the server does not accept our name and password
        ├── RouteRefused       the server takes nothing from us at the moment
        ├── Throttled          the server wants less from us, and may have said for how long
        └── CannotCarry        this backend cannot carry such mail: no one-click unsubscribe, too large
"""


class PulseMailerError(Exception):
    """
    What went wrong, in a sentence, and what to do about it.

    Attributes:
        what: what went wrong and where, for a person to read.
        remedy: what to do; may be empty.
        exit_status: what a command ends with (1 failed, 2 wrong usage, 4 refused).
        http_status: what a page answers with.
        again: whether trying the same again, later, can help.
    """

    exit_status = 1
    http_status = 500
    again = False

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".rstrip()


class UsageError(PulseMailerError):
    exit_status = 2
    http_status = 400


class BadSetting(UsageError):
    pass


class BadAddress(UsageError):
    http_status = 422


class NotFound(PulseMailerError):
    http_status = 404


class Refused(PulseMailerError):
    exit_status = 4
    http_status = 409


class WrongState(Refused):
    pass


class Agreed(WrongState):
    """People agreed to it; a change would make that void, and nobody said that it may."""


class SendingBlocked(Refused):
    pass


class Unmended(SendingBlocked):
    """Preflight found errors, and nobody let them pass."""


class Conflict(Refused):
    again = True


class NotSignedIn(Refused):
    http_status = 401


class NotAllowed(Refused):
    http_status = 403


class DocumentError(PulseMailerError):
    http_status = 422


class BadCsv(DocumentError):
    pass


class UnreadableDocument(DocumentError):
    pass


class DocumentTooLarge(DocumentError):
    http_status = 413


class HostileDocument(DocumentError):
    pass


class CompositionError(PulseMailerError):
    http_status = 422


class BrokenTemplate(CompositionError):
    http_status = 500


class UnsafeText(CompositionError):
    pass


class PictureRefused(PulseMailerError):
    http_status = 422


class BadLink(PulseMailerError):
    http_status = 404


class LinkForShow(PulseMailerError):
    http_status = 404


class FetchError(PulseMailerError):
    http_status = 502


class FetchRefused(FetchError):
    http_status = 422


class HostUnknown(FetchError):
    pass


class PageUnreachable(FetchError):
    again = True


class PageUnreadable(FetchError):
    http_status = 422


class PageTooLarge(FetchError):
    pass


class IssuerFault(PulseMailerError):
    again = True
    http_status = 502


class SpamdUnreachable(PulseMailerError):
    """The spam filter that was to judge a mail does not: nobody answers, or not as it should."""


class DatabaseError(PulseMailerError):
    http_status = 503


class DatabaseUnreachable(DatabaseError):
    again = True


class DatabaseBehind(DatabaseError):
    pass


class DatabaseAhead(DatabaseError):
    pass


class MigrationFailed(DatabaseError):
    pass


class KeysMismatch(DatabaseError):
    pass


class BackendError(PulseMailerError):
    """Handing over failed; no recipient is to blame and nobody was mailed by the call that raised it."""

    http_status = 502


class ConnectionFailed(BackendError):
    again = True


class SignInRefused(BackendError):
    pass


class RouteRefused(BackendError):
    again = True


class Throttled(BackendError):
    """
    Attributes:
        retry_after_seconds: how long the other side wants to be left alone; None when it did not say.
    """

    again = True
    http_status = 503

    def __init__(self, what: str, *, remedy: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(what, remedy=remedy)
        self.retry_after_seconds = retry_after_seconds


class CannotCarry(BackendError):
    pass
