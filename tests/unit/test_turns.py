"""Callers that share a few places: each in turn, none in all of them, and nobody who went away keeps one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tickwell.http.turns import Turns


class Desk:
    """Callers who have a place until the test says otherwise; ``served`` says in which order they got theirs."""

    def __init__(self, *, places: int, places_each: int) -> None:
        self.served: list[str] = []
        self.staying: list[asyncio.Event] = []
        self._turns = Turns(places=places, places_each=places_each)

    async def come(self, *callers: str) -> Sequence[asyncio.Task[None]]:
        """They ask for places, one after the other."""
        tasks = [asyncio.create_task(self._stay(caller)) for caller in callers]
        await self.settle()
        return tasks

    async def go(self, count: int = 1) -> None:
        """Those who got their places first of all who are there leave them, one after the other."""
        for _ in range(count):
            self.staying.pop(0).set()
            await self.settle()

    async def settle(self) -> None:
        """Let everybody do what they can."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def _stay(self, caller: str) -> None:
        async with self._turns.place(caller):
            self.served.append(caller)
            over = asyncio.Event()
            self.staying.append(over)
            await over.wait()


def at(desk: Desk, story: Callable[[Desk], Awaitable[None]]) -> list[str]:
    """Who was served, in order, when ``story`` was told."""

    async def tell() -> None:
        await story(desk)
        for over in desk.staying:
            over.set()

    asyncio.run(tell())
    return desk.served


def test_one_caller_never_has_more_than_its_part() -> None:
    async def story(desk: Desk) -> None:
        await desk.come(*["ada"] * 5, "bob")
        assert desk.served == ["ada", "ada", "bob"]
        await desk.go()

    assert at(Desk(places=4, places_each=2), story) == ["ada", "ada", "bob", "ada"]


def test_who_asks_once_stands_before_the_second_of_a_flood() -> None:
    async def story(desk: Desk) -> None:
        await desk.come(*["ada"] * 100)
        await desk.come("bob", "eve")
        await desk.go(4)

    assert at(Desk(places=2, places_each=2), story) == ["ada", "ada", "ada", "bob", "eve", "ada"]


def test_everybody_is_served_and_all_places_are_free_again() -> None:
    async def story(desk: Desk) -> None:
        tasks = await desk.come(*["ada"] * 10, *["bob"] * 5, "eve")
        await desk.go(16)
        assert all(task.done() for task in tasks)
        await desk.come("ada", "ada", "bob")

    served = at(Desk(places=3, places_each=2), story)
    assert sorted(served[:16]) == sorted([*["ada"] * 10, *["bob"] * 5, "eve"])
    assert served[16:] == ["ada", "ada", "bob"]


def test_who_goes_away_while_waiting_keeps_no_place() -> None:
    async def story(desk: Desk) -> None:
        _, waits, _ = await desk.come("ada", "bob", "eve")
        waits.cancel()
        await desk.go()

    assert at(Desk(places=1, places_each=1), story) == ["ada", "eve"]


def test_who_goes_away_in_the_moment_of_their_turn_gives_it_to_the_next() -> None:
    async def story(desk: Desk) -> None:
        _, waits, _ = await desk.come("ada", "bob", "eve")
        desk.staying.pop(0).set()
        await asyncio.sleep(0)
        waits.cancel()  # ada has left, so that bob's turn is there, and he has not looked yet
        await desk.settle()

    assert at(Desk(places=1, places_each=1), story) == ["ada", "eve"]
