"""What the figures were taken on."""

import datetime
import os
import platform


def describe():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="ascii") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {"date": datetime.date.today().isoformat(), "nproc": os.cpu_count(), "cpu": model,
            "kernel": platform.release(), "load": os.getloadavg()[0]}
