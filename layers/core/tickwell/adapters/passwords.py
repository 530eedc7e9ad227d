"""Password hashes: Argon2id with 19 MiB, two passes, one lane (OWASP's password storage cheat sheet)."""

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1


class Argon2Hasher:
    """Argon2id. A hash carries its parameters, so that stronger ones can be chosen later."""

    def __init__(self, *, memory_kib: int = _MEMORY_KIB, passes: int = _PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=_LANES, type=Type.ID)

    def hash(self, password: str) -> str:
        """A salted hash in the PHC string format, parameters included."""
        return self._hasher.hash(_octets(password))

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether they belong together. A ``password_hash`` that is none raises argon2's own errors."""
        try:
            return self._hasher.verify(password_hash, _octets(password))
        except VerifyMismatchError:
            return False


def _octets(password: str) -> bytes:
    # JSON can spell lone surrogates; they are characters like any other here.
    return password.encode("utf-8", "surrogatepass")
