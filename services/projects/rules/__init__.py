"""What could be settled with pen and paper: stages and their guards, sums of money, health, partners."""
