"""Frames of commands from a message queue straight into a batch."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t

from ext.sequence cimport CommandBatch

cdef struct Message:  # zmq_msg_t: 64 bytes, of words
    uint64_t words[8]

ctypedef int (*MessageCall)(Message* message) noexcept nogil
ctypedef int (*Receive)(Message* message, void* socket, int flags) noexcept nogil
ctypedef void* (*MessageData)(Message* message) noexcept nogil
ctypedef size_t (*MessageSize)(const Message* message) noexcept nogil
ctypedef int (*Errno)() noexcept nogil


cdef class Sender:
    cdef uint32_t session
    cdef bytes accounts
    cdef bytes identity             # once a frame of it has come
    cdef readonly uint64_t frames   # taken


cdef class Intake:
    cdef CommandBatch batch
    cdef MessageCall init
    cdef MessageCall close
    cdef Receive receive
    cdef MessageData data
    cdef MessageSize size
    cdef MessageCall more
    cdef Errno last_error
    cdef void* socket
    cdef Message identity
    cdef Message body
    cdef uint32_t most_commands
    cdef readonly dict senders
    cdef public bint is_open        # else every frame is an odd one
    cdef readonly object odd

    cdef bint next(self, Message* message) except -1
    cdef bint is_of(self, Sender sender) noexcept
    cdef Sender find(self)
    cdef bint put(self, Sender sender) except -1
