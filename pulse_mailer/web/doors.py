"""What the routes of an app ask of who comes, as far as it can be told before any of them is run."""

import functools
import re

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from pulse_mailer.web.signed_in import Requirement
from pulse_mailer.web.who import SignedIn


def required(dependant: Dependant) -> Requirement | None:
    """What a route asks of who comes; None: nothing."""
    waiting = [dependant]
    while waiting:
        one = waiting.pop()
        if isinstance(one.call, Requirement):
            return one.call
        waiting += one.dependencies
    return None


class Doors:
    """All routes of an app, by what they ask."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    @functools.cached_property
    def _doors(self) -> list[tuple[str, re.Pattern[str], Requirement]]:
        """Method, path and what is asked, in the order in which routes are tried; made once all are there."""
        return [
            (method, route.path_regex, wanted)
            for route in iter_route_contexts(self._app.routes)
            if (wanted := required(route.dependant))
            for method in (route.methods or ())
        ]

    def refuse(self, request: Request, who: SignedIn) -> bool:
        """Whether the route that a request is for certainly refuses it, whatever it says."""
        for method, path, wanted in self._doors:
            if method == request.method and path.match(request.scope["path"]):
                return wanted.refuses(request, who)
        return False
