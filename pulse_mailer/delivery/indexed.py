"""
What is asked of deliveries and attempts most, said in the words of the small indexes of those that are not done.

SQLite uses such an index only where a query repeats its condition letter by letter: values bound to it do not do.
"""

from sqlalchemy import ColumnElement, literal_column

from pulse_mailer.domain.delivery import IN_TROUBLE, Attempt, Delivery, DeliveryStatus

_TROUBLE: ColumnElement[bool] = Delivery.status.in_(
    [literal_column(f"'{state.value}'") for state in IN_TROUBLE]
)
_WORKED_ON = (DeliveryStatus.CLAIMED, DeliveryStatus.SENDING)


def in_state(status: DeliveryStatus) -> ColumnElement[bool]:
    """What holds for a delivery in a state."""
    such = Delivery.status == status
    if status in IN_TROUBLE:
        return such & _TROUBLE
    if status in _WORKED_ON:
        return such & Delivery.lease_owner.is_not(None)
    if status is DeliveryStatus.QUEUED:
        return such & Delivery.next_attempt_at.is_not(None)
    return such


def not_sent(attempt: type[Attempt] = Attempt) -> ColumnElement[bool]:
    """What holds for an attempt that ended otherwise than with "taken"."""
    return attempt.outcome != literal_column("'sent'")


def in_trouble() -> ColumnElement[bool]:
    """What holds for one that was put off, or that ended without being taken."""
    return _TROUBLE


def held(edition_id: int) -> ColumnElement[bool]:
    """What holds for an edition's delivery that a worker holds."""
    # The sum keeps SQLite from reading the whole edition by an index that knows nothing of leases.
    return (Delivery.lease_owner > "") & (Delivery.edition_id + 0 == edition_id)
