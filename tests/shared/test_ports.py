"""Ports of this machine: nobody is given one that another was just promised."""

import socket

from shared.ports import free_ports, is_free


def test_what_a_process_was_given_is_not_given_again_before_anything_listens() -> None:
    assert set(free_ports(500)).isdisjoint(free_ports(500))


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    (port,) = free_ports(1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert not is_free(port)
