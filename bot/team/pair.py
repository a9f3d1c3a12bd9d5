"""Show whom somebody is paired with, note whether they met, and keep who would rather not meet."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks, rights
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.team import Pair, PairNow
from bot.language import mark, tr, trn
from bot.team import introduce, rounds
from bot.team.introduce import Together
from storage import members, pairs
from storage.database import opened
from storage.records import Delivery
from storage.talent import PairRecord

MEND_EVERY = timedelta(minutes=1)
GONE = mark("This pair is not yours, or is no more. `/team pair` shows whom you are paired with.")


def show(office: Office, asker: Asker, _: Pair) -> Reply:
    """Show the asker's pair of this round."""
    with opened(office.settings.data_dir) as db:
        pair = next((pair for pair in pairs.open_pairs(db) if asker.user in pair.users), None)
        if pair is None:
            return Reply(_say_unpaired(db, asker.user))
        return say(rounds.together(rounds.gather(db), pair, now=office.clock()), asker.user)


def pair_now(office: Office, asker: Asker, _: PairNow) -> Reply:
    """Make today's round, as a lead."""
    rights.require(office, asker, "lead", "admin")
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        member = members.get(db, asker.user)
        day = now.astimezone(ZoneInfo(member.zone if member else "UTC")).date()
        made = rounds.make(db, day=day, by=asker.user, now=now)
    if made is None:
        raise RefusalError(tr("Today's pairs were made already. `/team pair` shows yours."))
    return Reply(say_count(len(made)))


def press_met(office: Office, asker: Asker, value: str) -> Reply:
    return _note(office, asker, value, met=True)


def press_unmet(office: Office, asker: Asker, value: str) -> Reply:
    return _note(office, asker, value, met=False)


def press_block(office: Office, asker: Asker, value: str) -> Reply:
    """Never pair the asker with a person again; nobody else is told."""
    number, _, other = value.partition(" ")
    with opened(office.settings.data_dir) as db:
        pair = _own(db, asker, number)
        if other not in pair.users:
            raise RefusalError(tr(GONE))
        pairs.block(db, asker.user, other, now=office.clock())
    said = tr("You won't be paired with <@{other}> again. Nobody else is told.", other=other)
    return Reply(said)


async def mend(office: Office) -> None:
    """Match anew whoever is left alone, however it came about; due every minute."""

    def work() -> None:
        with opened(office.settings.data_dir) as db:
            rounds.mend(db, now=office.clock())

    await asyncio.to_thread(work)


async def guard(office: Office, delivery: Delivery) -> str | datetime | None:
    """Say why a pair must not be written to any more, or until when they rest."""
    return await asyncio.to_thread(_find_objection, office, delivery.key)


# --- pure -----------------------------------------------------------------------------------


def say(together: Together, user: str) -> Reply:
    """Show a pair to one of it, with what they can say of it."""
    said = introduce.say_all(together)
    pair = together.pair
    buttons = [] if pair.met is not None else introduce.met_buttons(pair)
    others = [other for other in pair.users if other != user]
    buttons += [_block_button(pair, other, alone=len(others) == 1) for other in others]
    return Reply("\n".join(said), [*map(blocks.section, said), blocks.actions(*buttons)])


def say_count(count: int) -> str:
    if not count:
        return tr("Nobody could be paired: it takes two people who share a working hour.")
    return trn(
        "{count} pair was made. It is told in a conversation of its own.",
        "{count} pairs were made. Each is told in a conversation of its own.",
        count,
    )


def _block_button(pair: PairRecord, other: str, *, alone: bool) -> Block:
    position = pair.users.index(other) + 1
    text = (
        tr("Not with this person again")
        if alone
        else tr("Not with person {position} again", position=position)
    )
    return blocks.button(text, f"pair_block:{position}", f"{pair.id} {other}")


# --- steps ----------------------------------------------------------------------------------


def _note(office: Office, asker: Asker, value: str, *, met: bool) -> Reply:
    with opened(office.settings.data_dir) as db:
        pair = _own(db, asker, value)
        if not pairs.met(db, pair.id, met=met, by=asker.user, now=office.clock()):
            raise RefusalError(tr(GONE))
    people = introduce.say_people(pair.users)
    if met:
        return Reply(tr("{people} have met.", people=people), replace=True)
    return Reply(tr("{people} have not met: maybe next time.", people=people), replace=True)


def _own(db: Database, asker: Asker, value: str) -> PairRecord:
    """Find the pair that a button carries; raises RefusalError unless the asker is of it."""
    pair = pairs.get(db, int(value)) if value.isdecimal() else None
    if pair is None or asker.user not in pair.users:
        raise RefusalError(tr(GONE))
    return pair


def _say_unpaired(db: Database, user: str) -> str:
    member = members.get(db, user)
    if member is not None and not member.matched:
        return tr("You are not paired with anybody. `/team prefs pairing=yes` takes part again.")
    return tr("You are not paired with anybody now. The next round finds you somebody.")


def _find_objection(office: Office, key: str) -> str | datetime | None:
    _, number, *question = key.split(":")
    with opened(office.settings.data_dir) as db:
        pair, floor = pairs.get(db, int(number)), rounds.gather(db)
    if pair is None or pair.dissolved_at or not floor.people.keys() >= set(pair.users):
        return "the pair was dissolved"
    if question and pair.met is not None:
        return "they have answered"
    return rounds.rest_until(floor, pair.users, office.clock())
