"""What reply codes of mail servers mean, in plain words: RFC 3463, RFC 7505 and RFC 7372 where they say more."""

from pulse_mailer.domain.delivery import Attempt, Outcome, Stage

_ENHANCED = {
    "1.0": "something is wrong with the address",
    "1.1": "there is no such mailbox",
    "1.2": "there is no such domain",
    "1.3": "the address is not written as one",
    "1.6": "the mailbox has moved, and nobody knows where to",
    "1.8": "our own sender address is not accepted",
    "1.10": "this domain takes no mail at all",
    "2.0": "something is wrong with the mailbox",
    "2.1": "the mailbox is switched off",
    "2.2": "the mailbox is full",
    "2.3": "the mail is larger than this mailbox takes",
    "3.0": "something is wrong with the mail system over there",
    "3.1": "the mail system over there is full",
    "3.2": "the mail system over there takes no mail at the moment",
    "3.4": "the mail is larger than that system takes",
    "4.1": "nobody answered over there",
    "4.2": "the connection was bad",
    "4.3": "the way there could not be found out",
    "4.4": "the way there could not be found out",
    "4.5": "the mail system over there is too busy",
    "4.7": "it took too long, and was given up",
    "5.0": "the two servers misunderstood each other",
    "5.3": "that is too many readers at once",
    "7.0": "policy: this mail, or its sender, is not wanted",
    "7.1": "policy: this mail, or its sender, is not wanted",
    "7.8": "our name or password is not accepted",
    "7.9": "our way to sign in is too weak for that server",
    "7.20": "no DKIM signature of ours is good",
    "7.23": "SPF: we are not allowed to send from that domain",
    "7.25": "our machine has no name in the DNS",
    "7.26": "neither SPF nor DKIM vouches for us",
}
_KINDS = {
    "1": "something is wrong with the address",
    "2": "something is wrong with the mailbox",
    "3": "something is wrong with the mail system over there",
    "4": "something is wrong on the way there",
    "5": "the two servers misunderstood each other",
    "6": "something is wrong with the form of the mail",
    "7": "policy: this mail, or its sender, is not wanted",
}
_CODES = {
    421: "the server is closing the connection",
    450: "the mailbox is busy, or we are strangers yet (greylisting)",
    451: "the server has trouble of its own, or we are strangers yet (greylisting)",
    452: "the server has no room at the moment, or these are too many at once",
    535: "our name or password is not accepted",
    550: "the mailbox is not there, or may not be written to",
    551: "the mailbox is elsewhere",
    552: "the mailbox is full, or the mail too large",
    553: "the address is not accepted",
    554: "the mail is not wanted",
}
_AGAIN = {
    "2": "It was taken.",
    "4": "Trying again may help.",
    "5": "Trying again will hardly help.",
}


def meaning(code: int | None, enhanced_code: str) -> str:
    """What an answer means, as sentences; empty when nothing can be told."""
    if code is None:
        return ""
    first, _, rest = (enhanced_code or str(code)).partition(".")
    if str(code).startswith("2"):
        return _AGAIN["2"]
    said = _ENHANCED.get(rest) or _KINDS.get(rest.partition(".")[0]) or _CODES.get(code, "")
    again = _AGAIN.get(first[:1], "")
    return f"{said[:1].upper()}{said[1:]}. {again}".strip() if said else again


def of_attempt(attempt: Attempt) -> str:
    """The same of one attempt, also where nobody answered."""
    if attempt.outcome is Outcome.UNCERTAIN:
        return "Nobody knows whether it was taken: the server may have it although its answer never came."
    if attempt.code is None and attempt.stage is Stage.MARKED:
        return "It never came to the server."
    return meaning(attempt.code, attempt.enhanced_code)


def of_code(name: str) -> str:
    """The same of a reply code as it is counted: "550 5.1.1"."""
    code, _, enhanced = name.partition(" ")
    return meaning(int(code), enhanced) if code.isdigit() else ""
