"""The local Kafka node: one real broker on this machine, without Docker; knows processes, ports and files only."""
