"""Processes that a measurement starts: pinned to a core, read through /proc, ended by their pid."""

import atexit
import os
import subprocess
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 10

_running = []


class Child:
    """A program and whatever it forks. Costs are sums over that family of processes."""

    def __init__(self, command, core, log_path):
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        _running.append(self)

    @property
    def pid(self):
        return self.process.pid

    def check_alive(self):
        if self.process.poll() is not None:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                tail = log.read()[-2000:]
            raise RuntimeError(
                f"{self.process.args[3]} ended with {self.process.returncode}:\n{tail}")

    def family(self):
        """The pids of the program and of its descendants."""
        children = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                fields = _stat_fields(name)
                if fields:
                    children.setdefault(int(fields[1]), []).append(int(name))
        found, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children.get(pid, [])
        return found

    def cpu_us(self):
        """User plus system time of all threads so far, in microseconds."""
        ticks = 0
        for pid in self.family():
            fields = _stat_fields(pid)
            if fields:
                ticks += int(fields[11]) + int(fields[12])
        return ticks * 1_000_000 // TICKS_PER_SECOND

    def memory_kib(self):
        """Resident and proportional set size."""
        total = {"Rss": 0, "Pss": 0}
        for pid in self.family():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
                for line in rollup:
                    key, _, value = line.partition(":")
                    if key in total:
                        total[key] += int(value.split()[0])
        return {"rss": total["Rss"], "pss": total["Pss"]}

    def stop(self):
        if self in _running:
            _running.remove(self)
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def cost_of(command, core, accepted=(0,)):
    """Runs a program to its end: its CPU time in microseconds, and the most memory it had."""
    process = subprocess.Popen(["taskset", "-c", str(core), *command],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    peak_kib = 0
    while (seen := _peak_kib(process.pid)) is not None:
        peak_kib = max(peak_kib, seen)
        time.sleep(0.001)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accepted:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return {"cpu_us": round((usage.ru_utime + usage.ru_stime) * 1_000_000), "peak_kib": peak_kib}


def _peak_kib(pid):
    """What it had resident at most, or None once it has ended: the kernel's own count for a child
    begins with what its parent has."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return None


def _stat_fields(pid):
    """The fields of /proc/PID/stat after the name, so that index 1 is the parent."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(") ")[2].split()
    except OSError:
        return None


def await_condition(condition, seconds, what, pause=0.0005):
    """Polls until `condition()` is true; an error that says `what` did not happen otherwise."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(pause)
    raise RuntimeError(f"not within {seconds} s: {what}")


@atexit.register
def _stop_all():
    for child in list(_running):
        child.stop()
