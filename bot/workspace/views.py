"""Slack's Web API methods for modals and the Home tab, and what a view holds."""

from __future__ import annotations

import secrets

from bot.workspace.limits import check_view
from bot.workspace.methods import Args, method
from bot.workspace.records import Change, Json, SlackError
from bot.workspace.state import State

STACK = 3  # modals above one another


def show(state: State, user: str, view: Json, *, replaces: Json | None = None) -> Json:
    """Put a modal on top of a person's stack, or in the place of one that is there."""
    if view.get("type") != "modal":
        raise SlackError(
            "invalid_arguments", "[ERROR] a modal is expected [json-pointer:/view/type]"
        )
    stack = state.views.setdefault(user, [])
    full = _complete(state, view, replaces)
    if replaces:
        stack[stack.index(replaces)] = full
    else:
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        full["previous_view_id"] = stack[-1]["id"] if stack else None
        full["root_view_id"] = stack[0]["id"] if stack else full["id"]
        stack.append(full)
    state.tell(Change("views", user=user))
    return full


def _complete(state: State, view: Json, replaces: Json | None) -> Json:
    """Add what Slack adds to a view: ids, a hash, and the state that people will fill in."""
    old = replaces or {}
    empty = {"close": None, "submit": None, "private_metadata": "", "callback_id": ""}
    flags = {"clear_on_close": False, "notify_on_close": False, "external_id": ""}
    identity = {
        "id": old.get("id") or state.new_id("V"),
        "team_id": state.team,
        "app_id": state.app,
        "app_installed_team_id": state.team,
        "bot_id": state.bot,
        "root_view_id": old.get("root_view_id"),
        "previous_view_id": old.get("previous_view_id"),
        "hash": f"{int(state.clock())}.{secrets.token_hex(4)}",
        "state": old.get("state") or {"values": {}},
    }
    return empty | flags | check_view(view) | identity


def _find(state: State, args: Args) -> tuple[str, Json]:
    """Find whose view is meant, by its id or its external id, and refuse an outdated hash."""
    view_id, external_id = args.get("view_id"), args.get("external_id")
    for user, stack in state.views.items():
        for view in stack:
            if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                if args.get("hash") not in (None, view["hash"]):
                    raise SlackError("hash_conflict")
                return user, view
    raise SlackError("not_found")


@method("views.open")
def _open(state: State, args: Args) -> Json:
    view = check_view(_view(args))
    user = state.use_trigger(args.need("trigger_id"))
    state.views[user] = []
    return {"view": show(state, user, view)}


@method("views.push")
def _push(state: State, args: Args) -> Json:
    view = check_view(_view(args))
    user = state.use_trigger(args.need("trigger_id"))
    return {"view": show(state, user, view)}


@method("views.update")
def _update(state: State, args: Args) -> Json:
    user, old = _find(state, args)
    return {"view": show(state, user, _view(args), replaces=old)}


@method("views.publish")
def _publish(state: State, args: Args) -> Json:
    user, view = args.need("user_id"), _view(args)
    if user not in state.users:
        raise SlackError("user_not_found")
    if view.get("type") != "home":
        raise SlackError(
            "invalid_arguments", "[ERROR] a home is expected [json-pointer:/view/type]"
        )
    old = state.homes.get(user)
    if old and args.get("hash") not in (None, old["hash"]):
        raise SlackError("hash_conflict")
    state.homes[user] = _complete(state, view, old) | {"state": {"values": {}}}
    state.tell(Change("home", user=user))
    return {"view": state.homes[user]}


def _view(args: Args) -> Json:
    view = args.get("view")
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", "[ERROR] missing required field: view")
    return view


def close(state: State, user: str, view: Json) -> None:
    """Take a modal away, and those above it; clear_on_close takes the whole stack."""
    stack = state.views.get(user, [])
    if view in stack:
        del stack[0 if view["clear_on_close"] else stack.index(view) :]
        state.tell(Change("views", user=user))


def clear(state: State, user: str) -> None:
    state.views[user] = []
    state.tell(Change("views", user=user))
