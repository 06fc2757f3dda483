"""The peers' own environments, in `.venv-bench`: made when they are missing or out of date."""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent.parent / ".venv-bench"
PIPELINE, REPLAY = "pipeline", "replay"
NEEDS = {"bytewax": PIPELINE, "faust": PIPELINE, "getmany": PIPELINE}
"""What each peer lives in; the others in that of the replay."""
OLDEST = {PIPELINE: (3, 11), REPLAY: (3, 12)}
PYTHONS = (sys.executable, "python3.14", "python3.13", "python3.12")


def peer(name: str) -> list[str]:
    """How to run `peer_<name>.py`, from the project's folder."""
    return [_python(NEEDS.get(name, REPLAY)), "-m", f"tests.bench.peer_{name}"]


def _python(environment: str) -> str:
    folder, wanted = ENVIRONMENTS / environment, HERE / f"peers_{environment}.txt"
    python, made_from = folder / "bin" / "python", folder / wanted.name
    if made_from.exists() and made_from.read_text() == wanted.read_text():
        return str(python)
    print(f"Installing the peers of the {environment} into {folder} ...", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    base = _interpreter(OLDEST[environment])
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--python", base, folder], check=True)
        install = [uv, "pip", "install", "--python", str(python)]
    else:
        subprocess.run([base, "-m", "venv", folder], check=True)
        install = [str(python), "-m", "pip", "install"]
    subprocess.run([*install, "-r", str(wanted)], check=True)
    shutil.copy(wanted, made_from)
    return str(python)


def _interpreter(oldest: tuple[int, int]) -> str:
    program = f"import sys; sys.exit(sys.version_info < {oldest})"
    for name in PYTHONS:
        if shutil.which(name) and not subprocess.run([name, "-c", program], check=False).returncode:
            return name
    raise SystemExit(
        f"the peers need Python {'.'.join(map(str, oldest))} or later; found {', '.join(PYTHONS)}"
    )
