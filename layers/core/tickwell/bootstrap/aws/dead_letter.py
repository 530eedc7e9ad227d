"""functions/dead_letter."""

from tickwell.application.consume_dead_letters import ConsumeDeadLetters
from tickwell.bootstrap.aws.clients import open_lanes, open_table
from tickwell.bootstrap.aws.foundation import core_of
from tickwell.settings.functions import DeadLetterSettings
from tickwell.settings.reading import load


def build() -> ConsumeDeadLetters:
    """What the lanes gave up."""
    settings = load(DeadLetterSettings)
    return core_of(settings, open_table(settings.table), open_lanes(settings)).consume_dead_letters()
