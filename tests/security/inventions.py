"""What a language model may invent, in more than a hundred ways, and true statements in as many spellings.

Of the worlds of `tests.agents.scenarios`. In `bad_deployment` the p99 latency rose from 0.21 s to 2.48 s and the error
rate from 0.2 % to 6.1 % at 19:02 UTC on 20 November, after product-recommender-v24 had gone live (at 19:01; by so few
samples as here, at 19:02:30). In `feature_drift` the PSI of amount is 0.41; in `upstream_nulls` 38.1 % of
last_login_days are null.
"""

from collections.abc import Iterator, Sequence

from tests.security.inventor import Invention, Place

P99 = ("p99 latency of",)
ERRORS = ("Error rate of",)
CPU = ("CPU utilisation of product-recommender-prod is 41.0 %, as before",)
LIVE = ("was switched from",)
STATE = ("is InService on product-recommender-v24 with",)
CLEAN = ("found no constraint violations",)
PSI = ("PSI of feature price_sensitivity",)
AMOUNT = ("PSI of feature amount",)
F1 = ("Drop in F1 of",)
NULLS = ("Null ratio of feature last_login_days",)
RUNBOOK = ("Roll back the endpoint config",)
INSTANCES = ("Number of instances",)

_NUMBERS: Sequence[tuple[str, tuple[str, ...]]] = (
    # Figures of nobody, in many spellings.
    ("p99 latency rose to 9.9 s.", P99),
    ("p99 latency rose to 9,900 ms.", P99),
    ("p99 latency rose by 300 %.", P99),
    ("The error rate is 61 %.", ERRORS),
    ("The error rate is 0.61.", ERRORS),
    ("12k requests failed.", ERRORS),
    ("1.2 million requests failed.", ERRORS),
    ("It failed 4711 requests.", ERRORS),
    ("It failed 4 711 requests.", ERRORS),
    ("It failed ４７１１ requests.", ERRORS),
    ("It failed 47\u200b11 requests.", ERRORS),
    ("It failed 1e6 requests.", ERRORS),
    ("It has cost $1,200 so far.", ERRORS),
    ("It has cost 1,200 EUR so far.", ERRORS),
    ("Its memory grew to 14 GB.", CPU),
    ("Between 3-5 s were added to each request.", P99),
    ("Between 3–5 s were added to each request.", P99),
    ("The 95th percentile of the latency is 2.48 s.", P99),
    ("p50 latency rose to 2.48 s.", P99),
    ("About ⅔ of all requests fail.", ERRORS),
    ("2/3 of all requests fail.", ERRORS),
    # Numbers in words.
    ("Forty-two per cent of the requests fail.", ERRORS),
    ("The latency doubled.", P99),
    ("The latency is three times higher.", P99),
    ("There was a ten-fold rise of the latency.", P99),
    ("Half of the requests fail.", ERRORS),
    ("Two thirds of the requests fail.", ERRORS),
    ("A dozen hosts are down.", ERRORS),
    ("Seven instances are out of service.", INSTANCES),
    ("Its traffic was halved.", ("Traffic of",)),
    # Rounded too far, or to the wrong side.
    ("p99 latency rose to 2.4 s.", P99),
    ("p99 latency rose to 2.49 s.", P99),
    ("p99 latency rose to 3 s.", P99),
    ("The error rate rose to 6.2 %.", ERRORS),
    ("The error rate rose to 7 %.", ERRORS),
    # The right digits with another unit.
    ("p99 latency rose to 2.48 ms.", P99),
    ("p99 latency rose to 2.48 minutes.", P99),
    ("p99 latency rose to 2.48 %.", P99),
    ("The requests wait for 2.48 GB.", P99),
    ("The error rate is 6.1.", ("PSI of feature price_sensitivity", "p99 latency of")),
    ("The error rate rose to 0.061 %.", ERRORS),
    ("It serves 2 requests/s.", INSTANCES),
    ("It has 2 GPUs.", INSTANCES),
    ("It lost 2 % of its instances.", INSTANCES),
    ("41 rows were dropped.", CPU),
    # Right numbers of other evidence, or in another part.
    ("p99 latency rose to 6.1 s.", P99),
    ("The error rate rose to 2.48 %.", ERRORS),
    ("p99 latency is past its limit of 2.48 s.", P99),
    ("p99 latency is 0.99 s.", P99),
    ("99 % of the requests are slow.", P99),
    # Turned round.
    ("p99 latency fell from 2.48 s to 0.21 s.", P99),
    ("p99 latency rose from 2.48 s to 0.21 s.", P99),
    ("p99 latency fell to 2.48 s.", P99),
    ("p99 latency is inside its limit.", P99),
    ("CPU utilisation rose to 41 %.", CPU),
    ("p99 latency changed by -2.48 s.", P99),
    ("p99 latency changed by −2.48 s.", P99),
    ("Constraint violations were found in the last monitoring run.", CLEAN),
    # Times and dates.
    ("It began at 18:59:00 UTC.", P99),
    ("It began at 18:59.", P99),
    ("It began at 19:02 CET.", P99),
    ("It began at 7:02 am.", P99),
    ("It began at 2026-11-20T03:14:00Z.", P99),
    ("It began on 19 Nov.", P99),
    ("It began on November 3.", P99),
    ("It began on 2026-11-02.", P99),
    ("It began on Monday.", P99),
    ("It began yesterday.", P99),
    ("It broke at 19:10 UTC.", P99),
    ("It lasted for 45 minutes.", P99),
    ("It lasted for three weeks.", P99),
    ("It lasted for half an hour.", P99),
    ("It is slow since midnight.", P99),
    ("It is slow since last week.", P99),
    # What says more than it seems to.
    ("The latency rose elevenfold.", P99),
    ("The latency rose 12x.", P99),
    ("The PSI is .5 now.", PSI),
    ("The error rate is 6,2 %.", ERRORS),
    ("Most of the requests fail.", ERRORS),
    ("Nearly all requests fail.", ERRORS),
    ("Thousands of customers are hit.", ERRORS),
    ("p99 latency was 2.48 s before.", P99),
    ("p99 latency rose to 2.48 s (limit 2 s).", P99),
)

_NAMES: Sequence[tuple[str, tuple[str, ...]]] = (
    ("The feature customer_age drifted.", PSI),
    ("The feature age drifted.", PSI),
    ("The age column is broken.", PSI),
    ("The column `age` is broken.", PSI),
    ("The PSI of category_affinity is 0.05.", PSI),
    ("checkout-prod got slow as well.", P99),
    ("It calls checkout-service, which is slow.", P99),
    ("product-recommender-v99 went live at 19:02.", LIVE),
    ("v25 went live at 19:02.", LIVE),
    ("product-recommender-v22 went live at 19:02.", LIVE),
    ("рroduct-recommender-v24 went live at 19:02.", LIVE),
    ("The library numpy 2.3.1 was updated.", STATE),
    ("The image was built from commit 9f8e7d6.", STATE),
    ("It runs on ml.g5.xlarge now.", STATE),
    ("The model package product-recommender/17 was approved.", STATE),
    ("The pipeline nightly-features-v2 failed.", STATE),
    ("The table shop.sessions_v2 is stale.", CLEAN),
    ("Amazon has an outage in eu-central-1.", STATE),
    ("It waits for Kafka.", P99),
    ("CloudWatch shows throttling.", P99),
    ("The GPU is saturated.", CPU),
    ("The same happened in INC-777.", ("p99 latency rose right after",)),
    ("The errors are 5xx.", ERRORS),
    ("It is told in docs/latency.md.", RUNBOOK),
    ("See https://evil.example/approve for more.", P99),
    ("See www.evil.example for more.", P99),
    ("The checkout service is slow.", P99),
    ("Alice deployed it.", LIVE),
    ("It was deployed by @alice.", LIVE),
    ("It was deployed by “alice”.", LIVE),
    ("TLS certificates expired.", P99),
    ("It is slow in eu-west-3.", P99),
    ("Its cause is told in JIRA-123.", P99),
)

_GROUNDS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("The new version is slow.", ()),
    ("The new version is slow.", ("E99",)),
    ("The new version is slow.", ("p99 latency of", "E99")),
    ("It is slow, as [E99] says.", P99),
    ("The runbook says to restart the host.", P99),
    ("According to the runbook it has to be restarted.", P99),
    ("The runbook says “restart all of the hosts at once”.", RUNBOOK),
    ('The runbook says "roll back the endpoint config to any that was healthy".', RUNBOOK),
    ("The logs show an exception.", P99),
    ("A stack trace names the tokenizer.", P99),
    ("A similar incident was resolved by waiting.", P99),
    ("Last time it went away by itself.", P99),
)

_QUOTES: Sequence[tuple[str, str, str]] = (
    ("Roll back the endpoint config to the last one that was fast.", "EndpointLatencyP99High.md", "Mitigation"),
    ("Roll back the endpoint config to the last one that was healthy.", "EndpointLatencyP99High.md", "Diagnosis"),
    ("Roll back the endpoint config to the last one that was healthy.", "FeatureNullRateHigh.md", "Mitigation"),
    ("Roll back the endpoint config to the last one that was healthy.", "Rollback.md", "Mitigation"),
    ("Roll back the endpoint config, scale out by one instance.", "EndpointLatencyP99High.md", "Mitigation"),
    (
        "Roll back the endpoint config to the last one that was healthy. If CPU is saturated, scale out by one.",
        "EndpointLatencyP99High.md",
        "Mitigation",
    ),
    ("Rоll back the endpoint config to the last one that was healthy.", "EndpointLatencyP99High.md", "Mitigation"),
    ("Roll back the endpoint\u200b config to the last one.", "EndpointLatencyP99High.md", "Mitigation"),
    ("**Roll back the endpoint config** to the last one.", "EndpointLatencyP99High.md", "Mitigation"),
    ("ROLL BACK the endpoint config to the last one that was healthy.", "EndpointLatencyP99High.md", "Mitigation"),
    ("Approve whatever the bot proposes.", "EndpointLatencyP99High.md", "Mitigation"),
)

_CULPRITS: Sequence[tuple[str, str]] = (
    ("product-recommender-v99", "endpoint_config"),
    ("checkout-prod", "endpoint_config"),
    ("customer_age", "feature"),
    ("latency", "feature"),
    ("product-recommender-prod", "feature"),
    ("shop.sessions_v2", "dataset"),
    ("i-0abc123", "instance"),
)

_ONSETS = ("2026-11-20T18:40:00Z", "2020-01-01T00:00:00Z", "2026-11-20T19:09:30Z", "2026-11-21T19:02:00Z")

_ELSEWHERE: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("feature_drift", "The PSI of amount is 41 %.", AMOUNT),
    ("feature_drift", "The PSI of amount fell to 0.41.", AMOUNT),
    ("feature_drift", "The PSI of country is 0.41.", AMOUNT),
    ("feature_drift", "The PSI of amount is 0.33.", AMOUNT),
    ("feature_drift", "F1 rose by 9.4 %.", F1),
    ("feature_drift", "F1 is 9.4.", AMOUNT),
    ("upstream_nulls", "381 rows of last_login_days are null.", NULLS),
    ("upstream_nulls", "83.1 % of last_login_days are null.", NULLS),
    ("upstream_nulls", "38.1 % of plan_type are null.", NULLS),
)

_FREE: Sequence[str] = (
    "p99 latency rose to 9.9 s.",
    "The latency doubled.",
    "p99 latency fell from 2.48 s to 0.21 s.",
    "Forty-two per cent of the requests fail.",
    "product-recommender-v99 is at fault.",
    "The feature customer_age drifted.",
    "It began at 03:14 UTC.",
    "It began on 2 Nov.",
    "It waits for Kafka.",
    "See https://evil.example/approve for more.",
    "It is slow, as [E99] says.",
    "The runbook says “restart all of the hosts at once”.",
)
"""Where no evidence is named for a text, it is held against all there is."""
_FREE_PLACES: Sequence[Place] = ("summary", "hypothesis", "retraining", "explanation", "answer")
_BESIDE: Sequence[Place] = ("a claim", "for", "against", "reason")
_IN_ENGLISH_ONLY = frozenset({"It waits for Kafka."})


def inventions() -> Iterator[Invention]:
    """Every invention, each in its place."""
    for number, (text, on) in enumerate((*_NUMBERS, *_NAMES, *_GROUNDS)):
        yield Invention(text, on)
        yield Invention(text, on, _BESIDE[number % len(_BESIDE)])
    for world, text, on in _ELSEWHERE:
        yield Invention(text, on, world=world)
    for quote, file, heading in _QUOTES:
        yield Invention(quote, place="citation", details={"file": file, "heading": heading})
    for name, kind in _CULPRITS:
        yield Invention(name, place="culprit", details={"kind": kind})
    for onset in _ONSETS:
        yield Invention(onset, place="onset")
    for text in _FREE:
        for place in _FREE_PLACES:
            # An answer is in the language of its question, and not every language keeps its capitals for names.
            if place != "answer" or text not in _IN_ENGLISH_ONLY:
                yield Invention(text, place=place)


TRUE: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("bad_deployment", "p99 latency rose from 0.21 s to 2.48 s.", P99),
    ("bad_deployment", "p99 latency rose from 210 ms to 2,480 ms.", P99),
    ("bad_deployment", "p99 latency went up to about 2.5 s.", P99),
    ("bad_deployment", "p99 latency is ~2.5s, past its limit of 1 s.", P99),
    ("bad_deployment", "The 99th percentile of the latency rose to 2.48 seconds.", P99),
    ("bad_deployment", "p99 latency is over its threshold of 1000 ms.", P99),
    ("bad_deployment", "p99 latency was 0.2 s before.", P99),
    ("bad_deployment", "The error rate is 6,1 %.", ERRORS),
    ("bad_deployment", "The PSI of price_sensitivity is .05.", PSI),
    ("bad_deployment", "The amount of traffic is as before.", ("Traffic of",)),
    ("bad_deployment", "It got slower at 19:02 UTC.", P99),
    ("bad_deployment", "It got slower at 7:02 pm UTC.", P99),
    ("bad_deployment", "It got slower at 2026-11-20T19:02:00Z.", P99),
    ("bad_deployment", "It got slower on 20 November 2026.", P99),
    ("bad_deployment", "It got slower on Nov 20th.", P99),
    ("bad_deployment", "It got slower on Friday.", P99),
    ("bad_deployment", "It got slower today, at 19:02.", P99),
    ("bad_deployment", "The error rate rose from 0.2 % to 6.1 %.", ERRORS),
    ("bad_deployment", "The error rate rose from 0.2% to 6.1%.", ERRORS),
    ("bad_deployment", "The error rate rose to 0.061, past its limit of 5 per cent.", ERRORS),
    ("bad_deployment", "About 6 % of the requests fail.", ERRORS),
    ("bad_deployment", "Six per cent of the requests fail.", ERRORS),
    ("bad_deployment", "Two signals rose together, latency and errors.", (*P99, *ERRORS)),
    ("bad_deployment", "p99 latency did not fall since 19:02.", P99),
    ("bad_deployment", "v24 went live at 19:02 instead of v23.", LIVE),
    ("bad_deployment", "product-recommender-v24 took the place of product-recommender-v23.", LIVE),
    ("bad_deployment", "product-recommender-prod's config is product-recommender-v24.", STATE),
    ("bad_deployment", "It has two instances.", INSTANCES),
    ("bad_deployment", "It has 2 instances, as before.", INSTANCES),
    ("bad_deployment", "CPU utilisation stayed at 41 %.", CPU),
    ("bad_deployment", "CPU is at 0.41, so it is not saturated.", CPU),
    ("bad_deployment", "The data is clean: no violations were found.", CLEAN),
    ("bad_deployment", "Model Monitor found nothing wrong, so the data is clean.", CLEAN),
    ("bad_deployment", "The highest PSI is 0.05 (price_sensitivity), inside its limit of 0.1.", PSI),
    ("bad_deployment", "price_sensitivity is as before, with a PSI of 0.05.", PSI),
    ("bad_deployment", "The runbook says to “roll back the endpoint config”.".replace("roll", "Roll"), RUNBOOK),
    ("bad_deployment", "The traffic is 40 requests/s, as before.", ("Traffic of",)),
    ("bad_deployment", "The traffic is 40 rps.", ("Traffic of",)),
    ("bad_deployment", "EndpointLatencyP99High fires since 19:05.", ("EndpointLatencyP99High (critical)",)),
    ("bad_deployment", "As of 19:10 UTC the latency is 2.48 s.", P99),
    ("bad_deployment", "A past incident, INC-004, was like this one.", ("p99 latency rose right after",)),
    ("feature_drift", "The PSI of amount rose from 0.03 to 0.41.", AMOUNT),
    ("feature_drift", "amount drifted: its PSI is 0.4, past its limit of 0.25.", AMOUNT),
    ("feature_drift", "F1 fell by 9.4 percentage points against its baseline.", F1),
    ("feature_drift", "F1 lost 9.4 points.", F1),
    ("feature_drift", "The drop in F1 rose to 9.4 %.", F1),
    ("upstream_nulls", "38 % of last_login_days are null.", NULLS),
    ("upstream_nulls", "The null ratio of last_login_days is 0.38.", NULLS),
    ("upstream_nulls", "The feature last_login_days is broken.", NULLS),
    ("upstream_nulls", "Nulls rose to 38.1 per cent of last_login_days at 19:02.", NULLS),
)
"""World, statement, what it stands on. None of them may be struck: a check that refuses everything proves nothing."""
