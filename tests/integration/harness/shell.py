"""Programs that run to their end."""
import subprocess


def run(*words, timeout=60, **options):
    """What subprocess.run returns, output as text."""
    return subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          timeout=timeout, check=False, **options)
