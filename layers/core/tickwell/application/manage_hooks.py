"""A tenant's incoming webhooks: create, list, look at, delete (B5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tickwell.application.placing import Placing
from tickwell.application.ports import Clock, HookStore, Ids
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.task import TaskRegistry
from tickwell.domain.account import Principal
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.hook import MOST_HOOKS, Hook, HookSignature, require_hook_secret, spell_hook_token, token_digest
from tickwell.domain.incoming import require_path, require_template, sample_of

_SECRET_DIGITS = 48


@dataclass(frozen=True, kw_only=True, slots=True)
class HookTerms:
    """What a caller may say of a hook; see ``Hook``."""

    name: str
    task: str
    queue: str | None
    payload: Any
    fields: Mapping[str, str]
    signature: HookSignature | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewHook:
    """A hook with its ``token``, which nobody can be told a second time."""

    hook: Hook
    token: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageHooks:
    """The use cases, one method each."""

    hooks: HookStore
    directory: QueueDirectory
    registry: TaskRegistry
    clock: Clock
    ids: Ids

    def create(self, principal: Principal, terms: HookTerms) -> NewHook:
        """Raises InvalidInputError, and ConflictError when there are too many."""
        self._require_possible(principal.tenant_id, terms)
        hook_id = self.ids.new()
        token = spell_hook_token(principal.tenant_id, hook_id, self._secret())
        hook = Hook(
            tenant_id=principal.tenant_id,
            hook_id=hook_id,
            user_id=principal.user_id,
            name=terms.name,
            task=terms.task,
            queue=terms.queue,
            payload=terms.payload,
            fields=terms.fields,
            signature=terms.signature,
            digest=token_digest(token),
            created_at=self.clock.now(),
        )
        self._add(hook)
        return NewHook(hook=hook, token=token)

    def all(self, principal: Principal) -> Sequence[Hook]:
        """Oldest first."""
        return self.hooks.list_hooks(principal.tenant_id)

    def get(self, principal: Principal, hook_id: str) -> Hook:
        """Raises NotFoundError."""
        return self.hooks.get(principal.tenant_id, hook_id)

    def delete(self, principal: Principal, hook_id: str) -> None:
        """From the next message on its address is unknown. Raises NotFoundError."""
        if not self.hooks.delete(principal.tenant_id, hook_id):
            raise NotFoundError("hook", hook_id)

    def _require_possible(self, tenant_id: str, terms: HookTerms) -> None:
        """What would be refused of each message is refused now, as far as it can be seen without one."""
        task = self.registry.get(terms.task)
        Placing(directory=self.directory)(tenant_id, task, queue=terms.queue, priority=None)
        for name, path in terms.fields.items():
            require_path(name, path)
        if terms.signature is not None:
            require_hook_secret(terms.signature.secret)
        if terms.payload is not None:
            self.registry.validate(terms.task, sample_of(require_template(terms.payload)))

    def _add(self, hook: Hook) -> None:
        """Counted after the write too, so that hooks made at the same time never exceed the limit together.

        An earlier try of the same request (X1) may have left a hook of this id, whose token nobody got: it goes.
        """
        self._require_room(hook)
        try:
            self.hooks.add(hook)
        except ConflictError:
            self.hooks.delete(hook.tenant_id, hook.hook_id)
            self.hooks.add(hook)
        try:
            self._require_room(hook)
        except ConflictError:
            self.hooks.delete(hook.tenant_id, hook.hook_id)
            raise

    def _require_room(self, hook: Hook) -> None:
        others = [each for each in self.hooks.list_hooks(hook.tenant_id) if each.hook_id != hook.hook_id]
        if len(others) >= MOST_HOOKS:
            raise ConflictError(f"there are {MOST_HOOKS} hooks already, the most that a tenant may have")

    def _secret(self) -> bytes:
        return bytes.fromhex((self.ids.token() + self.ids.token())[:_SECRET_DIGITS])
