"""A file of subscribers: brought, shown as what it would come to, and imported once it is confirmed."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from starlette.responses import RedirectResponse, Response

from pulse_mailer.bootstrap import Mailer
from pulse_mailer.domain.newsletter import Newsletter
from pulse_mailer.editions import reading as newsletters
from pulse_mailer.errors import DocumentError, UsageError
from pulse_mailer.subscribers import uploading
from pulse_mailer.subscribers.importing import ImportReport
from pulse_mailer.subscribers.rows import RefusedRow
from pulse_mailer.subscribers.uploading import Brought
from pulse_mailer.web.given import TheMailer, ThePages
from pulse_mailer.web.pages import Pages
from pulse_mailer.web.signed_in import SeesPeople

router = APIRouter()

ROWS_SHOWN = 200
_FORM_BYTES = 64 * 1024
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_ENCODINGS = {"cp1252": "Windows-1252", "utf-8-sig": "UTF-8"}

Typed = Annotated[str, Form(max_length=10_000)]


@dataclass(frozen=True, slots=True)
class Passed:
    """
    The rows that are not taken.

    Attributes:
        shown: those that the page lists, by line, each with whether it is refused or repeated.
        more: how many others there are.
    """

    shown: tuple[tuple[RefusedRow, str], ...]
    more: int


@router.api_route("/subscribers/import", methods=["GET", "HEAD"])
def ask(_who: SeesPeople, mailer: TheMailer, pages: ThePages, newsletter: str = "") -> Response:
    return _form(mailer, pages, {"newsletter": newsletter})


@router.post("/subscribers/import", max_body_size=uploading.LARGEST_BYTES + _FORM_BYTES)
def bring(
    who: SeesPeople,
    mailer: TheMailer,
    pages: ThePages,
    file: UploadFile | None = None,
    newsletter: Typed = "",
    wording: Typed = "",
    column: Typed = "",
) -> Response:
    typed = {"newsletter": newsletter, "wording": wording, "column": column}
    mapping = {"email": column.strip()} if column.strip() else {}
    data = file.file.read() if file else b""
    brought = Brought((file.filename or "") if file else "", data, wording, mapping)
    try:
        with mailer.database.transaction() as database:
            found = newsletters.newsletter(database, newsletter or None)
            token = uploading.keep(database, found, brought, actor=who.actor)
    except (UsageError, DocumentError) as problem:
        return _form(mailer, pages, typed, problem)
    return RedirectResponse(f"/subscribers/import/{token}", status_code=303)


@router.api_route("/subscribers/import/{token}", methods=["GET", "HEAD"])
def preview(token: str, who: SeesPeople, mailer: TheMailer, pages: ThePages) -> Response:
    """What would come of it; the database finds that out as for the import itself, and stores nothing."""
    try:
        with mailer.database.transaction() as database:
            upload, newsletter = uploading.kept(database, token, actor=who.actor)
            typed = {"newsletter": newsletter.slug, "wording": upload.wording}
            report = uploading.would_be(database, mailer.keys, upload, newsletter)
            name = upload.file_name
    except (UsageError, DocumentError) as problem:
        return _form(mailer, pages, typed, problem)
    return _report(pages, report, newsletter, name, wording=typed["wording"], token=token)


@router.post("/subscribers/import/{token}")
def confirm(token: str, who: SeesPeople, mailer: TheMailer, pages: ThePages) -> Response:
    with mailer.database.transaction() as database:
        upload, newsletter = uploading.kept(database, token, actor=who.actor)
        name, wording = upload.file_name, upload.wording
        report = uploading.confirm(database, mailer.keys, upload, newsletter)
    return _report(pages, report, newsletter, name, wording=wording)


def _form(
    mailer: Mailer, pages: Pages, typed: dict[str, str], problem: UsageError | DocumentError | None = None
) -> Response:
    with mailer.database.reading() as database:
        known = newsletters.newsletters(database)
        if typed["newsletter"]:
            newsletters.newsletter(database, typed["newsletter"])
    return pages.page(
        "web/subscribers_import.html",
        status=422 if problem else 200,
        newsletters=known,
        typed={"wording": "", "column": "", **typed},
        problem=problem,
    )


def _report(
    pages: Pages, report: ImportReport, newsletter: Newsletter, name: str, *, wording: str, token: str = ""
) -> Response:
    rows = [(row, "refused") for row in report.refused] + [(row, "repeated") for row in report.repeated]
    shown = tuple(sorted(rows)[:ROWS_SHOWN])
    return pages.page(
        "web/subscribers_import_report.html",
        report=report,
        newsletter=newsletter,
        file_name=name or "The file",
        wording=wording,
        token=token,
        encoding=_ENCODINGS.get(report.encoding, report.encoding.upper()),
        delimiter=_DELIMITERS[report.delimiter],
        passed=Passed(shown, len(rows) - len(shown)),
    )
