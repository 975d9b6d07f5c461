"""The composer: its page and everything that is done on it."""

from fastapi import APIRouter

from pulse_mailer.web import compose_items, compose_page, compose_parts, compose_past, compose_texts, previews

router = APIRouter()
for _part in (compose_page, compose_texts, compose_parts, compose_items, compose_past, previews):
    router.include_router(_part.router)
