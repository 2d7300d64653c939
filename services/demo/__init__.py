"""``make demo``: a whole territory on one machine, played through its doors and verified from outside."""
