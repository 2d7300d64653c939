"""Who shares the territory, and the communes it is made of."""
