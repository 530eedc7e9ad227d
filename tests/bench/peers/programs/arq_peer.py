"""arq on Redis, a hundred jobs at a time. It keeps the record of a job for an hour, and has no way to submit many."""

import asyncio

import marks
from arq import create_pool, func
from arq.connections import RedisSettings
from arq.worker import Worker

settings = RedisSettings(port=marks.PORT)


async def noop(_context: object, number: int) -> None:
    marks.noop(number)


async def submit() -> None:
    pool = await create_pool(settings)
    with marks.timed():
        for number in marks.numbers():
            await pool.enqueue_job("noop", number)


def submit_one() -> None:
    asyncio.run(submit())


def work() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    timeout = 2 if marks.SURVIVES else 300
    Worker(
        functions=[func(noop, name="noop", timeout=timeout)],
        redis_settings=settings,
        job_timeout=timeout,
        max_jobs=100,
        poll_delay=0.01,
    ).run()


if __name__ == "__main__":
    marks.program(submit_one=submit_one, submit_many=None, work=work)
