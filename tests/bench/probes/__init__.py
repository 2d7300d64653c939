"""What runs in a process of its own while it is measured: the product, and the bare code it is compared with."""
