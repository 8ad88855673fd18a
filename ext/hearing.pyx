"""Whether events tell of something: for those who listen to all, and have to do with few."""

from cpython.bytes cimport PyBytes_AS_STRING
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t

from ext.wire cimport Event


def hears(bytes events not None, uint8_t kind):
    """Whether there is an event of this kind among whole Event records. Raises ValueError for what are no such."""
    cdef const Event* event = <const Event*> PyBytes_AS_STRING(events)
    cdef size_t count = len(events) // sizeof(Event)
    cdef size_t index
    if len(events) % sizeof(Event):
        raise ValueError(f"{len(events)} bytes are not whole events of {sizeof(Event)} bytes")
    for index in range(count):
        if event[index].kind == kind:
            return True
    return False
