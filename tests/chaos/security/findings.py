"""What attacks came to: how many of each kind were tried, and what went through."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.chaos.figures import Figures

LET_IN, BROKE, LEAKED, SLOW = "let in", "answered 5xx", "leaked", "slow patterns"
KINDS = (LET_IN, BROKE, LEAKED, SLOW)


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """``vectors`` counts by kind; ``faults`` has sentences by what went wrong (one of ``KINDS``)."""

    vectors: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def tried(self, kind: str, number: int = 1) -> None:
        """That many more vectors of ``kind``."""
        self.vectors[kind] += number

    def fault(self, what: str, sentence: str) -> None:
        """Something went through that must not."""
        self.faults.append((what, sentence))

    def require(self, kind: str, sentence: str, *, held: bool, what: str = LET_IN) -> None:
        """One vector of ``kind`` that was held off, or else is a fault."""
        self.tried(kind)
        if not held:
            self.fault(what, f"{kind}: {sentence}")

    def checks(self, kind: str, checks: Iterable[tuple[str, bool]]) -> None:
        """Vectors that tell themselves whether they were held off."""
        for sentence, held in checks:
            self.require(kind, sentence, held=held)

    def answered(self, kind: str, sentence: str, status: int) -> None:
        """A vector, counted elsewhere, may have any answer but one that says that we broke."""
        if status >= 500:
            self.fault(BROKE, f"{kind}: {sentence}: {status}")

    def holds_no_secret(self, kind: str, place: str, text: str, secrets: Mapping[str, str]) -> None:
        """``secrets`` by name: each is a vector, and must not stand in ``text``."""
        for name, secret in secrets.items():
            self.require(kind, f"{name} stands in {place}", held=secret not in text, what=LEAKED)

    def figures(self, *, zeros: Iterable[str], more: Mapping[str, int] | None = None) -> Figures:
        """The line; ``zeros`` are those of ``KINDS`` that this trial can tell, and any that it did not expect."""
        found = Counter(what for what, _ in self.faults)
        told = [*zeros, *(what for what in found if what not in zeros)]
        return Figures(
            counts={**(more or {}), "vectors": self.vectors.total(), **self.vectors},
            zeros={what: found[what] for what in told},
            faults=[f"{what}: {sentence}" for what, sentence in self.faults],
        )
