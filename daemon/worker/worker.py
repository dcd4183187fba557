# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker's whole life: born with its attempt's id, idle, prepared, go, the script, the outcome, the end. Needs bpy.

Forked or cold, it is the same from here on. It never reaches exit(): destructors there would join threads that a forked child does not have.
"""

import atexit
import os
import sys
import threading
import traceback
from typing import Any, NoReturn

from . import blocks, causes, environment, inputs, interrupt, memory, page, pristine, process, quiesce, records, scene, scene_warnings, values, warm, wire
from .exchange import Exchange
from .faults import crash_point
from .files import Files
from .folder import Folder
from .offstage_api import Api
from .script import Ending, Script, describe

Boot = dict[str, Any]

# A job that does nothing, as the daemon would send it.
REHEARSAL: wire.Message = {"t": "prepare", "script": {"text": "import bpy, offstage\nlen(bpy.data.objects)\nbpy.context.scene\n", "name": "<warm>"}, "args": [],
                           "parameters_json": '{"a": [1, 2.5, "x"]}', "scene": None, "env": {"OFFSTAGE_REHEARSAL": "1"}, "cpus": 0, "umask": 0o077, "nice": 0}


def main(boot: Boot) -> NoReturn:
    """A cold worker; the supervisor has made its folder, its session and its log."""
    import bpy  # noqa: F401  the role of the executable, where Blender is a module
    pristine.line_buffered()
    environment.enter(boot.get("load"))
    live(boot, cold=True)


def forked(boot: Boot, attempt: str, nonce: str) -> NoReturn:
    """A child of a zygote, which has just been born and has nothing of its own yet."""
    live({**boot, "attempt": attempt, "nonce": nonce}, cold=False)


def live(boot: Boot, cold: bool) -> NoReturn:
    me, status = os.getpid(), 1
    try:
        status = Worker(boot, cold).live()
    except BaseException:
        if os.getpid() == me:
            traceback.print_exc()
    finally:
        pristine.flush()
        os._exit(status)


class Worker:
    def __init__(self, boot: Boot, cold: bool) -> None:
        self._pid = os.getpid()
        self._boot, self._attempt = boot, boot["attempt"]
        self._folder = Folder.of(boot["attempts"], self._attempt)
        self._cold = cold
        if not cold:
            pristine.own_session()
            self._folder.make()
            pristine.log_to(self._folder)
            quiesce.wake(os.cpu_count() or 1)
        pristine.born(self._folder, self._attempt)
        self._page = page.Page(self._folder.page)
        self._files = Files(self._folder.path)
        self._exchange = Exchange(self._folder.out, self._files)
        self._api = Api(self._page, self._folder.out, self._files, self._exchange)
        self._renders = interrupt.RenderWatch(self._page)
        self._script = Script("", "")
        self._outcome: dict[str, Any] = {"attempt": self._attempt, "warnings": []}
        self._connection: wire.Connection | None = None
        self._memory_bytes = 0               # the job's limit
        self._refusal: dict[str, Any] = {}   # why the script cannot run; told after GO

    def live(self) -> int:
        if (prepare := self._boot.get("prepare")) is not None:   # launched for it
            connection = self._connection = wire.Connection.taken_over(self._boot["connection"])
            self._touch()
            self._page.tell_base(memory.private_bytes())
        else:
            connection = self._connection = wire.Connection.dial(self._boot["socket"])
            connection.send({"t": "hello", "wire": wire.VERSION, "role": "worker", "nonce": self._boot["nonce"], "attempt": self._attempt, "pid": self._pid,
                             "start_ticks": process.start_ticks("self")})
            if connection.expect("welcome") is None:
                return 0
            self._touch()
            connection.send({"t": "idle"})
            if (prepare := connection.expect("prepare")) is None:
                return 0
        self._prepare(prepare)
        self._page.phase = page.PREPARED
        crash_point("worker.prepared")
        if connection.expect("go") is None:
            return 0
        self._outcome["started_boottime_us"] = self._page.go()
        crash_point("worker.after_go")
        connection.send({"t": "started"})
        ending = Ending() if self._refusal else self._script.run()
        if not self._finish(ending):
            self._page.phase = page.NO_ROOM
            return 1
        self._page.phase = page.ENDED
        crash_point("worker.after_outcome")
        try:
            connection.send({"t": "outcome"})
        except OSError:                  # the daemon is away; it will find the file
            return 0
        return 0

    def _touch(self) -> None:
        """Does what each job does, so that its pages are our own before the clock runs."""
        sys.modules["offstage"] = self._api
        self._renders.install()
        argv, path, main = sys.argv[:], sys.path[:], sys.modules["__main__"]
        self._prepare(wire.decode(wire.encode(REHEARSAL)[wire.LENGTH.size:]))
        self._script.run()
        del os.environ["OFFSTAGE_REHEARSAL"]
        sys.argv[:], sys.path[:], sys.modules["__main__"] = argv, path, main
        self._api.params = {}
        records.encode(records.OUTCOME, {**self._outcome, "value_json": values.encode(None)})
        if self._cold:
            pristine.flush()
            os.ftruncate(1, 0)           # what Blender says at its start is no part of a job's log; a forked worker has none either

    def _prepare(self, prepare: wire.Message) -> None:
        self._memory_bytes = prepare.get("memory_bytes", 0)
        pristine.dressed(prepare)
        if prepare["scene"]:
            try:
                self._outcome["warnings"] = warm.scene(prepare["scene"], self._folder.tmp, self._stale)
                if self._outcome["warnings"] and prepare.get("on_warning") == "fail":
                    self._refusal = scene_warnings.refusal(self._outcome["warnings"])
            except scene.Unreadable as error:
                self._refusal = {"state": "failed", "reason": "SCENE_UNREADABLE", "message": str(error),
                                 "hint": "open it in a Blender of that version; `offstage blenders` lists the others"}
        if given := prepare.get("inputs"):
            try:
                inputs.take(given["folder"], given["files"], self._folder.work)
            except inputs.Missing as error:
                self._refusal = {"state": "failed", "reason": "PREFLIGHT", "message": str(error), "hint": "submit the job again"}
            except OSError as error:
                self._refusal = {"state": "failed", **causes.no_room("inputs could not be copied", error)}
        try:
            self._exchange.take_in(prepare)
        except blocks.Unreadable as error:
            self._refusal = {"state": "failed", "reason": "SCENE_UNREADABLE", "message": f"data-blocks cannot be taken in: {error}",
                             "hint": "the Blender that wrote them must not be newer than the job's, and their libraries must be where they were"}
        except Exception as error:       # an array where there is no numpy, a broken base64
            self._refusal = {"state": "failed", "reason": "SCRIPT_ERROR", "message": f"parameters cannot be taken in: {error}", "error": describe(error),
                             "hint": "look at the values of --param and --params"}
        self._refusal = environment.refusal() or self._refusal
        self._script = Script(prepare["script"]["text"], prepare["script"]["name"])
        self._api.params = self._exchange.params
        self._script.set(prepare["args"], self._api.params, self._folder.work, self._exchange.names(self._api.progress))

    def _stale(self, file: str) -> None:
        """Our zygote should not be anybody's any more."""
        if self._connection:
            self._connection.send({"t": "stale", "file": file})

    def _finish(self, ending: Ending) -> bool:
        """Leaves the outcome. False: not even that has room on the disk."""
        if os.getpid() != self._pid:     # a child that the script has forked came out at the script's end
            pristine.flush()
            os._exit(1 if ending.error else ending.exit_code)
        join_threads()
        self._outcome.update(self._judge(ending))
        atexit._run_exitfuncs()
        pristine.flush()
        self._outcome["ended_boottime_us"] = page.boottime_us()
        try:
            if left := self._files.finish(self._outcome["warnings"]):
                self._outcome["files"] = left
            crash_point("worker.before_outcome")
            records.write(self._folder.path, records.OUTCOME, self._outcome)
        except OSError as error:
            what, full = "results could not be written", causes.says_no_room(error)
            told = causes.no_room(what, error) if full else {"reason": "RESULT_INVALID", "message": f"{what}: {error}"}
            small = {key: self._outcome[key] for key in ("attempt", "started_boottime_us", "ended_boottime_us")}
            try:
                records.write(self._folder.path, records.OUTCOME, {**small, "state": "failed", "warnings": [], **told})
            except OSError:
                if full:
                    return False
                raise
        return True

    def _judge(self, ending: Ending) -> dict[str, Any]:
        if self._refusal:
            return self._refusal
        early = self._page.cancel_flag() and (self._api.__dict__["_knows"]() or self._renders.cut_short)
        if early or isinstance(ending.exception, self._api.Cancelled):
            return {"state": "cancelled", "message": "the script ended early, as it was asked to"}
        if ending.error:
            told = causes.cause(ending.exception, self._memory_bytes) or {
                "reason": "SCRIPT_ERROR", "message": f"{ending.error['type']}: {ending.error['message']}", "hint": causes.advice(ending.exception)}
            return {"state": "failed", **told, "error": ending.error}
        if ending.exit_code:
            return {"state": "failed", "reason": "EXIT_CODE", "message": f"the script ended with exit code {ending.exit_code}", "exit_code": ending.exit_code,
                    "hint": "the script itself said so (sys.exit); its words are in the log"}
        try:
            text = self._exchange.result(self._api.result, self._script.globals)
            return {"state": "succeeded", "value_json": text, "exit_code": 0}
        except (values.Unfit, blocks.Unfit) as error:
            return {"state": "failed", "reason": "RESULT_INVALID", "message": str(error),
                    "hint": "give plain values; write what is large into a file of offstage.out_dir"}
        except BaseException as error:   # a type of the script's own that fails while it is looked at
            told = causes.cause(error, self._memory_bytes) or {"reason": "RESULT_INVALID", "message": f"result: {describe(error)['message']}"}
            return {"state": "failed", **told, "error": describe(error)}


def join_threads() -> None:
    """Python's own shutdown of threads and executors: a script may leave its work to them."""
    try:
        threading._shutdown()
    except BaseException:
        traceback.print_exc()
