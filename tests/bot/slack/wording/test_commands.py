"""Help and usage. Made anew by `pytest --inline-snapshot=fix`."""

# ruff: noqa: E501 - a line of a message stands here as it is sent

from inline_snapshot import snapshot

from tests.bot.slack.wording.said import said


def test_help() -> None:
    assert said("help") == snapshot("""\
text: What I can do: status, incidents, investigate, runbooks, trust, ack, close, false-alarm, approve, ask-again, propose, pause, resume
section: *What every full member of this workspace may do*
`/agentops status [model] [state] [severity] [env=...] [page N]` – how the models are, one line each
`/agentops incidents [model] [state] [severity] [env=...] [page N]` – incidents, each with its thread; the open ones unless you name a state (closed, any, ...)
`/agentops investigate &lt;model&gt; [question]` – look into a model now; the answer comes in its thread
`/agentops runbooks &lt;question&gt;` – what the runbooks say
`/agentops trust [model]` – what became of the remediations, counted and drawn
`/agentops ack [incident]` – take an incident: everybody sees that you are on it
`/agentops false-alarm &lt;incident&gt;` – mark an incident as a false alarm; say it again to take it back
`/agentops pause [model]` – stop every change at once, of one model or of all
section: *What only approvers may do* (the people whom the policy names)
`/agentops close &lt;incident&gt; [reason]` – end an incident; what waits for a decision is taken back
`/agentops approve &lt;proposal&gt; &lt;digest&gt;` – approve what a card shows, by its own signs
`/agentops ask-again &lt;proposal&gt;` – put a proposal up again that expired undecided
`/agentops propose &lt;what&gt; &lt;model&gt; ... [--dry-run]` – ask for a remediation by hand: rollback, retrain, promote, quarantine, release, rerun, shift, issue or notify; somebody else has to approve it
`/agentops resume [model]` – let changes go on
context: In an incident's thread, mention me with a question. Decisions are made on the cards in the thread.\
""")


def test_usage() -> None:
    assert said("usage") == snapshot("""\
text: Which incident?
section: Which incident?
Use it so: `/agentops ack [incident]`, for example `/agentops ack INC-7`\
""")


def test_unknown_command() -> None:
    assert said("unknown command") == snapshot("""\
text: There is no “statsu”. Did you mean status?
section: There is no “statsu”. Did you mean `/agentops status [model] [state] [severity] [env=...] [page N]`? (how the models are, one line each)
context: For example `/agentops status critical env=prod`. All of it: `/agentops help`\
""")


def test_unknown_model() -> None:
    assert said("unknown model") == snapshot("""\
text: No model here is called “fraud”.
section: No model here is called “fraud”. Did you mean `fraud-detector`?\
""")


def test_which_incident() -> None:
    assert said("which incident") == snapshot("""\
text: Which incident?
section: Which incident?
Use it so: `/agentops ack [incident]`, for example `/agentops ack INC-7`
section: :bell: <https://sandbox.slack.example/archives/CINCIDENTS/p1700000000000100|INC-7> *product-recommender* – waiting for a decision
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · p99 latency too high
section: :bell: INC-8 *product-recommender* – waiting for a decision
      :red_circle: critical · since <04 Mar 2026 14:00 UTC as {date_short} at {time}> · p99 latency too high\
""")
