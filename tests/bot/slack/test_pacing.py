"""How long the one that begins to send waits for what was sent before it."""

from bot.slack.pacing import POST_BURST, POSTS_PER_SECOND, REMEMBERED_SECONDS, Pacing


def begun(posted: list[tuple[str, float]]) -> Pacing:
    pacing = Pacing(lambda: 1_000.0)
    pacing.begin(posted, [])
    return pacing


def test_a_long_history_of_a_channel_costs_no_wait() -> None:
    pacing = begun([("CINCIDENTS", REMEMBERED_SECONDS + 30.0 * number) for number in range(500)])
    assert pacing.wait_to_post("CINCIDENTS") == 0.0


def test_a_burst_of_a_moment_ago_is_counted_and_only_in_its_channel() -> None:
    pacing = begun([("CINCIDENTS", 0.5)] * POST_BURST + [("CINCIDENTS", 3_600.0)] * 100)
    assert 0.0 < pacing.wait_to_post("CINCIDENTS") < 1.0 / POSTS_PER_SECOND
    assert pacing.wait_to_post("CPLATFORM") == 0.0
