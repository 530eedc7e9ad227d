"""Edits of a user that others may edit at the same time."""

from collections.abc import Callable
from dataclasses import replace

from tickwell.application.ports import AccountStore
from tickwell.domain.account import User
from tickwell.domain.errors import ConflictError

_TRIES = 10


def edit_user(accounts: AccountStore, tenant_id: str, user_id: str, edit: Callable[[User], User]) -> User:
    """Write what ``edit`` makes of the user as it stands, again while others come between.

    ``edit`` may raise to stop; one that changes nothing writes nothing. Raises NotFoundError, ConflictError.
    """
    for _ in range(_TRIES):
        read = accounts.by_id(tenant_id, user_id)
        edited = edit(read)
        if edited == read:
            return read
        edited = replace(edited, version=read.version + 1)
        if accounts.replace(edited):
            return edited
    raise ConflictError("this account is being changed by many at once; try again")
