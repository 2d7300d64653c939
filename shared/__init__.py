"""What every service of Estuaire may use; knows no service."""
