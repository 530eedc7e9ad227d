"""Tickwell for tests: the whole system, or one task, in memory and on a clock that jumps.

``SimulatedTickwell`` is the system, ``run_task`` runs one attempt of one task.
"""

from tickwell.application.http_client import HttpRequest, HttpResponse
from tickwell.testing.clock import SimulatedClock
from tickwell.testing.http import Answer
from tickwell.testing.network import AnswerHttp, http_answer
from tickwell.testing.one_task import TaskRun, run_task
from tickwell.testing.simulation import SimulatedTickwell

__all__ = [
    "Answer",
    "AnswerHttp",
    "HttpRequest",
    "HttpResponse",
    "SimulatedClock",
    "SimulatedTickwell",
    "TaskRun",
    "http_answer",
    "run_task",
]
