"""Who is who to Coach, and who changed what: roles, whose jobs run, the audit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from zoneinfo import ZoneInfo

from bot import figures
from bot.language import listed, mark, tr
from bot.rights import ROLES
from bot.status import Snapshot, some
from bot.wording import code, escape, with_names
from storage.records import Job, Promotion
from storage.talent import Change, Role

HOLDERS: dict[Role, str] = {
    "admin": mark("Admins: {people}."),
    "lead": mark("Leads: {people}."),
    "panel": mark("Hiring panel: {people}."),
    "committee": mark("Privacy committee: {people}."),
}
VALUE = 60  # characters of what was before and after
TEXT = 3_900  # characters; Slack shows 4,000


def who_text(
    seen: Snapshot, *, user: str, roles: Collection[str], holders: Mapping[Role, Sequence[str]]
) -> str:
    """Say what the asker is, who has which role, and whose jobs and models there are."""
    promoted = [_promoted(seen, alias, promotion) for alias, promotion in seen.serving.items()]
    lines = [
        _you(user, roles),
        *(
            tr(HOLDERS[role], people=some([f"<@{holder}>" for holder in people]))
            for role, people in holders.items()
            if people
        ),
        *_jobs(mark("Running: {jobs}."), [job for job, _ in seen.running]),
        *_jobs(mark("Waiting: {jobs}."), seen.queued),
        *([tr("Serving: {models}.", models=some(promoted))] if promoted else []),
    ]
    return "\n".join(lines)


def changes_text(changes: Sequence[Change], *, about: str | None, zone: str) -> str:
    """List changes, the newest first, with their local times in a zone (IANA)."""
    if not changes:
        nothing = tr("Nothing is known of it: nobody did that, or it was long ago.")
        hint = tr("`/coach who did` shows the newest changes of all.")
        return f"{nothing} {hint}" if about else tr("Nobody has changed anything yet.")
    lines = [tr("*Who did what*, the newest first; times are in {zone}.", zone=zone)]
    for change in changes:
        line = _change(change, ZoneInfo(zone))
        if sum(map(len, lines)) + len(lines) + len(line) > TEXT:
            break
        lines.append(line)
    return "\n".join(lines)


def _you(user: str, roles: Collection[str]) -> str:
    if "guest" in roles:
        return tr("To Coach you are <@{user}>, a guest: you look, and change nothing.", user=user)
    if not roles:
        return tr("To Coach you are <@{user}>, you run and stop your own jobs.", user=user)
    named = listed(tr(said) for role, said in ROLES.items() if role in roles)
    if "admin" in roles:
        return tr(
            "To Coach you are <@{user}>, {roles}: you may also stop others' jobs and overrule the "
            "gate.",
            user=user,
            roles=named,
        )
    return tr("To Coach you are <@{user}>, {roles}.", user=user, roles=named)


def _jobs(said: str, found: Sequence[Job]) -> list[str]:
    owned = [tr("job {number} of <@{user}>", number=j.id, user=j.requested_by) for j in found]
    return [tr(said, jobs=some(owned))] if owned else []


def _promoted(seen: Snapshot, alias: str, promotion: Promotion) -> str:
    told = {"name": f"{alias} v{promotion.version}", "model": promotion.model}
    told |= {"user": promotion.by, "ago": figures.ago(seen.now - promotion.at)}
    if promotion.reason is None:
        return tr("{name}: model {model}, promoted by <@{user}> {ago}", **told)
    return tr(
        "{name}: model {model}, promoted by <@{user}> {ago} because “{reason}”",
        **told,
        reason=escape(promotion.reason),
    )


def _change(change: Change, zone: ZoneInfo) -> str:
    told = {
        "at": f"{change.at.astimezone(zone):%Y-%m-%d %H:%M}",
        "user": change.by,
        "action": code(change.action),
        "subject": with_names(change.subject),
    }
    before, after = (_value(value) for value in (change.before, change.after))
    if before and after:
        return tr(
            "• {at}  <@{user}> {action} {subject}: {before} → {after}",
            **told,
            before=before,
            after=after,
        )
    if before or after:
        sign = "−" if before else "+"
        return tr(
            "• {at}  <@{user}> {action} {subject}: {value}",
            **told,
            value=f"{sign} {before or after}",
        )
    return tr("• {at}  <@{user}> {action} {subject}", **told)


def _value(value: str | None) -> str:
    if value is None:
        return ""
    short = value if len(value) <= VALUE else value[: VALUE - 1] + "…"
    return with_names(" ".join(short.split()))
