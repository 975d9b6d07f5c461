"""What a reply comes to: the Receipt, and what the caller must hear after it."""

from pulse_mailer.backends.base import Settled
from pulse_mailer.backends.replies import Reply, plain
from pulse_mailer.backends.verdicts import Then, Verdict
from pulse_mailer.domain.delivery import Fault, Outcome, Stage
from pulse_mailer.domain.message import Message, Receipt
from pulse_mailer.errors import BackendError, RouteRefused, SignInRefused, Throttled


def answered(message: Message, stage: Stage, reply: Reply, verdict: Verdict, relay: str) -> Settled:
    """What a reply comes to that was judged so; a line that has to be opened anew is the session's affair."""
    receipt = Receipt(
        message,
        verdict.outcome,
        stage,
        relay,
        reply.code,
        reply.enhanced_code,
        reply.text,
        verdict.fault,
    )
    if verdict.then is Then.GO_ON:
        return Settled(receipt)
    return Settled(receipt, _error(receipt, verdict.then, reply.words))


def unanswered(message: Message, stage: Stage, words: str, relay: str, fault: Fault | None) -> Receipt:
    """For a mail that nobody answered for: uncertain after its dot, certainly not handed over before."""
    if stage is Stage.DOT:
        return Receipt(message, Outcome.UNCERTAIN, stage, relay, reply=plain(words))
    return Receipt(message, Outcome.RETURNED, stage, relay, reply=plain(words), fault=fault)


def _error(receipt: Receipt, then: Then, words: str) -> BackendError | None:
    match then:
        case Then.THROTTLED:
            return Throttled(f"{receipt.relay} wants less from us: “{words}”.", remedy="Try again later.")
        case Then.ROUTE_REFUSED if receipt.fault is Fault.ROUTE:
            return RouteRefused(
                f"{receipt.relay} takes nothing at the moment: “{words}”.", remedy="Try again later."
            )
        case Then.ROUTE_REFUSED:
            error = RouteRefused(
                f"{receipt.relay} refuses the sender {receipt.message.sender}: “{words}”.",
                remedy="Check the newsletter's sender and what the server allows it.",
            )
            error.again = False
            return error
        case Then.SIGN_IN_REFUSED:
            return SignInRefused(
                f"{receipt.relay} wants another sign-in from us: “{words}”.",
                remedy="Check user name, password and security.",
            )
        case Then.GO_ON | Then.RECONNECT:
            return None
