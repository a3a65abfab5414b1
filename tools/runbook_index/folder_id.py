"""Which folder it is, whatever it is called and on whichever machine it is mounted: a random id kept in it."""

from pathlib import Path

NAME = "folder-id"


def folder_id(folder: Path, made_up: str) -> str:
    """The folder's own id; `made_up` becomes it where there is none yet. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(made_up)
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8").strip() or made_up
