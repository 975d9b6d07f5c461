"""A slow line: what a page asks is held on its way there, and its answer on its way back, until a test lets it go."""

import time

from playwright.sync_api import APIResponse, Page, Route

#: What the browser and htmx complain of while nobody answers.
SILENCE = "ERR_INTERNET_DISCONNECTED|sendError|afterRequest|^undefined$"
_COMES_SECONDS = 30


class Held:
    """The first requests to an address; those after them go their way."""

    def __init__(self, page: Page, address: str, times: int = 1) -> None:
        self._page = page
        self.asked: list[Route] = []
        self._answers: dict[int, APIResponse] = {}
        self._times = times
        # It stays to the end: when the last one goes, Playwright lets go of what is held.
        page.route(address, self._hold)

    def _hold(self, route: Route) -> None:
        if len(self.asked) < self._times:
            self.asked.append(route)
        else:
            route.continue_()

    def comes(self, number: int = 0) -> None:
        """Wait until it is asked."""
        end = time.monotonic() + _COMES_SECONDS
        while len(self.asked) <= number:
            assert time.monotonic() < end, f"request {number + 1} did not come"
            self._page.wait_for_timeout(10)

    def is_done(self, number: int = 0) -> None:
        """The program does it now; its answer is still on its way."""
        self.comes(number)
        self._answers[number] = self.asked[number].fetch()

    def is_answered(self, number: int = 0) -> None:
        self.asked[number].fulfill(response=self._answers[number])

    def goes(self, number: int = 0) -> None:
        """There and back at once."""
        self.comes(number)
        self.asked[number].continue_()
