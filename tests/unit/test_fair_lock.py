"""Who waits for the lock of the database gets it in turn."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tickwell.adapters.embedded.fair_lock import FairLock

THREADS = 8


def test_threads_get_it_in_the_order_in_which_they_came() -> None:
    lock, order = FairLock(), list[str]()

    def enter(name: str) -> None:
        with lock:
            order.append(name)

    with ThreadPoolExecutor(THREADS) as pool:
        with lock:
            for number in range(THREADS):
                pool.submit(enter, f"waiter {number}")
                while len(lock._waiting) <= number:
                    time.sleep(0.001)
        enter("who had it")
    assert order == [*(f"waiter {number}" for number in range(THREADS)), "who had it"]


def test_its_holder_may_enter_again() -> None:
    lock = FairLock()
    with lock:
        with lock:
            held = [lock.is_mine]
        held.append(lock.is_mine)
        with ThreadPoolExecutor(1) as pool:
            held.append(pool.submit(lambda: lock.is_mine).result())
    assert [*held, lock.is_mine] == [True, True, False, False]


def test_one_at_a_time() -> None:
    lock, inside, most = FairLock(), 0, 0

    def enter() -> None:
        nonlocal inside, most
        for _ in range(200):
            with lock:
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


def test_who_gives_up_waiting_is_passed_over() -> None:
    lock, order = FairLock(), list[str]()

    def enter() -> None:
        with lock:
            order.append("next")

    with ThreadPoolExecutor(1) as pool, lock:
        turn = threading.Lock()
        turn.acquire()
        lock._waiting.append((0, turn))
        pool.submit(enter)
        while len(lock._waiting) < 2:
            time.sleep(0.001)
        lock._renounce(0, turn)
    assert order == ["next"]


def test_who_gives_up_as_his_turn_comes_hands_it_on() -> None:
    lock, turn = FairLock(), threading.Lock()
    turn.acquire()
    with lock:
        lock._waiting.append((0, turn))
    lock._renounce(0, turn)
    with lock:
        assert lock.is_mine
