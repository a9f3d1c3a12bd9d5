"""Tests of placing: the queue's order, each slot once, and a reason for all that waits."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from trainer.placement import Slot, Waiting, choose, device_of

GPU = Slot("GPU-1b2c", "gpu", "GPU 0 (NVIDIA H100)", 80)
CPU = [Slot(f"cpu:{number}", "cpu", f"cpu:{number}", 8) for number in range(2)]
READER = Slot("reader:0", "reader", "reader:0", 8)


def train(*numbers: int) -> list[Waiting]:
    return [Waiting(number, "train") for number in numbers]


def test_free_slots_go_to_the_queue_in_its_order() -> None:
    placed = choose(train(7, 3, 5), busy={}, slots=CPU)
    assert placed.starts == [(7, (CPU[0],)), (3, (CPU[1],))]
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
    assert placed.starts == [(3, (READER,))]
    assert placed.waits[4] == "waiting for job 3 on reader:0"


def test_training_never_takes_a_readers_slot() -> None:
    placed = choose(train(1), busy={}, slots=[READER])
    assert placed.waits == {1: "there is no slot on this machine that could run it"}


def test_a_slot_that_is_gone_blocks_none_that_is_there() -> None:
    """After a restart with fewer slots, or without the GPU's driver."""
    placed = choose(train(1), busy={"GPU-1b2c": 9}, slots=[CPU[0]])
    assert placed.starts == [(1, (CPU[0],))]


def test_a_run_sees_its_gpu_by_uuid_and_the_cpu_by_name() -> None:
    assert [device_of(slots) for slots in ([GPU], CPU, [READER])] == ["GPU-1b2c", "cpu", "cpu"]
    assert device_of([GPU, replace(GPU, id="GPU-9f")]) == "GPU-1b2c,GPU-9f"


def test_a_wide_job_gets_all_its_slots_at_once_or_holds_those_that_are_free() -> None:
    queue = [Waiting(1, "train", devices=2), *train(2)]
    assert choose(queue, busy={}, slots=CPU).starts == [(1, tuple(CPU))]
    placed = choose(queue, busy={"cpu:1": 9}, slots=CPU)
    assert placed.starts == []  # job 2 would fit, and job 1 might wait for ever
    assert placed.waits == {1: "waiting for job 9 on cpu:1", 2: "its turn is after job 1"}


def test_a_job_too_wide_for_this_machine_says_so_and_holds_up_nobody() -> None:
    placed = choose([Waiting(1, "train", devices=3), *train(2)], busy={}, slots=[*CPU, GPU])
    assert placed.waits == {1: "it needs 3 slots at once, and this machine has 2"}
    assert [job for job, _ in placed.starts] == [2]


@given(widths=st.lists(st.integers(1, 4), min_size=1, max_size=8), total=st.integers(1, 4))
def test_every_job_that_fits_runs_in_the_queues_order_however_wide_it_is(
    widths: list[int], total: int
) -> None:
    """Rounds of placing, in each of which the oldest run ends: nobody starves."""
    slots = [Slot(f"cpu:{number}", "cpu", f"cpu:{number}", 8) for number in range(total)]
    waiting = [Waiting(n, "train", devices=width) for n, width in enumerate(widths)]
    running: list[tuple[int, tuple[Slot, ...]]] = []
    order: list[int] = []
    for _ in range(2 * len(widths)):
        busy = {slot.id: job for job, held in running for slot in held}
        starts = choose(waiting, busy=busy, slots=slots).starts
        assert all(len(held) == widths[job] for job, held in starts)
        order += [job for job, _ in starts]
        waiting = [w for w in waiting if w.job not in order]
        running = [*running, *starts][1:]
    assert order == [n for n, width in enumerate(widths) if width <= total]


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
    given_out = [slot.id for _, held in placed.starts for slot in held]
    assert len(set(given_out)) == len(given_out)
    assert not busy & set(given_out)
    for kind in ("train", "intake"):  # nobody is overtaken by a job of the same kind
        of_kind = [number for number in started if kinds[number] == kind]
        waiting = [number for number in placed.waits if kinds[number] == kind]
        assert max(of_kind, default=-1) < min(waiting, default=len(kinds))
