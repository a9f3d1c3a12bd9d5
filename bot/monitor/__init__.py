"""What /sentiment watches: channels, feeds and streams of CSV, and what it tells of them."""

from __future__ import annotations

from bot.asking import Feature, Listener, Tick, threaded
from bot.commands.sentiment import ListMonitors, StopMonitor, Watch
from bot.monitor import channel, poll, watch

FEATURE = Feature(
    commands={
        Watch: watch.begin,
        ListMonitors: threaded(watch.show),
        StopMonitor: threaded(watch.stop),
    },
    events={
        "message": Listener(channel.hear, channel.concerns, overhears=True),
        "channel_left": Listener(channel.leave, overhears=True),
        "group_left": Listener(channel.leave, overhears=True),
    },
    ticks={
        "monitored_channels": Tick(channel.EVERY, channel.sweep),
        "monitored_addresses": Tick(poll.EVERY, poll.look),
    },
)
