"""The message of an alert: what surged against what was usual, the texts behind it, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks, figures
from bot.asking import Block
from bot.language import mark, tr, trn
from bot.monitor import trend_chart, trouble
from bot.sentiment.card import quote
from bot.wording import escape
from storage.answering import Alert, Monitor, Monitored
from storage.records import Json

QUOTED = 300  # characters of a text
SNOOZES = {4: mark("for 4 hours"), 24: mark("for a day"), 168: mark("for a week")}  # hours


def message(alert: Alert, monitor: Monitor, drivers: Sequence[Monitored]) -> Json:
    """Compose the message as it should read now; the texts are in its blocks alone.

    What reads `text`, such as a notification, gets the figures without what people wrote.
    """
    said = say(alert, monitor)
    decided = _say_decided(alert)
    shown: list[Block] = [
        blocks.section(said),
        *(blocks.section(_quote(one)) for one in drivers),
        *([blocks.context(decided)] if decided else []),
        blocks.context(_say_small(monitor)),
    ]
    if buttons := _buttons(alert):
        shown.append(blocks.actions(*buttons))
    text = "\n".join(filter(None, [said.replace("*", ""), decided, _say_small(monitor)]))
    return {"text": text, "blocks": shown}


def say(alert: Alert, monitor: Monitor) -> str:
    """Say what surged, and how much against what was to be expected."""
    told = {
        "topic": escape(trend_chart.name(alert.topic)),
        "source": trouble.name_source(monitor),
    }
    title = tr(":chart_with_upwards_trend: *Negatives surge: {topic}*, in {source}", **told)
    if alert.ended_at is not None and alert.state in {"open", "acknowledged"}:
        title = tr(":white_check_mark: *Negatives surged: {topic}*, in {source}", **told)
    return f"{title}\n{_say_figures(alert)}"


def say_over(alert: Alert, monitor: Monitor) -> str:
    """Say in the thread that a surge is over."""
    return tr(
        "The surge of negatives in {source} ({topic}) is over. {figures}",
        source=trouble.name_source(monitor),
        topic=escape(trend_chart.name(alert.topic)),
        figures=_say_figures(alert),
    )


def _say_figures(alert: Alert) -> str:
    told = {
        "negatives": alert.negatives,
        "since": figures.when(alert.began_at),
        "share": alert.negatives / max(alert.texts, 1),
        "expected": f"{alert.expected:,.1f}",
    }
    if alert.ended_at is None:
        return trn(
            "{negatives:,} of {count} text since {since} are negative ({share:.0%}); "
            "{expected} were to be expected.",
            "{negatives:,} of {count:,} texts since {since} are negative ({share:.0%}); "
            "{expected} were to be expected.",
            alert.texts,
            **told,
        )
    return trn(
        "{negatives:,} of {count} text from {since} to {until} were negative ({share:.0%}); "
        "{expected} were to be expected.",
        "{negatives:,} of {count:,} texts from {since} to {until} were negative ({share:.0%}); "
        "{expected} were to be expected.",
        alert.texts,
        **told,
        until=figures.when(alert.ended_at),
    )


def _quote(one: Monitored) -> str:
    told = {"text": quote(one.text, QUOTED), "share": one.confidence}
    if one.link is None:
        return tr("> {text}\n{share:.0%} sure", **told)
    return tr("> {text}\n{share:.0%} sure, <{link}|where it stands>", **told, link=_link(one.link))


def _link(url: str) -> str:
    """Make an address safe within a link's marks."""
    return escape(url).replace("|", "%7C")


def _say_decided(alert: Alert) -> str:
    if alert.decided_by is None:
        return ""
    by = {"by": alert.decided_by}
    if alert.state == "snoozed" and alert.snoozed_until:
        until = figures.when(alert.snoozed_until)
        return tr("<@{by}> put this topic off until {until}.", **by, until=until)
    if alert.state == "false":
        return tr(
            "<@{by}> called it a false alarm: for 90 days only half as many false ones are borne.",
            **by,
        )
    return tr("<@{by}> has seen it.", **by)


def _say_small(monitor: Monitor) -> str:
    return trn(
        "Monitor {number}; at most {budget} false alarm a month is borne. Texts are redacted. "
        "`/sentiment monitor trend {number}` shows more.",
        "Monitor {number}; at most {budget} false alarms a month are borne. Texts are redacted. "
        "`/sentiment monitor trend {number}` shows more.",
        1 if monitor.alarms_a_month == 1 else 2,
        number=monitor.id,
        budget=figures.number(monitor.alarms_a_month),
    )


def _buttons(alert: Alert) -> list[Block]:
    number, made = str(alert.id), []
    if alert.state == "open":
        made.append(blocks.button(tr("Acknowledge"), "alert_acknowledge", number, style="primary"))
    if alert.ended_at is None:
        options = {f"{number} {hours}": tr(said) for hours, said in SNOOZES.items()}
        made.append(blocks.select("alert_snooze", tr("Snooze"), options))
    if alert.state != "false":
        made.append(blocks.button(tr("False alarm"), "alert_false", number))
    return made


def say_known(alert: Alert) -> str:
    """Answer who presses what was said before."""
    return _say_decided(alert) or tr("This surge is over.")


def say_thanks(alert: Alert) -> str:
    if alert.state == "snoozed" and alert.snoozed_until:
        until = figures.when(alert.snoozed_until)
        return tr("This topic raises no alert until {until}.", until=until)
    if alert.state == "false":
        return tr("Thank you: for 90 days this monitor asks for twice the evidence.")
    return tr("Thank you. The message shows that you have seen it.")
