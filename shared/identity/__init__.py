"""Who may do what in one instance: tokens, roles, and the scope that every query takes."""
