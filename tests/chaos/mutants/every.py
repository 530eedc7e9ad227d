"""All mutations, in the order of the rules."""

from tests.chaos.mutants.rules import (
    batches,
    outside,
    rule_1,
    rule_2,
    rule_3,
    rule_4,
    rule_5,
    rule_6,
    rule_9,
    rule_10,
    rules_7_and_8,
    rules_11_and_12,
)

MUTATIONS = (
    *rule_1.RULE_1,
    *rule_2.RULE_2,
    *batches.RULE_2,
    *rule_3.RULE_3,
    *batches.RULE_3,
    *outside.RULE_3,
    *rule_4.RULE_4,
    *rule_5.RULE_5,
    *rule_6.RULE_6,
    *rules_7_and_8.RULE_7,
    *rules_7_and_8.RULE_8,
    *rule_9.RULE_9,
    *rule_10.RULE_10,
    *rules_11_and_12.RULE_11,
    *outside.RULES_6_AND_10,
    *rules_11_and_12.RULE_12,
)
