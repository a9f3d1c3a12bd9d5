"""What /team does, and what people are reminded of."""

from __future__ import annotations

from datetime import timedelta

from bot.asking import Feature, Modal, Tick, threaded
from bot.commands.team import (
    AddInterview,
    ListInterviews,
    ListReviews,
    ListSurveys,
    MoveCandidate,
    Pair,
    PairNow,
    PurgeCandidate,
    Score,
    SetChannelLanguage,
    SignOff,
    StartSurvey,
    SurveyResults,
    Thanks,
)
from bot.team import (
    candidates,
    channel_language,
    interview_form,
    interviews,
    pair,
    reviews,
    scorecard,
    survey_forms,
    surveys,
    thanks,
)

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
        Thanks: thanks.say,
        ListSurveys: threaded(surveys.list_surveys),
        StartSurvey: surveys.open_start,
        SurveyResults: threaded(surveys.show_results),
        ListReviews: threaded(reviews.list_reviews),
        SignOff: reviews.sign,
        SetChannelLanguage: threaded(channel_language.choose),
    },
    buttons={
        "pair_met": threaded(pair.press_met),
        "pair_unmet": threaded(pair.press_unmet),
        "pair_block": threaded(pair.press_block),
        "interview_score": scorecard.press,
        "interview_take_over": threaded(interviews.take_over),
        "interview_cancel": threaded(interviews.cancel),
        "interview_purge": candidates.press_purge,
        "thanks_open": thanks.open_form,
        "survey_answer": surveys.open_answer,
        "review_open": reviews.press,
    },
    modals={
        "interview_add": Modal(threaded(interview_form.take_form), interview_form.check_form),
        "interview_score": Modal(threaded(scorecard.take_form)),
        "thanks": Modal(thanks.take_form),
        "survey_start": Modal(threaded(surveys.take_start), survey_forms.check_start),
        "survey_answer": Modal(threaded(surveys.take_answer)),
        "review_sign": Modal(threaded(reviews.take_form)),
    },
    ticks={
        "pairs": Tick(pair.MEND_EVERY, pair.mend),
        "candidates": Tick(DAY, candidates.purge_due),
        "surveys": Tick(DAY, surveys.mix),
    },
    guards={
        "pair": pair.guard,
    },
)
