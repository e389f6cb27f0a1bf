"""A bug of ours, told without values: they could hold a secret, or be as long as a peer likes."""

import traceback
from pathlib import Path


def location(error: BaseException) -> str:
    """Class and location: `KeyError at stages.py:89`."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "eset_portcheck" in frame.filename] or list(frames)
    last = ours[-1] if ours else None
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}" if last else type(error).__name__
