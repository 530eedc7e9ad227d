"""All mutations, in the order of the rules."""

from tests.chaos.mutants.rules_1_to_4 import RULES_1_TO_4
from tests.chaos.mutants.rules_5_to_12 import RULES_5_TO_12

MUTATIONS = (*RULES_1_TO_4, *RULES_5_TO_12)
