"""The bound on processes: the urgent first, over all event loops, and nothing is lost to those who stop waiting."""

import asyncio
import threading

from tickwell.adapters.processes.places import Places


async def served(precedences: list[int]) -> list[int]:
    """The waiters' numbers, which are also the order in which they came, in the order in which they get the place."""
    places, order = Places(1), list[int]()
    await places.take()

    async def wait(number: int) -> None:
        await places.take(precedences[number])
        order.append(number)
        places.give_back()

    waiting = [asyncio.create_task(wait(number)) for number in range(len(precedences))]
    await asyncio.sleep(0)
    places.give_back()
    await asyncio.gather(*waiting)
    return order


def test_waiters_of_one_urgency_get_places_in_order() -> None:
    assert asyncio.run(served([0, 0, 0, 0, 0])) == [0, 1, 2, 3, 4]


def test_the_more_urgent_go_first_and_each_fourth_place_is_that_of_who_waited_longest() -> None:
    low, medium, high = 2, 1, 0
    assert asyncio.run(served([low, low, low, medium, high, high])) == [4, 5, 3, 0, 1, 2]
    assert asyncio.run(served([low, medium, high])) == [2, 1, 0]


def test_a_flow_of_urgent_ones_that_never_ends_keeps_nobody_waiting_for_ever() -> None:
    async def main() -> int:
        places, urgent, through = Places(1), 0, asyncio.Event()
        await places.take()

        async def wait() -> None:
            await places.take(2)
            through.set()

        async def flow() -> None:
            nonlocal urgent
            await places.take(0)
            urgent += 1
            flowing.append(asyncio.create_task(flow()))
            await asyncio.sleep(0)
            places.give_back()

        low = asyncio.create_task(wait())
        await asyncio.sleep(0)
        flowing = [asyncio.create_task(flow()) for _ in range(3)]
        await asyncio.sleep(0)
        places.give_back()
        async with asyncio.timeout(5):
            await through.wait()
        await low
        for task in flowing:
            task.cancel()
        await asyncio.gather(*flowing, return_exceptions=True)
        return urgent

    assert asyncio.run(main()) == 3


def test_who_stops_waiting_keeps_no_place_even_when_it_was_just_granted() -> None:
    async def main() -> None:
        places = Places(1)
        await places.take()
        early, granted = asyncio.create_task(places.take()), asyncio.create_task(places.take())
        await asyncio.sleep(0)
        early.cancel()
        await asyncio.sleep(0)
        places.give_back()
        granted.cancel()
        await asyncio.gather(early, granted, return_exceptions=True)
        async with asyncio.timeout(5):
            await places.take()

    asyncio.run(main())


def test_a_place_passes_from_one_event_loop_to_another() -> None:
    places, waits = Places(1), threading.Event()

    async def other() -> None:
        waiting = asyncio.create_task(places.take())
        await asyncio.sleep(0)
        waits.set()
        async with asyncio.timeout(5):
            await waiting

    asyncio.run(places.take())
    thread = threading.Thread(target=asyncio.run, args=[other()])
    thread.start()
    assert waits.wait(5)
    places.give_back()
    thread.join(5)
    assert not thread.is_alive()
