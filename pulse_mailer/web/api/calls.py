"""What every call brings: its key's right, the revision that it looked at, texts and numbers within bounds."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Body, Depends, Header, HTTPException, Path, Request
from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from pulse_mailer.editions import shapes
from pulse_mailer.editions.changing import Change
from pulse_mailer.errors import NotAllowed
from pulse_mailer.staff.roles import Right
from pulse_mailer.web.given import TheMailer, kept
from pulse_mailer.web.problems import MEDIA_TYPE, Problem
from pulse_mailer.web.signed_in import Composes
from pulse_mailer.web.throttling import Throttle
from pulse_mailer.web.who import SignedIn

#: Calls in a minute.
MOST_BY_KEY, MOST_BY_NETWORK = 600, 1_200

#: The kind of file that lists come as.
CSV = "text/csv"


def _whole(text: str) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("it holds a character that no text has")
    return text


Name = Annotated[str, Field(max_length=2_000), AfterValidator(_whole)]
Text = Annotated[str, Field(max_length=250_000), AfterValidator(_whole)]
Typed = Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_whole)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Codes = Annotated[list[Typed], Field(max_length=100)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=1_000)]

Slug = Annotated[str, Path(max_length=200, description="The newsletter's short name.", examples=["pulse"])]
Key = Annotated[str, Path(max_length=200, description="The edition's short name.", examples=["2026-04"])]
TheNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="The item's number in the edition.")]
TheId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def _expected(
    if_match: Annotated[
        str | None,
        Header(
            pattern=r'^"?[0-9]{1,9}"?$',
            description="The revision that you looked at, as `ETag` and `revision` say it. When the edition is at "
            "another one by now, nothing is changed and the answer is 409. Left out: whatever it is now.",
            examples=['"12"'],
        ),
    ] = None,
) -> int | None:
    return None if if_match is None else int(if_match.strip('"'))


Expected = Annotated[int | None, Depends(_expected)]


async def _uploaded(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect:
        raise HTTPException(400) from None


#: A file, as the body of a call. A route names it after who calls, so that nobody without the right has it read.
Uploaded = Annotated[bytes, Depends(_uploaded)]


def takes(media_type: str, what: str) -> dict[str, Any]:
    """How the document describes the body of a route that takes what is `Uploaded`."""
    schema = {"type": "string", "format": "binary"}
    return {
        "requestBody": {"required": True, "description": what, "content": {media_type: {"schema": schema}}}
    }


def by_field(fields: Sequence[str], example: dict[str, str]) -> Any:
    """The body of a change: the texts to set, by the names of what they are."""
    words = f"The fields to set: {', '.join(fields)}. What is not named stays."
    return Body(min_length=1, max_length=50, description=words, examples=[example])


class Changed(BaseModel):
    """What a change of an edition did."""

    edition: str = Field(description="Newsletter and key.", examples=["pulse/2026-04"])
    revision: int = Field(description="The one it is at now.", examples=[13])
    what: str = Field(description="The change in words, as the history has it.", examples=["subject set"])
    items: list[int] = Field(description="The numbers of the items that it made or touched.")
    changed: bool = Field(description="False where it was like that already.")
    reopened: bool = Field(description="It was approved or scheduled, and is a draft again.")


class Edit:
    """One edition that a program with the scope compose changes: who it is, and what it looked at."""

    def __init__(
        self, slug: Slug, key: Key, mailer: TheMailer, who: Composes, expected: Expected, response: Response
    ) -> None:
        self.name, self._mailer, self._response = f"{slug}/{key}", mailer, response
        self._by: dict[str, Any] = {"actor": who.actor, "expected": expected}

    def do(self, verb: Callable[..., Change], *what: Any, **how: Any) -> Changed:
        """Call one of the verbs of `editions`, in a transaction of its own, and tell what it changed."""
        with self._mailer.database.transaction() as database:
            made = verb(database, self.name, *what, **how, **self._by)
        told = shapes.change(made)
        self._response.headers["ETag"] = f'"{told["revision"]}"'
        return Changed.model_validate(told)


TheEdit = Annotated[Edit, Depends()]


#: As whom a mail is made; what it says of them wants the right to see people.
Reader = Annotated[
    str,
    Field(
        max_length=400,
        description="As this subscriber would get it, which wants the scope people too; empty: a sample reader.",
        examples=[""],
    ),
    AfterValidator(_whole),
]


def refuse_reader(who: SignedIn, reader: str) -> None:
    """
    Raises:
        NotAllowed: as a reader gets it is for who may see readers.
    """
    if reader and not who.may(Right.PEOPLE):
        raise NotAllowed(
            f"The key {who.name} may not see what a reader gets: it lacks the scope people.",
            remedy="Look at it as a sample reader.",
        )


_ALLOWED = "allowed"


class Calls:
    """How often keys and networks may call."""

    def __init__(self, by_key: int = MOST_BY_KEY, by_network: int = MOST_BY_NETWORK) -> None:
        self.by_key, self.by_network = Throttle(by_key), Throttle(by_network)

    def allows(self, request: Request) -> bool:
        """Count one more call, which is one however often it is asked about; False when it is one too many."""
        if not hasattr(request.state, _ALLOWED):
            setattr(request.state, _ALLOWED, self._counted(request))
        return bool(getattr(request.state, _ALLOWED))

    def _counted(self, request: Request) -> bool:
        client = request.client
        if not self.by_network.allows(client.host if client else ""):
            return False
        said = request.headers.get("authorization", "")
        return self.by_key.allows(hashlib.sha256(said.encode()).hexdigest())


def calls_of(request: Request) -> Calls:
    return kept("calls", Calls)(request)


def limited(request: Request) -> None:
    """
    Raises:
        HTTPException: 429; the key or the network called too often within a minute.
    """
    calls = calls_of(request)
    if not calls.allows(request):
        raise HTTPException(429, headers={"Retry-After": str(int(calls.by_key.window_seconds))})


_WHEN = {
    400: "What was asked for is not possible as written.",
    401: "There is no key, or it does not work (any more).",
    403: "The key lacks the scope.",
    404: "There is no such thing.",
    409: "Possible, but not as things stand; or somebody else changed it meanwhile.",
    413: "More was sent than the route takes.",
    422: "What was sent cannot be read, or cannot stand in mail.",
    429: "Too many calls within a minute; `Retry-After` says how many seconds to wait.",
    502: "A page, a feed or a mail server elsewhere does not answer as it should.",
    503: "The database cannot be had at the moment.",
}
#: What any route may answer besides its own.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": words, "content": {MEDIA_TYPE: {}}}
    for status, words in _WHEN.items()
}
# A body whose length is announced is refused before any route is asked.
PROBLEMS[413]["content"]["text/plain"] = {}
