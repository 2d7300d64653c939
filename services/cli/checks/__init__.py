"""What `estuaire doctor` looks at, one file per thing."""
