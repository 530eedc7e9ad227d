"""What a broken flow may be found guilty of; each is a figure that must be 0."""


class Wrong(AssertionError):  # noqa: N818 - a verdict
    """Something else than what the others say."""

    figure = "otherwise wrong"

    @classmethod
    def unless(cls, holds: bool, fault: str) -> None:
        """Raise unless it ``holds``."""
        if not holds:
            raise cls(fault)


class Lost(Wrong):
    """What was accepted did not happen, or what happened is not recorded."""

    figure = "lost"


class Duplicated(Wrong):
    """Something was recorded as completed twice, or ran although it had ended."""

    figure = "duplicated completions"


class Orphan(Wrong):
    """Something stands in a store that nothing explains."""

    figure = "orphans"


FIGURES = tuple(verdict.figure for verdict in (Lost, Duplicated, Orphan, Wrong))
"""In the order in which they are told."""
