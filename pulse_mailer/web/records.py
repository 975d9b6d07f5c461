"""The audit: who did what, when, and what was so before and after."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from pulse_mailer import actors
from pulse_mailer.staff.records import PER_PAGE, records, said
from pulse_mailer.staff.roles import Right
from pulse_mailer.staff.subjects import Subject, subjects
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.signed_in import require

router = APIRouter(dependencies=[Depends(require(Right.ADMINISTER))])


class Filters(BaseModel):
    model_config = ConfigDict(frozen=True)

    actor: str = Field(default="", max_length=200)
    text: str = Field(default="", max_length=200)
    before: int | None = Field(default=None, ge=1, le=2**62)


@router.api_route("/audit", methods=["GET", "HEAD"])
def show(mailer: TheMailer, pages: ThePages, filters: Annotated[Filters, Query()]) -> Response:
    with mailer.database.reading() as database:
        found = records(
            database,
            mailer.keys,
            actor=filters.actor.strip(),
            text=filters.text.strip(),
            before=filters.before,
            limit=PER_PAGE + 1,
        )
        names = actors.names(database)
        about = subjects(database, {one.subject for one in found})
    kept = {name: value for name, value in (("actor", filters.actor), ("text", filters.text)) if value}
    shown = found[:PER_PAGE]
    older = "?" + urlencode(kept | {"before": shown[-1].id}) if len(found) > PER_PAGE else ""
    newest = f"?{urlencode(kept)}" if filters.before else ""
    return pages.page(
        "web/audit.html",
        records=shown,
        filters=filters,
        older=older,
        newest=newest,
        names=names,
        about={words: (_page(subject), subject.name) for words, subject in about.items()},
        said=said,
    )


def _page(subject: Subject) -> str:
    match subject.kind:
        case "edition":
            return f"/staff/editions/{subject.key}"
        case "newsletter":
            return f"/newsletters/{subject.key}"
        case _:
            return f"/subscribers/{subject.key}"
