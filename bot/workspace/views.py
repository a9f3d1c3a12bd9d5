"""Slack's Web API for modals and the Home tab, and what a view holds."""

from __future__ import annotations

import secrets

from bot.workspace import choices
from bot.workspace.limits import check_view
from bot.workspace.methods import Args, method
from bot.workspace.records import Change, Json, SlackError
from bot.workspace.state import State

STACK = 3  # modals above one another


@method("views.open")
def _open(state: State, args: Args) -> Json:
    return _push(state, args, keep=0)


@method("views.push")
def _push_on_top(state: State, args: Args) -> Json:
    return _push(state, args, keep=STACK)


def _push(state: State, args: Args, *, keep: int) -> Json:
    """Put a modal on top of the first `keep` of a person's stack."""
    view = check_view(args.get("view") or {}, "modal")
    user = state.use_trigger(args.need("trigger_id"))
    stack = state.views.get(user, [])[:keep]
    if len(stack) >= STACK:
        raise SlackError("push_limit_reached")
    state.views[user] = [*stack, _complete(state, view, None)]
    state.tell(Change("other"))
    return {"view": state.views[user][-1]}


@method("views.update")
def _update(state: State, args: Args) -> Json:
    """Put a modal in the place of one that is there; what was filled in stays."""
    for stack in state.views.values():
        for place, old in enumerate(stack):
            if old["id"] == args.get("view_id"):
                if args.get("hash") not in (None, old["hash"]):
                    raise SlackError("hash_conflict")
                stack[place] = _complete(state, check_view(args.get("view") or {}, "modal"), old)
                state.tell(Change("other"))
                return {"view": stack[place]}
    raise SlackError("not_found")


@method("views.publish")
def _publish(state: State, args: Args) -> Json:
    user, view = args.need("user_id"), check_view(args.get("view") or {}, "home")
    if user not in state.users:
        raise SlackError("user_not_found")
    known = state.homes.get(user)
    state.homes[user] = _complete(state, view, known and known | {"state": {"values": {}}})
    state.tell(Change("other"))
    return {"view": state.homes[user]}


def close(state: State, user: str, view: Json) -> None:
    """Take a modal away, and those above it."""
    stack = state.views.get(user, [])
    if view in stack:
        del stack[stack.index(view) :]
        state.tell(Change("other"))


def _complete(state: State, view: Json, old: Json | None) -> Json:
    """Add what Slack adds to a view: id, hash, and the state that people will fill in."""
    filled = choices.filled(state, view | {"state": old["state"] if old else {}}, {})
    told = {
        "id": old["id"] if old else state.new_id("V"),
        "hash": f"{state.new_ts()}.{secrets.token_hex(4)}",
        "state": {"values": filled},
        "team_id": state.team,
        "app_id": state.app,
        "bot_id": state.bot,
    }
    return {"private_metadata": "", "callback_id": ""} | view | told
