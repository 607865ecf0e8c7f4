"""`otemon run` as a process, with what it prints."""
import os
from pathlib import Path

from harness import ports, report
from harness.program import ROOT, Program

# Another build may be tested: OTEMON=build/asan/bin/otemon scripts/test integration
PROGRAM = Path(os.environ.get("OTEMON", ROOT / "build/bin/otemon")).resolve()


# Sanitisers keep freed memory for a while: what is resident says little about them.
SANITISED = b"__sanitizer" in PROGRAM.read_bytes()


class Otemon(Program):
    """Runs until stop(). `plain`: with no flags but those given."""

    def __init__(self, directory, *flags, prefix=(), plain=False, **options):
        health = 9902 if plain else ports.free()
        admin = 9901 if plain else ports.free()
        words = [*prefix, PROGRAM, "run"]
        if not plain:
            words += [f"--health=127.0.0.1:{health}", f"--admin=127.0.0.1:{admin}", "--workers=2"]
        super().__init__([*words, *flags, directory], health, admin, **options)

    def table(self):
        """The table as it was printed first: {(address, hostname): row}."""
        self.sync()
        return report.table(self.out)

    def changes(self, since=0):
        """Rows that came "+", went "-" or changed "~": [(sign, address, hostname)]."""
        self.sync()
        return [(row["sign"], row["address"], row["hostname"])
                for row in report.rows(self.out[since:]) if row["sign"]]

    def findings(self, since=0):
        """Findings printed from line `since` of `out` on."""
        self.sync()
        return report.findings(self.out[since:])
