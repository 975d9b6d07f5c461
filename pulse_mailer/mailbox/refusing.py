"""Addresses that the catcher treats as trouble, so that a refusal can be seen without a mail server that refuses."""

#: Domains that nobody can have (RFC 2606).
NOBODY = "nobody.example"  #: has no such mailbox
LATER = "later.example"  #: takes mail only at the second try, as greylisting does (RFC 6647)
SILENT = "silent.example"  #: takes the mail and hangs up without an answer, so that nobody knows


class Refusing:
    """What one catcher says to a recipient; remembers whom it put off."""

    def __init__(self) -> None:
        self._put_off: set[str] = set()

    def answer(self, recipient: str) -> str:
        """The server's reply to RCPT; 250 when the recipient is taken."""
        domain = _domain(recipient)
        if domain == NOBODY:
            return "550 5.1.1 No such mailbox here"
        if domain == LATER and recipient not in self._put_off:
            self._put_off.add(recipient)
            return "451 4.7.1 Greylisted, please try again later"
        return "250 OK"

    @staticmethod
    def hangs_up(recipients: list[str]) -> bool:
        """Whether the connection ends after the mail, without an answer and without keeping it."""
        return any(_domain(recipient) == SILENT for recipient in recipients)


def _domain(recipient: str) -> str:
    return recipient.rpartition("@")[2].casefold()
