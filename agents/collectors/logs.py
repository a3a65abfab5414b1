"""What the endpoint and the jobs of its pipelines logged: what is new since the onset, against the hour before it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.collectors.lens import Lens, why
from agents.collectors.log_news import News, news_of, worst_first
from agents.collectors.log_patterns import Logged, joined, patterns_of
from agents.log_signs import Sign
from agents.readings.found import Found
from agents.readings.written import LogPatternReading, LogSummaryReading
from agents.redaction import redact
from agents.sources import LogReads
from agents.wording import as_name, duration_in_words, in_its_words, moment_in_words
from incidents.evidence import Evidence, EvidenceKind, Figure
from tools.cloudwatch_logs.records import LogLines, LogPlace
from tools.errors import NotFound, UpstreamError
from tools.sagemaker.states import PipelineJob

SOURCE = "CloudWatch Logs"
MOST_PATTERNS = 4
MOST_JOBS = 3
MOST_OF_A_JOB = 2
COMPARED = timedelta(hours=1)
"""How long before the onset is looked at for what is usual."""
LONGEST_KEPT = 4_000
"""Characters of the worst pattern's own words that are kept as evidence; a language model is shown head and tail."""
LONGEST_OTHER = 400
_MOST_AROUND = 120
"""Lines read to see a whole traceback."""
_A_MOMENT = timedelta(seconds=2)
_TELLS: dict[Sign, str] = {
    "broken_code": "code or a model that cannot be loaded or run",
    "out_of_memory": "memory or disk that ran out",
    "dependency": "something it waits for that does not answer in time or refuses",
    "skew": "features that are not prepared as in training",
    "bad_input": "values it does not accept",
}


async def logs(lens: Lens, onset: datetime) -> Sequence[Found]:
    """Facts about the endpoint's log, and about those of the newest run of each pipeline."""
    model, reader = lens.model, lens.sources.logs
    if model is None or reader is None:
        return ()
    since = lens.now - lens.timing.changes_lookback
    jobs: Sequence[PipelineJob] = ()
    gaps: list[Found] = []
    try:
        jobs = await lens.sources.sagemaker.recent_jobs(model, since)
    except UpstreamError as error:
        asked = f"jobs of the pipelines of {model.name}"
        gaps.append(lens.gap("SageMaker", "jobs", asked, why(error, "SageMaker"), failed=False))
    worst = sorted(jobs, key=lambda job: not job.failed)[:MOST_JOBS]
    reading = [_job(_Log(lens, reader, LogPlace.of_job(job.kind, job.name), since), job) for job in worst]
    if model.endpoint is not None:
        begin = max(onset - lens.timing.slack, lens.start)
        reading.insert(0, _endpoint(_Log(lens, reader, LogPlace.of_endpoint(model.endpoint.name), begin)))
    return [*(fact for facts in await asyncio.gather(*reading) for fact in facts), *gaps]


@dataclass(frozen=True)
class _Log:
    """One log, as it is looked at: from `begin` on."""

    lens: Lens
    reader: LogReads
    place: LogPlace
    begin: datetime

    @property
    def asked(self) -> str:
        streams = f", streams {self.place.streams}*" if self.place.streams else ""
        return f"errors and warnings in {self.place.group}{streams} since {_moment(self.begin)}"

    async def trouble(self) -> LogLines:
        return await self.reader.trouble(self.place, self.begin, self.lens.now)

    async def first_whole(self, news: News) -> Logged:
        """The first of a pattern; a traceback with all its lines: most of them say nothing of trouble."""
        first = news.first
        if not first.traceback:
            return first
        stream = LogPlace(self.place.kind, self.place.name, self.place.group, first.stream)
        try:
            around = await self.reader.lines(stream, first.at, first.at + _A_MOMENT, _MOST_AROUND)
        except UpstreamError:
            return first
        alike = patterns_of(logged for logged in joined(around.lines) if logged.traceback)
        return alike[news.pattern.template].first if news.pattern.template in alike else first

    def pattern(self, news: News, told: str, logged: Logged, longest: int) -> Found:
        """The fact of one pattern; `told` is our sentence, and the log's own words follow it."""
        figures = (
            Figure(name="times", value=news.times, unit="count"),
            Figure(name="times before", value=news.before, unit="count"),
        )
        reading = LogPatternReading(
            place=self.place.kind,
            sign=news.sign,
            error=news.error,
            times=news.times,
            before=news.before,
            first_at=news.first.at,
        )
        words = in_its_words(redact(logged.text, emails=True), longest)
        return Found(self._fact(told + words, figures), reading)

    def summary(self, told: str, lines: int, *, silent: bool = False) -> Found:
        """The fact of the log as a whole."""
        return Found(self._fact(told, ()), LogSummaryReading(place=self.place.kind, lines=lines, silent=silent))

    def gap(self, error: UpstreamError) -> Found:
        """That it could not be read. Not `failed`: no rule needs a log, so what the rules see is no poorer for it."""
        missing = "there is no such log group, so nothing was logged there yet"
        because = missing if isinstance(error, NotFound) else why(error, SOURCE)
        return self.lens.gap(SOURCE, f"{self.place.kind}_log", self.asked, because, failed=False)

    def _fact(self, found: str, figures: tuple[Figure, ...]) -> Evidence:
        link = self.reader.console_url(self.place, self.begin, self.lens.now)
        name = as_name(self.place.name)
        fact = self.lens.fact(
            EvidenceKind.LOG, SOURCE, self.asked, found, figures=figures, subject=name, link=link or None
        )
        return fact.model_copy(update={"window": (self.begin, self.lens.now)})


async def _endpoint(log: _Log) -> Sequence[Found]:
    lens, begin = log.lens, log.begin
    earlier = begin - COMPARED / lens.timing.speed
    try:
        now, before = await asyncio.gather(
            log.trouble(), log.reader.trouble(log.place, earlier, begin - timedelta(milliseconds=1))
        )
        if not now.lines:
            silent = not (await log.reader.lines(log.place, begin, lens.now, 1)).lines
            nothing = "no line at all" if silent else "no error and no warning"
            told = f"{log.place.name} logged {nothing} since {moment_in_words(begin)}."
            return (log.summary(told, 0, silent=silent),)
    except UpstreamError as error:
        return (log.gap(error),)
    news = news_of(now, before, earlier=earlier, begin=begin, end=lens.now)
    compared = duration_in_words((COMPARED / lens.timing.speed).total_seconds()).replace(".0 ", " ")
    facts: list[Found] = []
    for one in news[:MOST_PATTERNS]:
        if one.before:
            usual = f"and {_times(one.before)} in the {compared} before"
        else:
            usual = f"and never in the {compared} before" if before.whole else "and not in what was read of before"
        told = (
            f"{log.place.name} logged {'an error' if one.error else 'a warning'} {_times(one.times)} since "
            f"{moment_in_words(begin)}, first at {moment_in_words(one.first.at)}, {usual}{_tells(one)}."
        )
        # All lines of the worst alone are looked up and kept.
        logged, longest = (one.first, LONGEST_OTHER) if facts else (await log.first_whole(one), LONGEST_KEPT)
        facts.append(log.pattern(one, told, logged, longest))
    facts.append(log.summary(_in_all(log, now, len(news)), len(now.lines)))
    return facts


async def _job(log: _Log, job: PipelineJob) -> Sequence[Found]:
    whose = f"The {job.kind} job {as_name(job.name)} of {job.pipeline}{', which failed,' if job.failed else ''}"
    try:
        found = await log.trouble()
    except UpstreamError as error:
        return (log.gap(error),)
    facts: list[Found] = []
    for one in [one for one in worst_first(found) if one.error or one.sign][:MOST_OF_A_JOB]:
        what = "an error" if one.error else "a warning"
        told = f"{whose} logged {what} {_times(one.times)}, first at {_moment(one.first.at)}{_tells(one)}."
        logged, longest = (one.first, LONGEST_OTHER) if facts else (await log.first_whole(one), LONGEST_KEPT)
        facts.append(log.pattern(one, told, logged, longest))
    return facts or (log.summary(f"{whose} logged no error since {_moment(log.begin)}.", len(found.lines)),)


def _in_all(log: _Log, now: LogLines, news: int) -> str:
    count = len(now.lines)
    told = (
        f"{log.place.name} logged {'' if now.whole else 'at least '}{count} line{'' if count == 1 else 's'} with an "
        f"error or a warning since {moment_in_words(log.begin)}; "
    )
    if news == 0:
        return f"{told}all of them had come as often before."
    kinds = "one kind of them is" if news == 1 else f"{news} kinds of them are"
    return f"{told}{kinds} new or came far more often than before."


def _tells(news: News) -> str:
    sign = news.sign
    return f"; it tells of {_TELLS[sign]}" if sign else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _moment(at: datetime) -> str:
    return f"{moment_in_words(at)} on {at:%d %b}"
