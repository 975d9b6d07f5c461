"""
Forms, as they were sent.

FastAPI takes a field that was emptied for one that was not sent. So a text that people type is declared in one of
two ways: with the default "", where the two mean the same; or, where what was not sent stays as it is, in a model
that `sent()` reads.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def sent(model: type[Model]) -> Callable[[Request], Awaitable[Model]]:
    """A dependency that reads a form as it is: what was emptied is empty, and what was not sent has its default."""

    async def read(request: Request) -> Model:
        try:
            return model.model_validate(dict(await request.form()))
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error

    return read
