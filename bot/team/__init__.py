"""What /team does, and what people are reminded of."""

from __future__ import annotations

from datetime import timedelta

from bot.asking import ButtonHandler, Feature, Listener, Modal, Tick, threaded
from bot.commands.team import (
    AddInterview,
    Away,
    ListInterviews,
    ListReviews,
    ListSurveys,
    Me,
    MemberLeaves,
    MoveCandidate,
    Pair,
    PairNow,
    Prefs,
    PurgeCandidate,
    Score,
    SetChannelLanguage,
    SetWorkday,
    SignOff,
    StartSurvey,
    SurveyResults,
    Thanks,
)
from bot.team import (
    away,
    candidates,
    channel_language,
    digest,
    interview_form,
    interviews,
    leaving,
    me,
    pair,
    prefs,
    presses,
    profile,
    reviews,
    scorecard,
    survey_forms,
    surveys,
    thanks,
    workdays,
)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)

BUTTONS: dict[str, ButtonHandler] = {
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
    "line_done": threaded(presses.press_done),
    "line_snooze": threaded(presses.press_snooze),
    "line_decline": threaded(presses.press_decline),
    "line_why": threaded(presses.press_why),
    "me_edit": profile.open_form,
    "prefs_open": prefs.open_form,
    "away_drop": threaded(away.press_drop),
    "member_back": threaded(leaving.press_back),
}

FEATURE = Feature(
    commands={
        Me: threaded(me.show),
        Prefs: prefs.choose,
        Away: threaded(away.note),
        MemberLeaves: threaded(leaving.say_leaves),
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
        SetWorkday: threaded(workdays.correct),
    },
    buttons=BUTTONS | {"line_act": presses.acting(BUTTONS)},
    modals={
        "me_edit": Modal(threaded(profile.take_form), profile.check_form),
        "prefs": Modal(threaded(prefs.take_form), prefs.check_form),
        "interview_add": Modal(threaded(interview_form.take_form), interview_form.check_form),
        "interview_score": Modal(threaded(scorecard.take_form)),
        "thanks": Modal(thanks.take_form),
        "survey_start": Modal(threaded(surveys.take_start), survey_forms.check_start),
        "survey_answer": Modal(threaded(surveys.take_answer)),
        "review_sign": Modal(threaded(reviews.take_form)),
    },
    events={
        "team_join": Listener(leaving.hear_join),
        "user_change": Listener(leaving.hear_change),
    },
    ticks={
        "digests": Tick(MINUTE, digest.send_due),
        "pairs": Tick(pair.MEND_EVERY, pair.mend),
        "candidates": Tick(DAY, candidates.purge_due),
        "surveys": Tick(DAY, surveys.mix),
        "workdays": Tick(timedelta(hours=1), workdays.warn),
    },
    guards={
        "digest": digest.guard,
        "pair": pair.guard,
    },
    home=(me.home_due, me.home_profile),
)
