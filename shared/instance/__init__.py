"""What belongs to the instance and to no service: its life, its public page, its state for operators."""
