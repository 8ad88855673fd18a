"""Frames of commands from a message queue straight into a batch: many a call, no Python object each.

The queue's functions come as addresses, so that nothing here needs its headers or its library.
"""

import errno

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uintptr_t
from libc.string cimport memcmp

from ext.bits cimport likely, unlikely
from ext.sequence cimport CommandBatch
from ext.wire cimport FRAME_TYPE_ORDERS, FRAME_TYPE_SPECIALS, FrameHeader

cdef int AGAIN = errno.EAGAIN
cdef int INTERRUPTED = errno.EINTR

cdef enum:
    MAGIC = 0x424F
    VERSION = 1
    ORDER_BYTES = 64
    SPECIAL_BYTES = 128
    NO_WAIT = 1             # ZMQ_DONTWAIT


cdef class Sender:
    """A client whose frames of commands are taken: its session, and the ids of its accounts (u32, ascending)."""

    def __cinit__(self, uint32_t session, bytes accounts not None):
        self.session = session
        self.accounts = accounts


cdef class Intake:
    """Takes frames off a ROUTER socket.

    senders: identity -> Sender, of those whose commands go into `batch`; more may be added, and removed.
    most_commands: of a frame. functions: addresses of zmq_msg_init, zmq_msg_close, zmq_msg_recv, zmq_msg_data,
    zmq_msg_size, zmq_msg_more, zmq_errno. socket: that of the socket. The caller sees to it that both outlive this.
    """

    def __cinit__(
        self, CommandBatch batch not None, dict senders not None, uint32_t most_commands, functions, uintptr_t socket
    ):
        cdef uintptr_t[7] addresses
        if 0 in functions:
            raise ValueError("a function has no address")
        addresses[0], addresses[1], addresses[2], addresses[3], addresses[4], addresses[5], addresses[6] = functions
        self.init = <MessageCall> addresses[0]
        self.close = <MessageCall> addresses[1]
        self.receive = <Receive> addresses[2]
        self.data = <MessageData> addresses[3]
        self.size = <MessageSize> addresses[4]
        self.more = <MessageCall> addresses[5]
        self.last_error = <Errno> addresses[6]
        self.socket = <void*> socket
        self.batch = batch
        self.most_commands = most_commands
        self.senders = senders
        self.is_open = True
        self.init(&self.identity)
        self.init(&self.body)

    def __dealloc__(self):
        if self.init != NULL:
            self.close(&self.identity)
            self.close(&self.body)

    def take(self, size_t limit):
        """Put the commands of up to `limit` frames that wait into the batch; the number of frames.

        It ends early when none waits, and at one that is not of commands that are all in order: `odd` is that frame
        then, (identity, frame, whether more parts follow), else None. Raises OSError.
        """
        cdef size_t taken = 0
        cdef Sender sender = None
        cdef bint is_good
        self.odd = None
        while taken < limit:
            if not self.next(&self.identity):
                break
            if unlikely(not self.next(&self.body)):
                raise OSError("a message without a body")
            if sender is None or not self.is_of(sender):
                sender = self.find()
            try:
                is_good = sender is not None and self.put(sender)
            except Exception:  # Python takes the frame, fails likewise, and tells who has to know
                is_good = False
            if unlikely(not is_good):
                self.odd = (
                    PyBytes_FromStringAndSize(<const char*> self.data(&self.identity), self.size(&self.identity)),
                    PyBytes_FromStringAndSize(<const char*> self.data(&self.body), self.size(&self.body)),
                    self.more(&self.body) != 0,
                )
                break
            taken += 1
        return taken

    cdef bint next(self, Message* message) except -1:
        """Take the next part; False when there is none."""
        cdef int error
        while unlikely(self.receive(message, self.socket, NO_WAIT) < 0):
            error = self.last_error()
            if error == AGAIN:
                return False
            if error != INTERRUPTED:
                raise OSError(error, "the socket cannot be read")
        return True

    cdef bint is_of(self, Sender sender) noexcept:
        cdef size_t length = self.size(&self.identity)
        return length == <size_t> len(sender.identity) and memcmp(
            self.data(&self.identity), PyBytes_AS_STRING(sender.identity), length
        ) == 0

    cdef Sender find(self):
        """Whose frame it is; None when it is nobody's here."""
        cdef bytes identity
        cdef Sender sender
        if not self.is_open:
            return None
        identity = PyBytes_FromStringAndSize(<const char*> self.data(&self.identity), self.size(&self.identity))
        sender = self.senders.get(identity)
        if sender is not None:
            sender.identity = identity
        return sender

    cdef bint put(self, Sender sender) except -1:
        """Put the commands of the frame at hand into the batch; False when it is not one of good commands."""
        cdef const unsigned char* frame = <const unsigned char*> self.data(&self.body)
        cdef const FrameHeader* header = <const FrameHeader*> frame
        cdef size_t size = self.size(&self.body)
        cdef const uint32_t* accounts = <const uint32_t*> PyBytes_AS_STRING(sender.accounts)
        cdef size_t account_count = len(sender.accounts) // sizeof(uint32_t)
        cdef const unsigned char* commands = frame + sizeof(FrameHeader)
        if not likely(
            size > sizeof(FrameHeader) and header.magic == MAGIC and header.version == VERSION
            and 0 < header.count <= self.most_commands and not self.more(&self.body)
        ):
            return False
        if likely(header.type == FRAME_TYPE_ORDERS):
            if size != sizeof(FrameHeader) + <size_t> header.count * ORDER_BYTES or self.batch.put(
                commands, header.count, sender.session, accounts, account_count
            ) < 0:
                return False
        elif header.type == FRAME_TYPE_SPECIALS:
            if size != sizeof(FrameHeader) + <size_t> header.count * SPECIAL_BYTES or self.batch.put_specials(
                commands, header.count, sender.session, accounts, account_count
            ) < 0:
                return False
        else:
            return False
        sender.frames += 1
        return True
