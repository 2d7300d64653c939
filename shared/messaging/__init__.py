"""The message backbone: from a committed change to its topics, and from topics to projections and effects."""
