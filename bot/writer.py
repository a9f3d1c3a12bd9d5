"""The child process that writes answers: started when it is needed, killed where it hangs or idles."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

from trainer.spec import Ask, Ready, Turn, WriterCard, Written

LOAD_S = 300.0  # for torch and the model
WRITE_S, GRACE_S = 60.0, 10.0  # for an answer; after it, for the process to say so
IDLE_S = 600.0  # the memory of a model that nobody asks is better used
# It computes on the CPU: the GPUs are for training.
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}


class WriterError(Exception):
    """The model wrote nothing: its process could not load it, died, hung, or says that it failed."""


class Writer:
    """One model at a time writes, in a process of its own: torch stays out of the bot's.

    Answers are written one after another; who asks for another model than the last one waits for
    it to be loaded.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.write_s, self.grace_s, self.idle_s = WRITE_S, GRACE_S, IDLE_S
        self._turn = asyncio.Lock()
        self._hand = ThreadPoolExecutor(1, "write")
        self._process: Popen[bytes] | None = None
        self._path = ""
        self._idle: asyncio.TimerHandle | None = None

    def card(self, path: str) -> WriterCard:
        """Read what a model's folder says of it. Raise OSError where the folder is gone."""
        return WriterCard.model_validate_json((self._data_dir / path / "model.json").read_bytes())

    async def write(self, path: str, turns: Sequence[Turn]) -> Written:
        """Write the next turn by the model in the folder `path` of the data directory.

        Raise OSError where the folder is gone, WriterError where nothing comes of it.
        """
        card = await asyncio.to_thread(self.card, path)
        ask = Ask(turns=list(turns), max_tokens=card.max_tokens, seconds=self.write_s)
        async with self._turn:
            self._keep_awake()
            try:
                said = await self._exchange(await self._started(path), ask)
            except BaseException:
                self._end()  # what it would say late must answer nobody else
                raise
            self._idle = asyncio.get_running_loop().call_later(self.idle_s, self._end)
        if said.error:
            raise WriterError(said.error)
        return said

    def close(self) -> None:
        """End the process and take no more work."""
        self._end()
        self._hand.shutdown(wait=False)

    def _end(self) -> None:
        """Let the process end; the next answer starts another."""
        self._keep_awake()
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(BrokenPipeError), process:
                pass  # its end closes the pipes, and waits

    def _keep_awake(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    async def _started(self, path: str) -> Popen[bytes]:
        """Give the process that has the model loaded.

        It is begun by the thread of the event loop: the process dies with the thread that began it.
        """
        process = self._process
        if process is not None and process.poll() is None and path == self._path:
            return process
        self._end()
        self._path = path
        self._process = process = Popen(  # noqa: ASYNC220, S603 - begun in a moment; ours alone
            [
                sys.executable,
                "-m",
                "trainer.generate",
                str(self._data_dir / path),
                str(os.getpid()),
            ],
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,  # a library's warning may quote what was said
            env=os.environ | ENVIRONMENT,
        )
        ready = Ready.model_validate_json(await self._say(process, b"", within=LOAD_S))
        if ready.error:
            raise WriterError(ready.error)
        return process

    async def _exchange(self, process: Popen[bytes], ask: Ask) -> Written:
        line = ask.model_dump_json().encode() + b"\n"
        said = await self._say(process, line, within=self.write_s + self.grace_s)
        return Written.model_validate_json(said)

    async def _say(self, process: Popen[bytes], line: bytes, *, within: float) -> bytes:
        """Write a line and read one. Raise WriterError where none comes in time, or it has died."""
        loop = asyncio.get_running_loop()
        answering = loop.run_in_executor(self._hand, _talk, process, line)
        try:
            async with asyncio.timeout(within):
                said = await asyncio.shield(answering)
        except TimeoutError:
            process.kill()  # which ends the reading
            await answering
            raise WriterError("it hung") from None
        if not said:
            raise WriterError("it died")
        return said


def _talk(process: Popen[bytes], line: bytes) -> bytes:
    """Write a line and read one; nothing where the process has died."""
    assert process.stdin is not None  # noqa: S101 - both were asked for
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(line)
        process.stdin.flush()
        return process.stdout.readline()
    except OSError:
        return b""
