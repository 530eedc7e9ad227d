"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# Tests do not time: on a busy machine an example takes as long as it takes, and so does making one.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
