"""
The statements that every mail goes through, and how a whole group goes into each of them at once.

They are plain SQL and go through the driver's own cursor: building them anew for each mail would cost more than all
else that is done for it. In each, {given} is a table of what it is given for the mails of a group, which travels as
one JSON value. A statement for each mail is a journey on PostgreSQL (it cost about a quarter of the rate), and on
SQLite one more wait for the interpreter, which the driver lets go of whenever it works.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

_SQLITE = "(SELECT {} FROM json_each(:rows)) AS given"
#: The limit tells the planner how many there are; it would think of a hundred, and rather read the whole ledger.
_POSTGRESQL = "(SELECT * FROM json_to_recordset(:rows) AS given ({}) LIMIT :count) AS given"


class Statement:
    """SQL with its values by name (:owner), for both databases."""

    def __init__(self, text: str, *, given: str = "", locking: str = "") -> None:
        """
        Args:
            given: the columns of {given}, each with its type on PostgreSQL; a row that lacks one has NULL there.
            locking: what stands for {locking} on PostgreSQL; SQLite locks the whole file anyway.
        """
        names = [column.split()[0] for column in given.split(",")] if given else []
        listed = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in names)
        self.sqlite = text.format(given=_SQLITE.format(listed), locking="")
        named = text.format(given=_POSTGRESQL.format(given), locking=locking)
        self.postgresql = re.sub(r":(\w+)", r"%(\1)s", named)


def together(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The values that {given} is made of."""
    return {"rows": json.dumps(rows), "count": len(rows)}


# Chosen first, and once: of a subquery in the condition PostgreSQL may make a loop, in which each turn finds those
# that the turn before did not lock, and so takes more than the limit.
CLAIM = Statement(
    """
    WITH chosen AS MATERIALIZED (
      SELECT id FROM deliveries
      WHERE edition_id = :edition_id AND next_attempt_at <= :at
        AND EXISTS (SELECT 1 FROM editions
                    WHERE editions.id = deliveries.edition_id AND editions.status = 'sending'
                      AND (editions.stage_until_id IS NULL OR deliveries.id <= editions.stage_until_id))
        AND NOT EXISTS (SELECT 1 FROM standstills)
      ORDER BY next_attempt_at, id LIMIT :limit {locking})
    UPDATE deliveries
    SET status = 'claimed', next_attempt_at = NULL, lease_owner = :owner, lease_epoch = lease_epoch + 1,
        lease_until = :until, changed_at = :at
    WHERE id IN (SELECT id FROM chosen)
    RETURNING id, lease_epoch, attempt_count, rendering_id, address, address_hash, message_id, slots, dated_at
    """,
    locking="FOR UPDATE SKIP LOCKED",
)

# coalesce() keeps PostgreSQL away from the index of what is leased. It was empty when statistics were last taken, so
# that it looks cheap; yet every mark would read all that the worker holds, and all that it ever held (measured at
# 20,000 recipients: 300 rows a mark, and most of the database's time).
MARK = Statement(
    """
    UPDATE deliveries
    SET status = 'sending', attempt_count = given.number, backend = given.backend, relay = given.relay,
        connection = given.connection, changed_at = :at
    FROM {given}
    WHERE deliveries.id = given.id AND coalesce(lease_owner, '') = :owner AND lease_epoch = given.epoch
      AND (status = 'claimed' OR status = 'sending' AND attempt_count = given.number)
      AND EXISTS (SELECT 1 FROM editions
                  WHERE editions.id = deliveries.edition_id AND editions.status = 'sending'
                    AND (editions.stage_until_id IS NULL OR deliveries.id <= editions.stage_until_id))
      AND EXISTS (SELECT 1 FROM subscriptions
                  WHERE subscriptions.id = deliveries.subscription_id AND subscriptions.status = 'active')
      AND NOT EXISTS (SELECT 1 FROM suppressions WHERE suppressions.address_hash = deliveries.address_hash)
      AND NOT EXISTS (SELECT 1 FROM standstills)
    RETURNING deliveries.id
    """,
    given="id bigint, epoch integer, number integer, backend text, relay text, connection integer",
)

# Of somebody who was erased while their mail was being handed over, no words are kept: servers like to repeat the
# address in them.
#
# A certain answer that comes after the lease ended is evidence: nobody else worked on the delivery meanwhile, or its
# epoch would be another. "Taken" is evidence also where somebody had it wait again: else the reader would get two.
RECORD = Statement(
    """
    UPDATE deliveries
    SET status = given.status, next_attempt_at = given.next_attempt_at, changed_at = :at,
        reason = CASE WHEN deliveries.address = '' THEN '' ELSE given.reason END,
        lease_owner = NULL, lease_until = NULL
    FROM {given}
    WHERE deliveries.id = given.id AND lease_epoch = given.epoch AND attempt_count = given.number
      AND (deliveries.status = 'sending' AND lease_owner = :owner
           OR deliveries.status = 'uncertain' AND given.certain
           OR deliveries.status = 'queued' AND given.status = 'sent')
    """,
    given="id bigint, epoch integer, number integer, status text, next_attempt_at timestamptz, reason text, "
    "certain boolean",
)

# WHERE true: without it SQLite takes ON for the beginning of a join's condition.
KEEP_ATTEMPT = Statement(
    """
    INSERT INTO attempts (delivery_id, number, worker, backend, relay, connection, started_at, ended_at, stage,
                          outcome, fault, code, enhanced_code, reply, provider_id)
    SELECT id, number, :owner, backend, relay, connection, started_at, :at, stage,
           outcome, fault, code, enhanced_code,
           (SELECT CASE WHEN address = '' THEN '' ELSE given.reply END FROM deliveries WHERE id = given.id),
           (SELECT CASE WHEN address = '' THEN '' ELSE given.provider_id END FROM deliveries WHERE id = given.id)
    FROM {given} WHERE true
    ON CONFLICT (delivery_id, number) DO UPDATE
    SET ended_at = excluded.ended_at, stage = excluded.stage, outcome = excluded.outcome, fault = excluded.fault,
        code = excluded.code, enhanced_code = excluded.enhanced_code, reply = excluded.reply,
        provider_id = excluded.provider_id
    WHERE attempts.outcome = 'uncertain'
    """,
    given="id bigint, number integer, backend text, relay text, connection integer, started_at timestamptz, "
    "stage text, outcome text, fault text, code integer, enhanced_code text, reply text, provider_id text",
)

UNMARK = Statement(
    """
    UPDATE deliveries
    SET status = 'queued', attempt_count = attempt_count - 1, next_attempt_at = :at, changed_at = :at,
        lease_owner = NULL, lease_until = NULL
    FROM {given}
    WHERE deliveries.id = given.id AND coalesce(lease_owner, '') = :owner AND lease_epoch = given.epoch
      AND status = 'sending' AND attempt_count = given.number
    """,
    given="id bigint, epoch integer, number integer",
)
