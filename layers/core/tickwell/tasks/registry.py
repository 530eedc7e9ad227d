"""The built-in tasks, put together."""

from tickwell.application.task import TaskRegistry
from tickwell.tasks.echo import ECHO
from tickwell.tasks.http_request import HTTP_REQUEST
from tickwell.tasks.send_email import SEND_EMAIL


def built_in_tasks() -> TaskRegistry:
    """A registry of every task that Tickwell brings along."""
    return TaskRegistry([ECHO, HTTP_REQUEST, SEND_EMAIL])
