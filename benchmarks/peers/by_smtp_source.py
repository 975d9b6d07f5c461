"""
Postfix's smtp-source: one constant text from C, no ledger; as near to the machine's limit as a sender comes.

    python -m benchmarks.peers.by_smtp_source PORT COUNT BYTES SESSIONS
"""

import json
import resource
import shutil
import subprocess
import sys
import time


def main() -> None:
    port, count, size, sessions = sys.argv[1:]
    program = shutil.which("smtp-source") or "/usr/sbin/smtp-source"
    words = [program, "-d", "-s", sessions, "-m", count, "-l", size, f"127.0.0.1:{port}"]
    begun = time.perf_counter()
    subprocess.run(words, check=True)
    seconds, used = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "messages": int(count),
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "memory_kb": 0,  # a few; not of interest here
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
