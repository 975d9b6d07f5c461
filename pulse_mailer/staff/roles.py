"""What each role may do."""

import enum

from pulse_mailer.domain.staff import Role


class Right(enum.StrEnum):
    READ = "read"  #: editions and reports, without readers' data
    COMPOSE = "compose"  #: write editions, send proofs
    APPROVE = "approve"  #: approve, send, schedule, retry, pause, stop
    PEOPLE = "people"  #: readers' data: subscribers, deliveries, exports
    OPERATE = "operate"  #: retry, settle, suppress, erase, pause and stop; workers
    ADMINISTER = "administer"  #: the team, keys, newsletters, settings, the audit


#: Who may pause and stop a sending, or take it back: who began it, and who watches over it.
HALTING = (Right.APPROVE, Right.OPERATE)
#: Who may have it sent once more to those whom it did not reach: the same.
RETRYING = HALTING


_RIGHTS = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.COMPOSER: frozenset({Right.READ, Right.COMPOSE}),
    Role.APPROVER: frozenset({Right.READ, Right.COMPOSE, Right.APPROVE, Right.PEOPLE}),
    Role.OPERATOR: frozenset({Right.READ, Right.PEOPLE, Right.OPERATE}),
    Role.ADMIN: frozenset(Right),
}


def rights(role: Role) -> frozenset[Right]:
    return _RIGHTS[role]
