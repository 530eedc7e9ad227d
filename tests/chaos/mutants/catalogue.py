"""What a mutation is, and who must notice it. Names only: nothing of the product is imported here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.chaos.mutants.source import Edit


class Engine(StrEnum):
    """Where a witness looks."""

    EMBEDDED = "embedded"
    AWS = "aws"


class Means(StrEnum):
    """How a witness looks."""

    CRASH = "crash"  # each flow, with every crash and every failing call
    RIVAL = "rival"  # each flow, with a rival that gets the same messages, at every call
    STALL = "stall"  # each flow, with a process that stands still, and may die then
    PROBE = "probe"  # a function of ``probes``
    TESTS = "tests"  # tests of the contract suite, or of the worlds on both engines, on the real stores


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """Tries ``what`` on ``engine``. It sees nothing amiss in the product as it is, and it must in a mutated one.

    ``calls``, if any: the only ones of the flows that are disturbed. The emulator of DynamoDB is slow.
    """

    means: Means
    what: tuple[str, ...]
    engine: Engine = Engine.EMBEDDED
    calls: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """For people, and to tell witnesses apart."""
        return f"{self.means.value} on {self.engine.value}: {', '.join(self.what)}"

    def on_aws(self, *calls: str) -> "Witness":
        """The same on the other engine, where only ``calls`` are disturbed, if any are named."""
        return replace(self, engine=Engine.AWS, calls=calls)


def crash(*flows: str) -> Witness:
    """See ``Means``."""
    return Witness(means=Means.CRASH, what=flows)


def rival(*flows: str) -> Witness:
    """See ``Means``."""
    return Witness(means=Means.RIVAL, what=flows)


def stall(*flows: str) -> Witness:
    """See ``Means``."""
    return Witness(means=Means.STALL, what=flows)


def probe(name: str) -> Witness:
    """See ``Means``."""
    return Witness(means=Means.PROBE, what=(name,))


def tests(*nodes: str) -> Witness:
    """See ``Means``; tests are named by file and function, below ``tests``."""
    return Witness(means=Means.TESTS, what=nodes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutation:
    """A bug that breaks a rule of design.md, and the witness that must notice it."""

    rule: int
    name: str
    edits: tuple[Edit, ...]
    witness: Witness

    @property
    def title(self) -> str:
        """For people: the rule, the bug, and the engine on which it is sought."""
        return f"rule {self.rule}: {self.name} ({self.witness.engine.value})"


def on_both(mutation: Mutation, *calls: str) -> Sequence[Mutation]:
    """A mutation of what both engines share, and so sought on both; see ``Witness.on_aws``."""
    return mutation, replace(mutation, witness=mutation.witness.on_aws(*calls))
