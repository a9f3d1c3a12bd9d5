"""What /team does, and what people are reminded of."""

from __future__ import annotations

from datetime import timedelta

from bot.asking import Feature, Modal, Tick, threaded
from bot.commands.team import (
    AddInterview,
    ListInterviews,
    MoveCandidate,
    Pair,
    PairNow,
    PurgeCandidate,
    Score,
)
from bot.team import candidates, interview_form, interviews, pair, scorecard

DAY = timedelta(days=1)

FEATURE = Feature(
    commands={
        Pair: threaded(pair.show),
        PairNow: threaded(pair.pair_now),
        ListInterviews: threaded(interviews.list_interviews),
        AddInterview: interview_form.open_form,
        Score: scorecard.open_form,
        MoveCandidate: threaded(candidates.move),
        PurgeCandidate: threaded(candidates.ask_to_purge),
    },
    buttons={
        "pair_met": threaded(pair.press_met),
        "pair_unmet": threaded(pair.press_unmet),
        "pair_block": threaded(pair.press_block),
        "interview_score": scorecard.press,
        "interview_take_over": threaded(interviews.take_over),
        "interview_cancel": threaded(interviews.cancel),
        "interview_purge": candidates.press_purge,
    },
    modals={
        "interview_add": Modal(threaded(interview_form.take_form), interview_form.check_form),
        "interview_score": Modal(threaded(scorecard.take_form)),
    },
    ticks={
        "pairs": Tick(pair.MEND_EVERY, pair.mend),
        "candidates": Tick(DAY, candidates.purge_due),
    },
    guards={
        "pair": pair.guard,
    },
)
