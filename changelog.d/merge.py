"""Move the fragments of this folder into the unreleased section of CHANGELOG.md."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
CHANGELOG = FOLDER.parent / "CHANGELOG.md"
HEAD = "### Changed\n\n"


def fragments(folder: Path = FOLDER) -> list[Path]:
    """Return the files of fragments."""
    return sorted(path for path in folder.glob("*.md") if path.name != "README.md")


def mistakes(text: str) -> list[str]:
    """Return what is wrong with a fragment."""
    lines = text.splitlines()
    found = [
        f"line {at}: neither a bullet nor the continuation of one"
        for at, line in enumerate(lines, 1)
        if not line.startswith("- ") and (at == 1 or not line.startswith("  "))
    ]
    bullets = ("\n" + text.rstrip()).split("\n- ")[1:]
    found += [f"no full sentence: {bullet[:60]}" for bullet in bullets if not bullet.endswith((".", ")"))]
    return found or ([] if bullets else ["no bullet"])


def merged(changelog: str, texts: list[str]) -> str:
    """Return the changelog with fragments at the end of its first section, the unreleased one."""
    before, version, rest = changelog.partition("\n## ")
    section, following, older = rest.partition("\n## ")
    if "(unreleased)" not in section.partition("\n")[0]:
        raise SystemExit("CHANGELOG.md has no unreleased section to begin with.")
    if not texts:
        return changelog
    if HEAD not in section:
        section = f"{section.rstrip()}\n\n{HEAD}"
    section = section.rstrip() + ("\n\n" if section.endswith(HEAD) else "\n")
    added = "".join(text.rstrip() + "\n" for text in texts)
    return f"{before}{version}{section}{added}{following}{older}"


def main() -> None:
    """Merge, and remove what was merged; nothing is changed where a fragment is not well formed."""
    paths = fragments()
    texts = [path.read_text("utf-8") for path in paths]
    wrong = [f"{path.name}: {each}" for path, text in zip(paths, texts, strict=True) for each in mistakes(text)]
    if wrong:
        raise SystemExit("\n".join(wrong))
    CHANGELOG.write_text(merged(CHANGELOG.read_text("utf-8"), texts), "utf-8")
    for path in paths:
        path.unlink()


if __name__ == "__main__":
    main()
