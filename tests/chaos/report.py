"""What a run has to say: figures, findings, one line at the end; and the command that plays it again."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.checker.evidence import Evidence

SHOWN = 5
Say = Callable[[str], None]


@dataclass
class Report:
    """The figures of a run and what each check found."""

    figures: dict[str, Any] = field(default_factory=dict)
    found: Mapping[str, Sequence[str]] = field(default_factory=dict)
    evidence: Evidence | None = None
    again: str = ""
    folder: Path = Path()

    @property
    def failed(self) -> list[str]:
        """The checks that found something."""
        return [name for name, findings in self.found.items() if findings]

    @property
    def ok(self) -> bool:
        """Whether everything was as promised."""
        return bool(self.found) and not self.failed

    def keep(self) -> None:
        """Write it beside the logs: a line of figures, then a line per check."""
        lines = [self.figures, *({"check": name, "findings": list(found)} for name, found in self.found.items())]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (self.folder / "report.jsonl").write_text(text, encoding="utf-8")

    def tell(self, say: Say) -> None:
        """Say it, the verdict last."""
        for name, value in self.figures.items():
            say(f"  {name:<22} {_shown(value)}")
        for name, findings in self.found.items():
            say(f"  {'FAILED' if findings else 'passed'}  {name}")
            for one in findings[:SHOWN]:
                say(f"            {one}")
            if len(findings) > SHOWN:
                say(f"            … and {len(findings) - SHOWN} more, in {self.folder}/report.jsonl")
        say(f"kept in {self.folder}; again: {self.again}")
        say(f"{len(self.found) - len(self.failed)} passed, {len(self.failed)} failed")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median and worst of some seconds."""
    if not values:
        return {}
    return {"p50": round(statistics.median(values), 2), "max": round(max(values), 2), "count": len(values)}


def _shown(value: Any) -> str:  # noqa: ANN401 - a figure of any kind
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return str(value)
