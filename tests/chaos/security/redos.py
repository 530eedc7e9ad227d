"""Texts that make a regular expression try again and again: how long each takes must grow with its length only.

For every repetition in a pattern there is a text that leads to it, goes round it many times, and then does not match.
"""

import gc
import importlib
import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from tests.chaos.security.findings import SLOW, Findings
from tests.chaos.security.pattern_walk import Used, walk

sre: Final[Any] = importlib.import_module("re._constants")
parser: Final[Any] = importlib.import_module("re._parser")

KIND: Final = "patterns"
_TINY: Final = (14, 22)
_TINY_SECONDS: Final = 0.02
_TRIES_OF_TINY: Final = 2
_LENGTHS: Final = (2_000, 8_000, 32_000)
QUICK_LENGTHS: Final = (500, 2_000, 8_000)
_GROWTH: Final = 8.0
"""Four times the length takes four times as long, or sixteen times if each place is tried from each other one."""

_NOTICED_SECONDS: Final = 0.004
_MEASURED_SECONDS: Final = 0.05
"""The clock of a process goes in steps, and may give the step of somebody else to what was quick."""

_LIMIT_SECONDS: Final = 1.0
_MOST_TEXTS: Final = 60
_MISMATCHES: Final = ("", "\0", "!", "\n", "\u00e9", " x")
_USUAL: Final = 'a0A -_./@<"\t\n,='


class TookTooLongError(Exception):
    """More CPU seconds than any text may take."""


def attack_patterns(findings: Findings, *, lengths: Sequence[int] = _LENGTHS) -> int:
    """Try all patterns of the product; how many there are."""
    found = walk()
    for place in found.unknown:
        findings.require(KIND, f"{place}: the walk cannot tell which pattern is used", held=False, what=SLOW)
    for used in found.used:
        for text in texts(used):
            findings.tried(KIND)
            slow = slowness(used, text, lengths)
            if slow is not None:
                findings.fault(SLOW, f"{used.where}: {used.pattern!r} with {text!r}: {slow}")
                break
    return len(found.used)


Pumped = tuple[str, str, str]
"""What leads to a repetition, what goes round it once, and what comes behind it."""


def texts(used: Used) -> list[Pumped]:
    """For all repetitions of the pattern; the same one for a pattern of bytes, as Latin-1."""
    pattern = used.pattern.decode("latin-1") if isinstance(used.pattern, bytes) else used.pattern
    flags = used.flags & ~re.UNICODE if isinstance(used.pattern, bytes) else used.flags
    tree = parser.parse(pattern, flags & ~re.ASCII & ~re.UNICODE)
    alphabet = sorted(set(_USUAL) | {_one(item) for item in _atoms(tree)})
    found: dict[Pumped, None] = {}
    for before, body in _repetitions(list(tree), ""):
        single = re.compile(pattern, flags & ~re.UNICODE if isinstance(used.pattern, bytes) else flags)
        found.update(dict.fromkeys(("", before, behind) for behind in _MISMATCHES[:2] if before))
        rounds = {_sample(body), *alphabet}
        for once in sorted(rounds - {""}):
            if _goes_round(body, once, single.flags):
                found.update(dict.fromkeys((before, once, behind) for behind in _MISMATCHES))
    plain = [("", once, behind) for once in alphabet for behind in ("", "\0")]
    return [*found][: _MOST_TEXTS * 4] + plain[:_MOST_TEXTS]


def slowness(used: Used, text: Pumped, lengths: Sequence[int]) -> str | None:
    """How long ``text`` takes where that grows faster than its length, or None."""
    before, once, behind = text  # none is tried twice: what was read once may be remembered

    def made(length: int) -> str | bytes:
        whole = before + once * (length // len(once)) + behind
        return whole.encode("latin-1", "replace") if isinstance(used.pattern, bytes) else whole

    try:
        for length in _TINY:
            took = min(_seconds(used, made(length - n)) for n in range(_TRIES_OF_TINY))
            if took > _TINY_SECONDS:
                return f"{took:.2f} s for {length} characters"
        shorter = _seconds(used, made(lengths[0]))
        for length in lengths[1:]:
            took = _seconds(used, made(length))
            if took > _NOTICED_SECONDS and took > _GROWTH * max(shorter, _NOTICED_SECONDS / 10):
                rounds = 1 + int(_MEASURED_SECONDS / took)
                whole = _seconds(used, *(made(length - n * 9) for n in range(rounds)))
                quarters = _seconds(used, *(made(length // 4 - n) for n in range(4 * rounds)))
                if whole > max(2 * quarters + _NOTICED_SECONDS, _MEASURED_SECONDS / 2):
                    return (
                        f"{whole / rounds:.4f} s for {length} characters, {quarters / rounds:.4f} s for their quarters"
                    )
            shorter = took
    except TookTooLongError:
        return f"more than {_LIMIT_SECONDS:g} s"
    return None


def _seconds(used: Used, *texts: str | bytes) -> float:
    """CPU time, without that of a collection of garbage, which takes longer than most texts wherever it happens."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with _limited():
            began = time.process_time()
            for text in texts:
                used.apply(text)
            return time.process_time() - began
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _limited() -> Iterator[None]:
    def stop(_number: int, _frame: Any) -> None:
        raise TookTooLongError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _LIMIT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


Item = tuple[Any, Any]
_REPEATS: Final = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)


def _parts(item: Item) -> Sequence[Sequence[Item]]:
    """The sequences inside an item; of a choice each of them."""
    what, value = item
    if what in _REPEATS:
        return [list(value[2])]
    if what is sre.SUBPATTERN:
        return [list(value[3])]
    if what is sre.BRANCH:
        return [list(each) for each in value[1]]
    if what is sre.ATOMIC_GROUP:
        return [list(value)]
    if what in {sre.ASSERT, sre.ASSERT_NOT}:
        return [list(value[1])]
    return []


def _repetitions(items: Sequence[Item], before: str) -> Iterator[tuple[str, Sequence[Item]]]:
    """What leads to each repetition of many rounds, and what it repeats."""
    for item in items:
        what, value = item
        if what in _REPEATS and int(value[1]) > 8:
            yield before, list(value[2])
        for inside in _parts(item):
            yield from _repetitions(inside, before)
        before += _sample([item])


def _atoms(items: Any) -> Iterator[Item]:
    for item in items:
        if item[0] in {sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY}:
            yield item
        for inside in _parts(item):
            yield from _atoms(inside)


def _sample(items: Sequence[Item]) -> str:
    """A text that matches, one round of what is repeated."""
    made = ""
    for item in items:
        what, value = item
        if what in {sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY}:
            made += _one(item)
        elif what in _REPEATS:
            made += _sample(list(value[2])) * max(int(value[0]), 1)
        elif what in {sre.SUBPATTERN, sre.BRANCH, sre.ATOMIC_GROUP}:
            made += _sample(_parts(item)[0])
    return made


def _one(item: Item) -> str:
    what, value = item
    if what is sre.LITERAL:
        return chr(value)
    if what is sre.IN and value[0][0] is sre.LITERAL:
        return chr(value[0][1])
    if what is sre.IN and value[0][0] is sre.RANGE:
        return chr(value[0][1][0])
    if what is sre.IN and value[0] == (sre.CATEGORY, sre.CATEGORY_SPACE):
        return " "
    return "a" if what is not sre.NOT_LITERAL or chr(value) != "a" else "b"


def _goes_round(body: Sequence[Item], once: str, flags: int) -> bool:
    """Whether ``once`` is a round of ``body``, as far as its first character tells."""
    first = next(iter(body), None)
    if first is None or _sample(body) == once:
        return True
    return any(_matches(atom, once, flags) for atom in _atoms(body))


def _matches(atom: Item, character: str, flags: int) -> bool:
    what, value = atom
    if what is sre.ANY:
        return character != "\n" or bool(flags & re.DOTALL)
    if what in {sre.LITERAL, sre.NOT_LITERAL}:
        return (chr(value) == character) is (what is sre.LITERAL)
    negated = value[0] == (sre.NEGATE, None)
    inside = any(_in(entry, character) for entry in value)
    return inside is not negated


def _in(entry: Item, character: str) -> bool:
    what, value = entry
    if what is sre.LITERAL:
        return chr(value) == character
    if what is sre.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if what is sre.CATEGORY:
        kinds = {
            sre.CATEGORY_DIGIT: r"\d",
            sre.CATEGORY_NOT_DIGIT: r"\D",
            sre.CATEGORY_SPACE: r"\s",
            sre.CATEGORY_NOT_SPACE: r"\S",
            sre.CATEGORY_WORD: r"\w",
            sre.CATEGORY_NOT_WORD: r"\W",
        }
        return re.fullmatch(kinds[value], character) is not None
    return False
