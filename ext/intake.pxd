"""Frames of commands from a message queue straight into a batch; what is too much for one turn waits here."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from ext.sequence cimport CommandBatch

cdef struct Message:  # zmq_msg_t: 64 bytes, of words
    uint64_t words[8]

ctypedef int (*MessageCall)(Message* message) noexcept nogil
ctypedef int (*MessageMove)(Message* to, Message* source) noexcept nogil
ctypedef int (*Receive)(Message* message, void* socket, int flags) noexcept nogil
ctypedef void* (*MessageData)(Message* message) noexcept nogil
ctypedef size_t (*MessageSize)(const Message* message) noexcept nogil
ctypedef int (*Errno)() noexcept nogil


cdef struct Functions:  # of the queue
    MessageCall init
    MessageCall close
    MessageMove move
    Receive receive
    MessageData data
    MessageSize size
    MessageCall more
    Errno last_error


cdef struct Waiting:  # a frame that waits for its turn
    Message message
    uint32_t count  # commands, all of them good; 0: it is another frame
    uint32_t done   # of these, in a batch already


cdef class Sender:
    cdef uint32_t session
    cdef public uint8_t key         # that goes into its commands
    cdef bytes accounts
    cdef bytes identity             # once a frame of it has come
    cdef readonly uint64_t frames   # taken, or waiting
    cdef readonly size_t waiting    # commands that wait; each other frame counts as one
    cdef Waiting* ring              # `count` frames from `first` on, the oldest first
    cdef size_t first
    cdef size_t count
    cdef size_t room
    cdef MessageCall close
    cdef bint is_listed             # among those of an intake whose frames wait

    cdef int keep(self, const Functions* functions, Message* message, uint32_t count) except -1
    cdef Waiting* oldest(self) noexcept
    cdef void drop_oldest(self) noexcept


cdef class Intake:
    cdef CommandBatch batch
    cdef Functions functions
    cdef void* socket
    cdef Message identity
    cdef Message body
    cdef uint32_t most_commands
    cdef readonly size_t most_waiting
    cdef readonly dict senders
    cdef public bint is_open        # else every frame is an odd one, but behind frames that wait
    cdef public Py_ssize_t room     # commands that the turn has room for
    cdef readonly object odd
    cdef readonly bint is_too_much  # the odd frame is in order, but too much waits of its sender
    cdef object busy                # deque of those of whom something waits
    cdef Sender last                # of the frame that came last
    cdef readonly uint64_t changes  # how often a frame came of another client than the one before it

    cdef bytes bytes_of(self, Message* message)
    cdef bint next(self, Message* message) except -1
    cdef bint is_of(self, Sender sender) noexcept
    cdef Sender find(self)
    cdef bint enter(self, Sender sender) except -1
    cdef bint wait(self, Sender sender, const unsigned char* frame, uint32_t count) except -1
    cdef uint32_t count_of(self, const unsigned char* frame) noexcept
    cdef bint is_good(self, Sender sender, const unsigned char* frame, uint32_t count) noexcept
    cdef Py_ssize_t put(self, Sender sender, const unsigned char* frame, uint32_t start, uint32_t count) except? -1
    cdef bint serve_one(self, Sender sender) except -1
