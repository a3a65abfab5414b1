"""Token buckets on a clock of our own."""

from sandbox.slack.rate_limits import POST_BURST, TIERS_PER_MINUTE, RateLimits


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_posting_settles_at_one_message_a_second_and_channel() -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    sent = 0
    for _ in range(100):
        sent += limits.retry_after_post("C1") == 0
        clock.now += 0.1
    assert sent == POST_BURST + 9
    assert limits.retry_after_post("C2") == 0


def test_waiting_as_told_is_enough() -> None:
    clock = Clock()
    limits = RateLimits(clock=clock)
    waits = [limits.retry_after_post("C1") for _ in range(4)]
    assert waits == [0, 0, 0, 1]
    clock.now += waits[-1]
    assert limits.retry_after_post("C1") == 0


def test_methods_have_the_budget_of_their_tier() -> None:
    limits = RateLimits(clock=Clock())
    passed = sum(limits.retry_after_method("users.list", 2) == 0 for _ in range(100))
    assert passed == TIERS_PER_MINUTE[2]
    assert limits.retry_after_method("usergroups.list", 2) == 0


def test_limits_can_be_switched_off() -> None:
    limits = RateLimits(enabled=False, clock=Clock())
    assert all(limits.retry_after_post("C1") == 0 for _ in range(100))
