"""Frames of commands from a message queue straight into a batch: many a call, no Python object each.

A turn has room for so many commands. What comes beyond it waits here, each client's frames in their order, and goes in
when there is room, some of each client in turn: nobody waits for what others sent. Of one client only so much may wait;
then its frames are refused, but those of cancels.

The queue's functions come as addresses, so that nothing here needs its headers or its library.
"""

import errno
from collections import deque

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uintptr_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp

from ext.bits cimport likely, unlikely
from ext.sequence cimport CommandBatch, good_orders, good_specials
from ext.wire cimport (
    COMMAND_KIND_CANCEL, COMMAND_KIND_MASS_CANCEL, FRAME_TYPE_ORDERS, FRAME_TYPE_SPECIALS, FrameHeader, OrderCommand,
)

FUNCTIONS = (
    "msg_init", "msg_close", "msg_move", "msg_recv", "msg_data", "msg_size", "msg_more", "errno"
)  # that it needs the addresses of
cdef int AGAIN = errno.EAGAIN
cdef int INTERRUPTED = errno.EINTR

cdef enum:
    MAGIC = 0x424F
    VERSION = 1
    ORDER_BYTES = 64
    SPECIAL_BYTES = 128
    NO_WAIT = 1             # ZMQ_DONTWAIT
    SHARE = 64              # commands of a client that waits, before the next one has its turn
    FIRST_ROOM = 16


cdef class Sender:
    """A client whose frames of commands are taken: its session, and the ids of its accounts (u32, ascending). key: the
    number of its key, which goes into all that is put into a batch from then on."""

    def __cinit__(self, uint32_t session, bytes accounts not None):
        self.session = session
        self.accounts = accounts

    def __dealloc__(self):
        while self.count:
            self.drop_oldest()
        free(self.ring)

    def end(self):
        """Its session is over: what waits is not taken any more."""
        while self.count:
            self.drop_oldest()
        self.waiting = 0

    cdef int keep(self, const Functions* functions, Message* message, uint32_t count) except -1:
        """Have a frame wait behind the others; `message` is empty then."""
        cdef Waiting* ring
        cdef Waiting* place
        cdef size_t at, room
        self.close = functions.close
        if self.count == self.room:
            room = max(<size_t> FIRST_ROOM, 2 * self.room)
            ring = <Waiting*> malloc(room * sizeof(Waiting))
            if ring == NULL:
                raise MemoryError
            for at in range(self.count):
                place = &self.ring[(self.first + at) % self.room]
                functions.init(&ring[at].message)
                functions.move(&ring[at].message, &place.message)
                functions.close(&place.message)
                ring[at].count, ring[at].done = place.count, place.done
            free(self.ring)
            self.ring, self.first, self.room = ring, 0, room
        place = &self.ring[(self.first + self.count) % self.room]
        functions.init(&place.message)
        functions.move(&place.message, message)
        place.count, place.done = count, 0
        self.count += 1
        self.waiting += max(1, count)
        return 0

    cdef Waiting* oldest(self) noexcept:
        return &self.ring[self.first]

    cdef void drop_oldest(self) noexcept:
        self.close(&self.ring[self.first].message)
        self.first = (self.first + 1) % self.room
        self.count -= 1


cdef class Intake:
    """Takes frames off a ROUTER socket.

    senders: identity -> Sender, of those whose commands go into `batch`; more may be added, and removed after their
    `end`. most_commands: of a frame; most_waiting: commands of one sender. functions: the addresses of FUNCTIONS.
    socket: that of the socket. The caller sees to it that both outlive this.
    """

    def __cinit__(
        self, CommandBatch batch not None, dict senders not None, uint32_t most_commands, size_t most_waiting,
        functions, uintptr_t socket,
    ):
        cdef uintptr_t[8] at
        if 0 in functions:
            raise ValueError("a function has no address")
        at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7] = functions
        self.functions = Functions(
            <MessageCall> at[0], <MessageCall> at[1], <MessageMove> at[2], <Receive> at[3], <MessageData> at[4],
            <MessageSize> at[5], <MessageCall> at[6], <Errno> at[7],
        )
        self.socket = <void*> socket
        self.batch = batch
        self.most_commands, self.most_waiting = most_commands, most_waiting
        self.senders = senders
        self.is_open = True
        self.room = 1 << 62
        self.busy = deque()
        self.functions.init(&self.identity)
        self.functions.init(&self.body)

    def __dealloc__(self):
        if self.functions.close != NULL:
            self.functions.close(&self.identity)
            self.functions.close(&self.body)

    @property
    def is_busy(self):
        """Frames wait for their turn."""
        return bool(self.busy)

    def take(self, size_t limit):
        """Take up to `limit` frames off the socket, into the batch or to wait; the number of frames.

        It ends early when none is there, and at one that is not of commands that are all in order, or too much:
        `odd` is that frame then, (identity, frame, whether more parts follow), else None. Raises OSError.
        """
        cdef size_t taken = 0
        cdef Sender sender = None
        cdef bint is_done
        self.odd = None
        self.is_too_much = False
        while taken < limit:
            if not self.next(&self.identity):
                break
            if unlikely(not self.next(&self.body)):
                raise OSError("a message without a body")
            if sender is None or not self.is_of(sender):
                sender = self.find()
                if sender is not self.last:
                    self.changes += self.last is not None
                    self.last = sender
            try:
                is_done = sender is not None and self.enter(sender)
            except Exception:  # Python takes the frame, fails likewise, and tells who has to know
                is_done = False
            if unlikely(not is_done):
                self.odd = (
                    self.bytes_of(&self.identity), self.bytes_of(&self.body), self.functions.more(&self.body) != 0
                )
                break
            taken += 1
        return taken

    def serve(self):
        """Put what waits into the batch while the turn has room for it, some of each sender. It ends early at a frame
        that is not of commands, or when it is not open: `odd` is that frame then, as in `take`."""
        cdef Sender sender
        self.odd = None
        self.is_too_much = False
        while self.busy and self.room > 0:
            sender = self.busy[0]
            if sender.count and not self.serve_one(sender):
                return
            if sender.count:
                self.busy.rotate(-1)
            else:
                self.busy.popleft()
                sender.is_listed = False

    cdef bint serve_one(self, Sender sender) except -1:
        """Put a share of what waits of a sender into the batch; False where its oldest frame is `odd`."""
        cdef Waiting* oldest = sender.oldest()
        cdef const unsigned char* frame = <const unsigned char*> self.functions.data(&oldest.message)
        cdef uint32_t count = oldest.count - oldest.done
        if count and (self.is_open or oldest.done):
            count = min(count, <uint32_t> min(<Py_ssize_t> SHARE, self.room))
            if self.put(sender, frame, oldest.done, count) >= 0:
                oldest.done += count
                sender.waiting -= count
                if oldest.done == oldest.count:
                    sender.drop_oldest()
                return True
        self.odd = (sender.identity, self.bytes_of(&oldest.message), False)
        sender.waiting -= max(1, count)
        sender.drop_oldest()
        return False

    cdef bytes bytes_of(self, Message* message):
        return PyBytes_FromStringAndSize(<const char*> self.functions.data(message), self.functions.size(message))

    cdef bint next(self, Message* message) except -1:
        """Take the next part; False when there is none."""
        cdef int error
        while unlikely(self.functions.receive(message, self.socket, NO_WAIT) < 0):
            error = self.functions.last_error()
            if error == AGAIN:
                return False
            if error != INTERRUPTED:
                raise OSError(error, "the socket cannot be read")
        return True

    cdef bint is_of(self, Sender sender) noexcept:
        cdef size_t length = self.functions.size(&self.identity)
        return length == <size_t> len(sender.identity) and memcmp(
            self.functions.data(&self.identity), PyBytes_AS_STRING(sender.identity), length
        ) == 0

    cdef Sender find(self):
        """Whose frame it is; None when it is nobody's here."""
        cdef bytes identity = self.bytes_of(&self.identity)
        cdef Sender sender = self.senders.get(identity)
        if sender is not None:
            sender.identity = identity
        return sender

    cdef bint enter(self, Sender sender) except -1:
        """Put the commands of the frame at hand into the batch, or have it wait; False when it is an odd one."""
        cdef const unsigned char* frame = <const unsigned char*> self.functions.data(&self.body)
        cdef uint32_t count
        if unlikely(self.functions.more(&self.body)):
            return False
        count = self.count_of(frame)
        if likely(sender.count == 0):
            if count == 0 or not self.is_open:
                return False
            if likely(<Py_ssize_t> count <= self.room):
                if self.put(sender, frame, 0, count) < 0:
                    return False
                sender.frames += 1
                return True
        if count and not self.is_good(sender, frame, count):
            if sender.count == 0:
                return False
            count = 0  # Python says what is wrong with it, when its turn comes
        return self.wait(sender, frame, count)

    cdef bint wait(self, Sender sender, const unsigned char* frame, uint32_t count) except -1:
        """Have the frame at hand wait; False where too much waits of its sender."""
        if unlikely(sender.waiting + max(1, count) > self.most_waiting) and not has_only_cancels(frame, count):
            self.is_too_much = True
            return False
        sender.keep(&self.functions, &self.body, count)
        sender.frames += 1
        if not sender.is_listed:
            sender.is_listed = True
            self.busy.append(sender)
        return True

    cdef uint32_t count_of(self, const unsigned char* frame) noexcept:
        """How many commands a frame has; 0 for one that is not of commands, or has a wrong head."""
        cdef const FrameHeader* header = <const FrameHeader*> frame
        cdef size_t size = self.functions.size(&self.body)
        if not likely(
            size > sizeof(FrameHeader) and header.magic == MAGIC and header.version == VERSION
            and 0 < header.count <= self.most_commands
        ):
            return 0
        if likely(header.type == FRAME_TYPE_ORDERS):
            return header.count if size == sizeof(FrameHeader) + <size_t> header.count * ORDER_BYTES else 0
        if header.type == FRAME_TYPE_SPECIALS:
            return header.count if size == sizeof(FrameHeader) + <size_t> header.count * SPECIAL_BYTES else 0
        return 0

    cdef bint is_good(self, Sender sender, const unsigned char* frame, uint32_t count) noexcept:
        """Whether all commands of a frame may go into the batch."""
        cdef const uint32_t* accounts = <const uint32_t*> PyBytes_AS_STRING(sender.accounts)
        cdef size_t account_count = len(sender.accounts) // sizeof(uint32_t)
        cdef const unsigned char* commands = frame + sizeof(FrameHeader)
        if (<const FrameHeader*> frame).type == FRAME_TYPE_ORDERS:
            return good_orders(commands, count, accounts, account_count) == count
        return good_specials(commands, count, accounts, account_count) == count

    cdef Py_ssize_t put(self, Sender sender, const unsigned char* frame, uint32_t start, uint32_t count) except? -1:
        """Put `count` commands of a frame from the one at `start` on into the batch; below 0 when one is not good."""
        cdef const uint32_t* accounts = <const uint32_t*> PyBytes_AS_STRING(sender.accounts)
        cdef size_t account_count = len(sender.accounts) // sizeof(uint32_t)
        cdef const unsigned char* commands = frame + sizeof(FrameHeader)
        cdef Py_ssize_t done
        if likely((<const FrameHeader*> frame).type == FRAME_TYPE_ORDERS):
            done = self.batch.put(
                commands + <size_t> start * ORDER_BYTES, count, sender.session, sender.key, accounts, account_count
            )
        else:
            done = self.batch.put_specials(
                commands + <size_t> start * SPECIAL_BYTES, count, sender.session, sender.key, accounts, account_count
            )
        if done > 0:
            self.room -= done
        return done


cdef bint has_only_cancels(const unsigned char* frame, uint32_t count) noexcept:
    """Whether a frame of `count` good commands makes nothing in the market larger."""
    cdef const OrderCommand* command = <const OrderCommand*> (frame + sizeof(FrameHeader))
    cdef uint32_t index
    if count == 0 or (<const FrameHeader*> frame).type != FRAME_TYPE_ORDERS:
        return False
    for index in range(count):
        if command[index].kind != COMMAND_KIND_CANCEL and command[index].kind != COMMAND_KIND_MASS_CANCEL:
            return False
    return True
