"""Rewrite an exported graph to compute no more than its answer needs: the same numbers, sooner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

HEADS_APART = (0, 2, 1, 3)  # [batch, tokens, heads, size] to [batch, heads, tokens, size], and back
TOKENS = -2  # the axis of tokens in [batch, tokens, width], of those that ask in a mask
TOKEN_WISE = {"Add", "Gelu", "LayerNormalization"}  # each token by itself
KEYS_AND_VALUES = (1, 2)  # among an Attention's inputs


def rewrite(model: ir.Model) -> None:
    """Change a model in place where its layers look as expected; elsewhere it stays as it is."""
    for node in list(model.graph):
        if node.op_type == "Attention":
            _pack_heads(node)
    RemoveUnusedNodesPass()(model)  # it would count as asking
    for node in list(model.graph):
        if _picks_token(node):
            _pick_early(node)
    RemoveUnusedNodesPass()(model)


# --- attention takes its heads side by side: nothing is copied to part and to join them ---------


def _pack_heads(attention: ir.Node) -> None:
    """Give an Attention [batch, tokens, width], which it takes too (ONNX, from opset 23 on)."""
    apart = attention.inputs[:3]
    packed = [_before_parting(value) for value in apart]
    joined = _after_joining(attention.outputs[0])
    heads = [value.shape[1] if value and value.shape else None for value in apart]
    if joined is None or None in packed or not all(isinstance(number, int) for number in heads):
        return
    told = _attributes(attention) | {"q_num_heads": heads[0], "kv_num_heads": heads[1]}
    made = _insert(attention, "Attention", [*packed, *attention.inputs[3:]], told)
    joined.replace_all_uses_with(made)


def _before_parting(value: ir.Value | None) -> ir.Value | None:
    """Find the [batch, tokens, width] that a value was reshaped and transposed from."""
    transpose = value.producer() if value else None
    if transpose is None or not _parts_heads(transpose) or transpose.inputs[0] is None:
        return None
    reshape = transpose.inputs[0].producer()
    return reshape.inputs[0] if reshape and reshape.op_type == "Reshape" else None


def _after_joining(value: ir.Value) -> ir.Value | None:
    """Find the [batch, tokens, width] that a value is transposed and reshaped to."""
    (transpose,) = value.consumers() if len(value.consumers()) == 1 else (None,)
    if transpose is None or not _parts_heads(transpose):
        return None
    reshapes = transpose.outputs[0].consumers()
    return reshapes[0].outputs[0] if [node.op_type for node in reshapes] == ["Reshape"] else None


def _parts_heads(node: ir.Node) -> bool:
    return node.op_type == "Transpose" and node.attributes["perm"].value == HEADS_APART


# --- where one token answers for its text, the last layer works for that token alone ------------


def _picks_token(node: ir.Node) -> bool:
    """Tell whether a node takes one token's [batch, width] out of [batch, tokens, width]."""
    if node.op_type != "Gather" or _attributes(node).get("axis") != 1:
        return False
    shapes = [value.shape if value else None for value in node.inputs]
    return [None if shape is None else len(shape) for shape in shapes] == [3, 0]


def _pick_early(pick: ir.Node) -> None:
    """Pick before all that no other token asks, not after: an Attention asks for one alone."""
    late = _find_late(pick)
    picked: dict[ir.Value, ir.Value] = {}
    for node in late:
        for place, value in enumerate(node.inputs):
            if value is None or value.const_value is not None or value.producer() in late:
                continue
            if not _asks_all(node, place):
                picked[value] = picked.get(value) or _pick_one(value, pick, before=node)
                node.replace_input_with(place, picked[value])
        node.outputs[0].shape = None  # it was that of all tokens
    if late:
        axis = _insert(pick, "Constant", [], {"value_ints": [TOKENS]})
        pick.outputs[0].replace_all_uses_with(_insert(pick, "Squeeze", [pick.inputs[0], axis]))


def _find_late(pick: ir.Node) -> list[ir.Node]:
    """Find the nodes, in their order, of whose answer only the picked token's is asked."""
    late = {pick}
    for node in reversed(list(pick.graph or [])):
        uses = [use for value in node.outputs for use in value.uses()]
        asked = uses and all(use.node in late and not _asks_all(*use) for use in uses)
        if asked and (_is_token_wise(node) or _attends_packed(node)):
            late.add(node)
    return [node for node in pick.graph or [] if node in late and node is not pick]


def _pick_one(value: ir.Value, pick: ir.Node, *, before: ir.Node) -> ir.Value:
    """Pick a token as `pick` does, and keep the axis."""
    first = _insert(before, "Constant", [], {"value_ints": [0]})
    places = _insert(before, "Unsqueeze", [pick.inputs[1], first])
    return _insert(before, "Gather", [value, places], {"axis": TOKENS})


def _asks_all(node: ir.Node, place: int) -> bool:
    return node.op_type == "Attention" and place in KEYS_AND_VALUES


def _is_token_wise(node: ir.Node) -> bool:
    if node.op_type == "MatMul":  # by weights; of two that were computed a token asks for all
        return node.inputs[1] is not None and node.inputs[1].const_value is not None
    return node.op_type in TOKEN_WISE


def _attends_packed(node: ir.Node) -> bool:
    """Tell whether an Attention takes packed heads, and any token may ask any other."""
    told = _attributes(node)
    return node.op_type == "Attention" and "q_num_heads" in told and not told.get("is_causal")


def _attributes(node: ir.Node) -> dict[str, Any]:
    return {name: attribute.value for name, attribute in node.attributes.items()}


def _insert(
    before: ir.Node,
    op_type: str,
    inputs: Sequence[ir.Value | None],
    attributes: Mapping[str, Any] | None = None,
) -> ir.Value:
    node = ir.node(op_type, inputs, attributes)
    before.prepend(node)
    return node.outputs[0]
