"""Tests of placing: the queue's order, each slot once, and a reason for all that waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trainer.placement import Slot, Waiting, choose

GPU = Slot("GPU-1b2c", "gpu", "GPU 0 (NVIDIA H100)", 80)
CPU = [Slot(f"cpu:{number}", "cpu", f"cpu:{number}", 8) for number in range(2)]
READER = Slot("reader:0", "reader", "reader:0", 8)


def train(*numbers: int) -> list[Waiting]:
    return [Waiting(number, "train") for number in numbers]


def test_free_slots_go_to_the_queue_in_its_order() -> None:
    placed = choose(train(7, 3, 5), busy={}, slots=CPU)
    assert [(job, slot.id) for job, slot in placed.starts] == [(7, "cpu:0"), (3, "cpu:1")]
    assert placed.waits == {5: "waiting for job 7 on cpu:0 or job 3 on cpu:1"}


def test_a_job_that_waits_is_told_for_whom() -> None:
    placed = choose(train(15, 16, 17), busy={GPU.id: 12}, slots=[GPU])
    assert placed.starts == []
    assert placed.waits == {
        15: "waiting for job 12 on GPU 0 (NVIDIA H100)",
        16: "its turn is after job 15",
        17: "its turn is after job 16",
    }


def test_reading_a_file_never_waits_behind_training() -> None:
    queue = [*train(1, 2), Waiting(3, "intake"), Waiting(4, "intake")]
    placed = choose(queue, busy={"cpu:0": 9}, slots=[CPU[0], READER])
    assert placed.starts == [(3, READER)]
    assert placed.waits[4] == "waiting for job 3 on reader:0"


def test_training_never_takes_a_readers_slot() -> None:
    placed = choose(train(1), busy={}, slots=[READER])
    assert placed.waits == {1: "there is no slot on this machine that could run it"}


def test_a_slot_that_is_gone_blocks_none_that_is_there() -> None:
    """After a restart with fewer slots, or without the GPU's driver."""
    placed = choose(train(1), busy={"GPU-1b2c": 9}, slots=[CPU[0]])
    assert placed.starts == [(1, CPU[0])]


def test_a_run_sees_its_gpu_by_uuid_and_the_cpu_by_name() -> None:
    assert (GPU.device, CPU[1].device, READER.device) == ("GPU-1b2c", "cpu", "cpu")


@given(
    kinds=st.lists(st.sampled_from(["train", "intake"]), max_size=8),
    busy=st.sets(st.sampled_from(["cpu:0", "cpu:1", "reader:0", GPU.id])),
    slots=st.sets(st.sampled_from([*CPU, READER, GPU])),
)
def test_every_job_starts_or_has_a_reason_and_no_slot_is_given_twice(
    kinds: list[str], busy: set[str], slots: set[Slot]
) -> None:
    queue = [Waiting(number, kind) for number, kind in enumerate(kinds)]
    placed = choose(queue, busy=dict.fromkeys(busy, 99), slots=sorted(slots, key=lambda s: s.id))
    started = [job for job, _ in placed.starts]
    assert sorted([*started, *placed.waits]) == list(range(len(kinds)))
    given_out = [slot.id for _, slot in placed.starts]
    assert len(set(given_out)) == len(given_out)
    assert not busy & set(given_out)
    for kind in ("train", "intake"):  # nobody is overtaken by a job of the same kind
        of_kind = [number for number in started if kinds[number] == kind]
        waiting = [number for number in placed.waits if kinds[number] == kind]
        assert max(of_kind, default=-1) < min(waiting, default=len(kinds))
