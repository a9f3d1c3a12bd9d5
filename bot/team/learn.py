"""Show what to learn next, say in words why, and take the answer: start, done, not relevant."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlite_utils import Database

from bot import blocks
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.team import Learn
from bot.language import mark, tr, trn
from bot.team import catalogue, index, said, suggest, taught
from bot.team.catalogue import Catalogue
from bot.team.introduce import skill_name
from bot.team.leave_one_out import is_proven
from bot.team.recommend import Learner, Pick, Scores, Vectors, best, popular, recommend
from bot.wording import escape
from storage import learning, members, resources
from storage.database import immediate, opened
from storage.talent import Ranking, Resource

NOTHING = mark("There is nothing to learn from yet. `/team learn add` adds something.")
GONE = mark("This is no longer on the list. `/team learn` shows what is.")
KINDS = {
    "paper": mark("paper"),
    "course": mark("course"),
    "talk": mark("talk"),
    "post-mortem": mark("post-mortem"),
    "article": mark("article"),
}


async def show(office: Office, asker: Asker, command: Learn) -> Reply:
    """Recommend by the skills the asker wants, or by a topic."""
    seen = await asyncio.to_thread(_look, office)
    if not seen.resources:
        return Reply(tr(NOTHING))
    learner = seen.learners.get(asker.user, Learner(asker.user))
    if command.topic:
        learner = replace(learner, query=command.topic)
    picks = None if command.topic else await _ask_taught(office, seen, learner)
    note = ""
    if picks is None:
        vectors, close = await _compare(office, seen, learner)
        picks, by_popularity = _choose(office, seen, learner, (vectors, close), command.topic)
        note = say_order(seen.ranking, by_popularity=by_popularity, by_words=vectors is None)
    await asyncio.to_thread(_note_shown, office, asker.user, picks)
    if seen.taught and not command.topic:
        trained = taught.say(seen.taught, seen.ranking, spoke=not note)
        note = " ".join(filter(None, [note, trained]))
    return say(picks, seen, note)


def press_start(office: Office, asker: Asker, value: str) -> Reply:
    """Put a resource into the asker's own plan."""
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        found = _find(db, value)
        if members.get(db, asker.user) is None:
            raise RefusalError(tr("Only members of the team have a plan."))
        resources.mark(db, asker.user, found.id, "started", now=now)
        learning.assign(db, asker.user, found.id, track=found.track, by=asker.user, now=now)
    title = said.title(found.title)
    return Reply(tr("{title} is in your plan. `/team plan` shows it.", title=title))


def press_done(office: Office, asker: Asker, value: str) -> Reply:
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        found = _find(db, value)
        resources.mark(db, asker.user, found.id, "done", now=now)
        for one in learning.of(db, asker.user):
            if one.resource == found.id and one.state == "open":
                learning.finish(db, one.id, by=asker.user, now=now)
    return Reply(tr("{title} is done.", title=said.title(found.title)))


def press_decline(office: Office, asker: Asker, value: str) -> Reply:
    with opened(office.settings.data_dir) as db:
        found = _find(db, value)
        resources.mark(db, asker.user, found.id, "declined", now=office.clock())
    return Reply(tr("{title} won't be recommended to you again.", title=said.title(found.title)))


# --- pure -----------------------------------------------------------------------------------


def say(picks: list[Pick], seen: Catalogue, note: str) -> Reply:
    if not picks:
        return Reply(tr("You have seen everything there is. `/team learn add` adds something."))
    shown: list[Block] = []
    for pick in picks:
        shown += [blocks.section(_say_pick(pick, seen)), blocks.actions(*_buttons(pick.resource))]
    text = "\n".join([*(_say_pick(pick, seen) for pick in picks), note])
    return Reply(text, [*shown, blocks.context(note)])


def say_why(pick: Pick, seen: Catalogue) -> str:
    """Say what spoke for a resource, in sentences."""
    reasons = []
    if pick.wanted:
        names = ", ".join(skill_name(seen.skills[skill]) for skill in pick.wanted)
        reasons.append(tr("You want to learn {names}.", names=escape(names)))
    if pick.peers:
        reasons.append(
            trn("{count} colleague finished it.", "{count} colleagues finished it.", pick.peers)
        )
    if pick.elsewhere:
        discipline = escape(pick.resource.discipline or "")
        reasons.append(tr("It comes from another discipline: {discipline}.", discipline=discipline))
    return " ".join(reasons) or tr("It is close to what you asked for and work on.")


def say_order(ranking: Ranking | None, *, by_popularity: bool, by_words: bool) -> str:
    """Say how these were chosen, and how much that is worth here."""
    if by_words:
        return tr("Found by words alone: the encoder that compares meanings isn't ready yet.")
    if ranking is None or is_proven(ranking) is None:
        return tr("Too little was finished here yet to check whether this order helps.")
    figures = {
        "count": ranking.completions,
        "hits": ranking.hits,
        "popular": ranking.popularity_hits,
        "words": ranking.bm25_hits,
    }
    if by_popularity:
        return tr(
            "The most finished ones: no personal order has proven better here. Of {count} finished "
            "things it would have shown {hits}, popularity {popular}, search by words {words}.",
            **figures,
        )
    return tr(
        "Of {count} things finished here this order would have shown {hits} among its three, "
        "popularity {popular}, search by words {words}.",
        **figures,
    )


def _say_pick(pick: Pick, seen: Catalogue) -> str:
    head = tr(
        "{title} ({kind}, {minutes} min)",
        title=said.resource(pick.resource),
        kind=tr(KINDS[pick.resource.kind]),
        minutes=pick.resource.minutes,
    )
    return f"{head}\n{say_why(pick, seen)}"


def _buttons(resource: Resource) -> list[Block]:
    number = str(resource.id)
    return [
        blocks.button(tr("Start"), "learn_start", number, style="primary"),
        blocks.button(tr("Done"), "learn_done", number),
        blocks.button(tr("Not relevant"), "learn_decline", number),
    ]


# --- steps ----------------------------------------------------------------------------------


def _look(office: Office) -> Catalogue:
    with opened(office.settings.data_dir) as db:
        return catalogue.gather(db, data_dir=office.settings.data_dir, now=office.clock())


async def _ask_taught(office: Office, seen: Catalogue, learner: Learner) -> list[Pick] | None:
    """Choose by the trained model; None where it does not speak, or not for this person."""
    history = seen.histories.get(learner.user)
    if seen.taught is None or not history or not taught.may_speak(seen.taught, seen.ranking):
        return None
    model = await office.serving.recommender(seen.taught.path)
    scores = await asyncio.to_thread(taught.order, model, history, seen.text_of)
    return best(seen.library(None), learner, scores)


async def _compare(
    office: Office, seen: Catalogue, learner: Learner
) -> tuple[Vectors | None, Scores]:
    """Say how close each resource is to the query: by meaning, or by words without an encoder."""
    if seen.encoder is None:
        return None, seen.library(None).words.score(learner.query)
    vectors = await index.vectors(office, seen.encoder, seen.texts)
    query = await office.serving.encode(seen.encoder.path, [learner.query])
    return vectors, suggest.closeness(vectors, query, [learner])[0]


def _choose(
    office: Office,
    seen: Catalogue,
    learner: Learner,
    compared: tuple[Vectors | None, Scores],
    topic: str | None,
) -> tuple[list[Pick], bool]:
    """Choose by the order that has proven itself; a typed topic is always asked for."""
    library = seen.library(compared[0])
    if topic is None and is_proven(seen.ranking) is False:
        return popular(library, learner), True
    return recommend(library, learner, compared[1], now=office.clock()), False


def _note_shown(office: Office, user: str, picks: list[Pick]) -> None:
    with opened(office.settings.data_dir) as db, immediate(db):
        for pick in picks:
            resources.mark(db, user, pick.resource.id, "shown", now=office.clock())


def _find(db: Database, value: str) -> Resource:
    found = resources.get(db, int(value)) if value.isdecimal() else None
    if found is None or found.retired_at is not None:
        raise RefusalError(tr(GONE))
    return found
