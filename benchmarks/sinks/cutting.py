"""A proxy before a database that can cut every connection, and answer nobody for a while."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator


class Proxy:
    """
    Attributes:
        port: of 127.0.0.1, where it listens.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._down = False
        self.port = 0

    def cut(self, down_seconds: float = 0) -> None:
        """Cut all connections, and then take none for so long."""
        asyncio.run_coroutine_threadsafe(self._cut(down_seconds), self._loop).result()

    async def _cut(self, down_seconds: float) -> None:
        self._down = True
        for writer in self._open:
            writer.transport.abort()
        await asyncio.sleep(down_seconds)
        self._down = False

    async def _serve(self, ready: threading.Event, end: asyncio.Event) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await end.wait()
        server.close()
        await self._cut(0)

    async def _carry(self, near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        if self._down:
            near_out.transport.abort()
            return
        try:
            far, far_out = await asyncio.open_connection(*self._target)
        except OSError:
            near_out.transport.abort()
            return
        both = {near_out, far_out}
        self._open |= both
        await asyncio.gather(_pump(near, far_out), _pump(far, near_out))
        self._open -= both

    @contextlib.contextmanager
    def running(self) -> Iterator["Proxy"]:
        ready, end = threading.Event(), asyncio.Event()
        thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve(ready, end)))
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(end.set)
            thread.join()
            self._loop.run_until_complete(_all_done(self._loop))
            self._loop.close()


async def _all_done(loop: asyncio.AbstractEventLoop) -> None:
    rest = asyncio.all_tasks(loop) - {asyncio.current_task()}
    await asyncio.gather(*rest, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):  # cut, by us or by either side
        while block := await reader.read(65_536):
            writer.write(block)
            await writer.drain()
    writer.transport.abort()


@contextlib.contextmanager
def cutting(host_and_port: str) -> Iterator[Proxy]:
    """Give a proxy before that server, in a thread, until the block ends."""
    host, _, port = host_and_port.rpartition(":")
    with Proxy(host, int(port)).running() as proxy:
        yield proxy
