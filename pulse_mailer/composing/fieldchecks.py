"""The part of preflight that reads merge fields: those that are none, and those that stand where none can."""

from collections.abc import Callable, Iterator

from pulse_mailer.composing.finding import Code, Finding, error, line_with, placed_texts
from pulse_mailer.domain import merge_fields
from pulse_mailer.domain.edition import Edition

#: Where merge fields can stand; elsewhere their braces would be sent.
PLACES = frozenset({"subject", "preheader", "letter", "summary"})


def _fields(edition: Edition) -> Iterator[Finding]:
    for at, text in placed_texts(edition):
        if at.field in PLACES:
            for wrong in merge_fields.wrong(text):
                where = at.on(line_with(text, wrong.written.strip("“…”")))
                yield error(
                    Code.FIELD_WRONG, where, f"{wrong.written} is no merge field. {wrong.why}", wrong.remedy
                )
        else:
            for field in merge_fields.fields_in(text):
                what = f"“{field.source}” is not filled here: readers would see it as it is."
                remedy = "Write words instead; fields go into the subject, the preheader, the letter and summaries."
                yield error(Code.FIELD_WRONG, at, what, remedy)


FIELD_CHECKS: tuple[Callable[[Edition], Iterator[Finding]], ...] = (_fields,)
