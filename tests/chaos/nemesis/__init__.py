"""What is broken, when and for how long: drawn from the seed, healed at the end, written down."""
