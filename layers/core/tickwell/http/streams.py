"""Keeps answers to followers open where the host can: the local server (S5).

A stream holds no thread. One looks for all of them, when something was committed, and at what several follow only once.
A reader is told the newest state that it can take: what came in between is left out, so that slow ones cost no memory.
"""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

from tickwell.application.tickets import ManageTickets
from tickwell.domain.account import Principal
from tickwell.domain.errors import NotFoundError, RateLimitedError, UnauthenticatedError, UnavailableError
from tickwell.http.exchange import HttpAnswer, HttpRequest
from tickwell.http.following import Following
from tickwell.http.live import Live, State, comment

Receive = Callable[[], Any]
Send = Callable[[Any], Any]
T = TypeVar("T")

MOST_STREAMS: Final = 500
"""Further readers are answered once and come again, as everywhere behind API Gateway."""

MOST_OF_TENANT: Final = 300
"""The same for those of one tenant: others find a place, however many keys it has."""

MOST_EACH: Final = 20
"""Of one user or API key."""

CHECK_SECONDS: Final = 15.0
"""How often a stream is looked at where nothing is committed: for what time did, and whether its credential counts."""

_FULL_RETRY_SECONDS: Final = 30
_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 5.0
_REST: Final = 3.0
"""How much longer than it worked it pauses: streams get no more than a quarter of one processor."""

_log = logging.getLogger("tickwell")


class Stream:
    """What a request may become; see ``begin`` and ``run``. All but ``begin`` is for the event loop's thread."""

    def __init__(self, streams: "Streams") -> None:
        self._streams = streams
        self._following: Following | None = None
        self._wake = asyncio.Event()
        self._newest: State | None = None
        self._is_over = False
        self.known = ""
        self.checked_at: float | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the answer is to be kept open."""
        return self._following is not None

    @property
    def principal(self) -> Principal:
        """Who follows."""
        return self._begun.principal

    @property
    def place(self) -> tuple[str, str]:
        """Tenant and subject: what is read once for all who follow it."""
        return self._begun.principal.tenant_id, self._begun.subject

    @property
    def _begun(self) -> Following:
        if self._following is None:
            raise ValueError("this stream has not begun")
        return self._following

    def begin(self, following: Following) -> bool:
        """Take a place; False where there is none, and the answer is to be a short one. Called from a handler's thread.

        Raises RateLimitedError when this caller has too many already.
        """
        if not self._streams.take_place(following.principal):
            return False
        self._following, self.known = following, following.event_id
        return True

    def leave(self) -> None:
        """Give the place back; for every stream, begun or not, once."""
        if self._following is not None:
            self._streams.give_place_back(self._following.principal)

    def offer(self, state: State) -> None:
        """Let the reader know ``state``, in place of what it has not taken yet."""
        self._newest, self.known = state, state.event_id
        self._is_over = self._is_over or state.has_ended
        self._wake.set()

    def end(self) -> None:
        """Close it, behind what is still to be told; the reader comes again, and is told why if there is a reason."""
        self._is_over = True
        self._wake.set()

    async def run(self, answer: HttpAnswer, receive: Receive, send: Send) -> None:
        """Send ``answer``, and whatever is new from then on, until the reader goes or the stream ends."""
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send(_piece(answer.body))
        listening = asyncio.ensure_future(_gone(receive))
        listening.add_done_callback(lambda _: self._wake.set())
        self._streams.watch(self)
        try:
            while not listening.done() and (self._newest is not None or not self._is_over):
                if text := await self._next():
                    await send(_piece(text))
        finally:
            listening.cancel()
            self._streams.forget(self)
        await send({"type": "http.response.body", "body": b""})

    async def _next(self) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return comment("still here")
        self._wake.clear()
        state, self._newest = self._newest, None
        return "" if state is None else state.event


class Streams:
    """All streams of a server. ``changes`` gives another number whenever something was committed since the last call.

    For one event loop.
    """

    def __init__(self, live: Live, tickets: ManageTickets, changes: Callable[[], int]) -> None:
        self._live = live
        self._tickets = tickets
        self._changes = changes
        self._lock = threading.Lock()
        self._taken: Counter[tuple[str, str]] = Counter()
        self._open: set[Stream] = set()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="streams")
        self._watching: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_stopping = False
        self._is_blind = False

    @staticmethod
    def serves(request: HttpRequest) -> bool:
        """Whether an answer to this may be kept open."""
        return request.method == "GET" and "/sse/" in request.path

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def take_place(self, principal: Principal) -> bool:
        """See ``Stream.begin``. Safe for threads."""
        caller = principal.tenant_id, principal.counted_as
        with self._lock:
            if self._taken[caller] >= MOST_EACH:
                message = f"at most {MOST_EACH} streams at once; close one, or try again in {_FULL_RETRY_SECONDS} s"
                raise RateLimitedError(message, retry_after_seconds=_FULL_RETRY_SECONDS)
            if self._is_stopping or self._is_full_for(principal.tenant_id):
                return False
            self._taken[caller] += 1
            return True

    def _is_full_for(self, tenant_id: str) -> bool:
        of_tenant = sum(count for (owner, _), count in self._taken.items() if owner == tenant_id)
        return of_tenant >= MOST_OF_TENANT or self._taken.total() >= MOST_STREAMS

    def give_place_back(self, principal: Principal) -> None:
        """For a place that was taken. Safe for threads."""
        caller = principal.tenant_id, principal.counted_as
        with self._lock:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]

    def stop(self) -> None:
        """End all streams, and begin no others: their readers must not hold a server up. Safe in a signal's handler."""
        self._is_stopping = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end_all)

    def watch(self, stream: Stream) -> None:
        """Tell ``stream`` what is new, from what it knows on."""
        self._loop = asyncio.get_running_loop()
        self._open.add(stream)
        if self._is_stopping:
            stream.end()
        if self._watching is None or self._watching.done():
            self._watching = self._loop.create_task(self._watch())

    def forget(self, stream: Stream) -> None:
        """Tell it nothing any more."""
        self._open.discard(stream)

    def _end_all(self) -> None:
        for stream in self._open:
            stream.end()

    async def _watch(self) -> None:
        """Look as long as anybody follows anything."""
        seen: int | None = None
        loop = asyncio.get_running_loop()
        while self._open and not self._is_stopping:
            began = loop.time()
            mark = await self._in_thread(self._mark)
            has_changed, seen = mark != seen, mark
            for streams in self._to_look_at(began, everything=has_changed):
                await self._look(streams, began)
            rest = _REST * (loop.time() - began)
            await asyncio.sleep(min(max(_PAUSE_SECONDS, rest), _LONGEST_PAUSE_SECONDS))

    def _mark(self) -> int | None:
        """None where nobody can tell: then streams are looked at as where nothing is committed, and go on."""
        try:
            mark = self._changes()
        except UnavailableError:
            return None
        except Exception:  # noqa: BLE001 - without a watch nobody would be told anything, nor cut off
            if not self._is_blind:
                _log.exception("streams are told late", extra={"action": "stream.failed"})
            self._is_blind = True
            return None
        self._is_blind = False
        return mark

    def _to_look_at(self, now: float, *, everything: bool) -> Collection[Sequence[Stream]]:
        """Those that may have news, or have not been checked for long, by what they follow."""
        places: dict[tuple[str, str], list[Stream]] = {}
        for stream in self._open:
            if everything or _is_due(stream, now):
                places.setdefault(stream.place, []).append(stream)
        return places.values()

    async def _look(self, streams: Sequence[Stream], now: float) -> None:
        state: State | None = None
        gone: Collection[Stream] = streams
        try:
            state, gone = await self._in_thread(partial(self._read, streams, now))
        except UnavailableError:
            for stream in streams:
                stream.checked_at = None  # it is looked at again soon
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the reader comes again and is answered with it
            if not isinstance(error, NotFoundError):
                _log.exception("a stream ends", extra={"action": "stream.failed"})
        for stream in streams:
            if stream in gone:
                stream.end()
            elif state is not None and state.event_id != stream.known:
                stream.offer(state)

    def _read(self, streams: Sequence[Stream], now: float) -> tuple[State, Collection[Stream]]:
        """The state that all of them follow, and those who must not be told it: their credential has ended."""
        state = self._live.state(streams[0].principal, streams[0].place[1])
        asked = [stream for stream in streams if stream.known != state.event_id or _is_due(stream, now)]
        fallen = {one for one in {stream.principal for stream in asked} if not self._stands(one)}
        for stream in asked:
            stream.checked_at = now
        return state, {stream for stream in asked if stream.principal in fallen}

    def _stands(self, principal: Principal) -> bool:
        try:
            self._tickets.still(principal)
        except UnauthenticatedError:
            return False
        return True

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def _is_due(stream: Stream, now: float) -> bool:
    return stream.checked_at is None or now - stream.checked_at >= CHECK_SECONDS


def _piece(text: str) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}


async def _gone(receive: Receive) -> None:
    """Returns when the client goes: nothing else comes behind a request that has been read."""
    while (await receive())["type"] != "http.disconnect":
        continue
