"""What /sentiment watches: channels, feeds and streams of CSV, and what it tells of them."""

from __future__ import annotations

from bot.asking import Feature, Listener, Tick, threaded
from bot.commands.sentiment import ListMonitors, ShowTrend, StopMonitor, Watch
from bot.monitor import alerting, channel, drift_watch, poll, trend, verdicts, watch

FEATURE = Feature(
    commands={
        Watch: watch.begin,
        ListMonitors: threaded(watch.show),
        StopMonitor: threaded(watch.stop),
        ShowTrend: trend.show,
    },
    buttons={
        "alert_acknowledge": verdicts.acknowledge,
        "alert_snooze": verdicts.snooze,
        "alert_false": verdicts.call_false,
    },
    events={
        "message": Listener(channel.hear, channel.concerns, overhears=True),
        "channel_left": Listener(channel.leave, overhears=True),
        "group_left": Listener(channel.leave, overhears=True),
    },
    ticks={
        "monitored_channels": Tick(channel.EVERY, channel.sweep),
        "monitored_addresses": Tick(poll.EVERY, poll.look),
        "alerts": Tick(alerting.EVERY, alerting.look),
        "alert_messages": Tick(alerting.SHOW_EVERY, alerting.refresh),
        "drift": Tick(drift_watch.EVERY, drift_watch.look),
    },
    guards={"alert": alerting.guard, "drift": drift_watch.guard},
)
