"""What /ask does: answers out of a team's questions and answers, and what becomes of the others."""

from __future__ import annotations

from datetime import timedelta

from bot.ask import question, reply, routing, search, thumbs, unanswered
from bot.asking import Feature, Modal, Tick, threaded
from bot.commands.ask import Ask, ListUnanswered

FEATURE = Feature(
    commands={Ask: question.tell, ListUnanswered: threaded(unanswered.show)},
    buttons={
        "ask_helped": threaded(thumbs.helped),
        "ask_wrong": thumbs.open_form,
        "ask_share": thumbs.share,
        "ask_route": threaded(routing.route),
        "ask_undo": threaded(routing.take_back),
        "ask_answer": reply.open_form,
    },
    modals={
        "ask": Modal(question.take_form),
        "ask_wrong": Modal(threaded(thumbs.take_form), thumbs.check_form),
        "ask_answer": Modal(threaded(reply.take_form), reply.check_form),
    },
    ticks={"warm_answers": Tick(timedelta(days=1), search.warm)},
    guests=frozenset({"ask", "ask_undo"}),
)
