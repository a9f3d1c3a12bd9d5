"""/coach tells what can be typed, how Coach is doing, and who is who, as a person would."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
from office import open_desktop
from sqlite_utils import Database

from bot import language, rights
from bot.asking import Asker, RefusalError
from bot.commands.train import Promote, Rollback
from bot.help import help_text
from bot.status import look, status_text
from bot.train import promote
from bot.usage import COMMANDS, USAGE
from bot.who import changes_text, who_text
from bot.workspace.server import Workspace
from storage import audit, hosts, jobs, roles
from storage.records import Host

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
TRAIN: dict[str, Any] = {"kind": "train", "dataset": "reviews"}
INTAKE: dict[str, Any] = {"kind": "intake", "filename": "<b>.csv"}


def _enqueue(db: Database, key: str, work: dict[str, Any], user: str) -> int:
    return jobs.enqueue(db, key=key, work=work, requested_by=user, channel="C1", now=NOW).id


def _describe_host(db: Database, seen_at: datetime) -> None:
    slots: list[dict[str, Any]] = [
        {"id": "cpu:0", "kind": "cpu", "name": "CPU", "memory_bytes": 1},
        {"id": "reader:0", "kind": "reader", "name": "reader", "memory_bytes": 1},
    ]
    sizes = {"memory_bytes": 2**33, "memory_free_bytes": 2**32, "disk_free_bytes": 2**36}
    host = Host(name="gpu-host", pid=1, started_at=NOW, seen_at=seen_at, slots=slots, **sizes)
    hosts.describe(db, host)


SHOWN_WHOLE = 4_000  # characters; Slack shows no more in one text
EVERY_ROLE = frozenset(rights.ROLES) - {"guest"}


@pytest.mark.parametrize("spoken", language.LANGUAGES)
@pytest.mark.parametrize("topic", [None, *(command[1:] for command in COMMANDS)])
def test_help_fits_in_one_text(topic: str | None, spoken: str) -> None:
    with language.use(spoken):
        assert len(help_text(topic, EVERY_ROLE)) < SHOWN_WHOLE


def test_help_at_a_glance_names_every_verb() -> None:
    text = help_text(None, EVERY_ROLE)
    assert all(f"*{command}*" in text for command in COMMANDS)
    words = set(re.sub(r"[`|\[\]]", " ", text).split())
    assert words.issuperset(chain.from_iterable(usage.words for usage in USAGE))
    assert "`skill list|have|want|assess|add`" in text
    assert "`learn [add]`" in text
    assert "`/train &lt;dataset&gt;`" in text


def test_help_on_a_command_gives_a_valid_example_of_each_verb() -> None:
    text = help_text("team", EVERY_ROLE)
    assert all(f"`{usage.example}`" in text for usage in USAGE if usage.command == "/team")


@pytest.mark.parametrize("held", [(), *combinations(rights.ROLES, 1)])
def test_help_shows_what_the_asker_may_do_and_nothing_else(held: tuple[str, ...]) -> None:
    shown = {u.example for u in USAGE if f"`{u.example}`" in _all_verbs(held)}
    assert shown == {u.example for u in USAGE if not rights.objection(held, u)}


def _all_verbs(held: tuple[str, ...]) -> str:
    """Say the verbs of every command of which these roles may do something."""
    commands = {usage.command[1:] for usage in USAGE if not rights.objection(held, usage)}
    return "\n".join(help_text(command, held) for command in commands)


def test_a_guest_is_shown_no_verb_that_changes_anything() -> None:
    text = help_text(None, {"guest"})
    assert "*/sentiment*" in text
    assert "promote" not in text
    with pytest.raises(RefusalError, match="You are a guest here"):
        help_text("promote", {"guest"})
    with pytest.raises(RefusalError, match="Only a member of the hiring panel may do that"):
        help_text("interview", {"admin"})


def test_help_on_one_verb_explains_its_options() -> None:
    text = help_text("retry", ())
    assert text.startswith("`/train retry &lt;number&gt; [model=]")
    assert "`lr=`  the learning rate (above 0, up to 1)" in text


def test_help_shows_an_admins_option_to_admins_alone() -> None:
    assert "reason=" in help_text("promote", {"admin"})
    assert "reason=" not in help_text("promote", ())


def test_help_on_nothing_known_says_what_was_meant() -> None:
    with pytest.raises(RefusalError, match="Did you mean `cancel`"):
        help_text("cancle", ())


def test_status_tells_what_runs_what_waits_and_the_machine(db: Database) -> None:
    first = _enqueue(db, "a", TRAIN, "U1")
    second = _enqueue(db, "b", INTAKE, "U2")
    jobs.claim(db, first, slot="cpu:0", now=NOW)
    _describe_host(db, NOW)
    progress = '{"step": 5, "max_steps": 10, "eta_seconds": 180}'
    db.execute("UPDATE runs SET progress = ?", (progress,))
    text = status_text(look(db, NOW + timedelta(seconds=2)))
    assert f"One job is running: job {first} (reviews, step 5 of 10, 3 minutes left)." in text
    assert f"One job is waiting: job {second} (reading &lt;b&gt;.csv)." in text
    assert "No model serves yet" in text
    assert "The worker on gpu-host is well: CPU; 4.0 GiB of 8.0 GiB memory" in text


def test_status_says_when_no_worker_is_alive(db: Database) -> None:
    _describe_host(db, NOW)
    text = status_text(look(db, NOW + timedelta(minutes=5)))
    assert text.startswith("*No worker is alive*, so jobs wait.")
    assert "Nothing is running right now." in text


def test_status_names_ten_jobs_and_counts_the_rest(db: Database) -> None:
    for number in range(30):
        _enqueue(db, f"k{number}", TRAIN, "U1")
    assert "30 jobs are waiting: job 1 (reviews), " in status_text(look(db, NOW))
    assert "and 20 more." in status_text(look(db, NOW))


def test_who_tells_roles_and_whose_jobs_there_are(db: Database) -> None:
    _enqueue(db, "a", TRAIN, "U1")
    seen = look(db, NOW)
    admin = who_text(seen, user="U1", roles={"admin", "lead"}, holders={"admin": ["U1"]})
    assert "<@U1>, an admin, a lead: you may also stop others' jobs" in admin
    other = who_text(seen, user="U2", roles=(), holders={"admin": ["U1"], "panel": []})
    assert "<@U2>, you run and stop your own jobs." in other
    assert other.splitlines()[1:] == ["Admins: <@U1>.", "Waiting: job 1 of <@U1>."]


# --- who did what ---------------------------------------------------------------------------


@pytest.fixture
def changed(db: Database) -> Database:
    """Keep three changes, the first of them two days old."""
    for days, (by, action, subject, before, after) in enumerate(
        [
            ("U1", "role give", "<@U2>", None, "lead"),
            ("U2", "promote", "sentiment", "model 3", "model 12"),
            ("U1", "cancel", "job 12", None, None),
        ]
    ):
        at = NOW - timedelta(days=2 - days)
        audit.note(db, by=by, action=action, subject=subject, before=before, after=after, now=at)
    return db


@pytest.mark.parametrize(
    ("what", "actions"),
    [
        (None, ["cancel", "promote", "role give"]),
        ("<@U1>", ["cancel", "role give"]),
        ("<@U2>", ["promote", "role give"]),
        ("role", ["role give"]),
        ("Promote", ["promote"]),
        ("job 12", ["cancel"]),
        ("12", ["cancel"]),
        ("job 1", []),
        ("%", []),
    ],
)
def test_changes_are_found_by_person_action_or_subject(
    changed: Database, what: str | None, actions: list[str]
) -> None:
    assert [change.action for change in audit.find(changed, what)] == actions


def test_changes_are_told_in_the_askers_own_time(changed: Database) -> None:
    text = changes_text(audit.find(changed), about=None, zone="Asia/Shanghai")
    assert "times are in Asia/Shanghai" in text
    assert "• 2025-05-31 20:00  <@U2> `promote` sentiment: model 3 → model 12" in text
    assert "• 2025-05-30 20:00  <@U1> `role give` <@U2>: + lead" in text


def test_changes_fit_in_one_text_and_ping_nobody(db: Database) -> None:
    for number in range(40):
        note = f"<!channel> {'长' * 500}"
        audit.note(db, by="U1", action="skill add", subject=f"skill {number}", after=note, now=NOW)
    text = changes_text(audit.find(db, limit=40), about=None, zone="UTC")
    assert len(text) < SHOWN_WHOLE
    assert "<!channel>" not in text


# --- in the office --------------------------------------------------------------------------


async def test_rights_are_checked_where_commands_arrive(
    workspace: Workspace, tmp_path: Path
) -> None:
    async with open_desktop(workspace, tmp_path) as desk:
        with desk.database() as db:
            roles.give(db, desk.user("bo"), "guest", by="U1", now=NOW)
        desk.add_dataset()
        refused = await desk.say("bo", "reviews")
        assert refused.text.startswith("You are a guest here")
        looked = await desk.say("bo", "data list")
        assert "reviews" in looked.text
        answered = await desk.say("ana", "who did guest", "/coach")
        assert "Nothing is known of it" in answered.text
        answered = await desk.say("ana", "who did @bo", "/coach")
        assert f"<@{desk.user('bo')}>: + guest" in answered.text
        refused = await desk.say("bo", "who did", "/coach")
        assert refused.text.startswith("You are a guest here")


async def test_what_people_change_of_jobs_data_and_models_is_kept(
    workspace: Workspace, tmp_path: Path
) -> None:
    async with open_desktop(workspace, tmp_path) as desk:
        desk.add_dataset("bo")
        first, second = desk.add_model("bo"), desk.add_model("bo")
        failed = desk.end_job(desk.add_job("bo"), "failed")
        ana = Asker("key", desk.user("ana"), desk.channel)
        for model in (first, second):
            await promote.promote(desk.office, ana, Promote(model.id, reason="newer data"))
        await promote.roll_back(desk.office, ana, Rollback())
        await desk.say("bo", f"retry {failed.id} seed=7 priority=2 now=yes")
        await desk.say("bo", "cancel 4")
        await desk.say("bo", "data rename reviews films")
        with desk.database() as db:
            kept = [(c.action, c.subject, c.before, c.after) for c in audit.find(db)][::-1]
    assert kept == [
        ("promote", "sentiment", None, "model 1"),
        ("promote", "sentiment", "model 1", "model 2"),
        ("rollback", "sentiment", "model 2", "model 1"),
        ("retry", "job 3", None, "job 4"),
        ("priority", "job 4", None, "2"),
        ("cancel", "job 4", None, None),
        ("data rename", "data set reviews", "reviews", "films"),
    ]
