"""The way of an edition to its readers: its pages together, as the app takes them in."""

from fastapi import APIRouter

from pulse_mailer.web import approving, checking, progress, proofing, rehearsal, results, retrying, sending

router = APIRouter()
for part in (checking, proofing, approving, sending, rehearsal, progress, results, retrying):
    router.include_router(part.router)
