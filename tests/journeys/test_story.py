"""The whole story, as ``make demo CHECK=1`` plays it: seven instances, Kafka, mails, two accidents."""

import json
import subprocess
import sys

import pytest


@pytest.mark.timeout(400)
def test_the_story_ends_with_seven_instances_that_agree() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "services", "demo", "--check"], capture_output=True, check=False, timeout=380
    )

    told = ended.stderr.decode()
    assert ended.returncode == 0, told
    found = json.loads(ended.stdout.decode().splitlines()[-1])
    assert found["ok"]
    assert found["epci"] == 7
    assert found["projects"] >= 30
    assert found["mails"]["received"] == found["mails"]["expected"] > 0
    assert (found["lost"], found["dead_letters"], found["mails"]["duplicates"]) == (0, 0, 0)
