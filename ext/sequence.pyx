"""The sequencer's buffer: client and admin commands in, numbered, stamped and checksummed journal records out."""

from cpython.buffer cimport PyBUF_READ, PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from ext.bits cimport unlikely
from ext.record cimport ADMIN_BYTES, HEADER_BYTES, ORDER_BYTES, SPECIAL_BYTES, bytes_of, record_crc
from ext.wire cimport (
    ADMIN_KIND, COMMAND_KIND_DISCONNECT, COMMAND_KIND_MASS_CANCEL, COMMAND_KIND_NEW_ORDER, COMMAND_KIND_NEW_SPECIAL,
    COMMAND_KIND_SET_KEY, COMMAND_KIND_TICK, OrderCommand, RecordHeader,
)

cdef enum:
    FIRST_ROOM = 1 << 16


cdef inline bint is_allowed(const uint32_t* accounts, size_t count, uint32_t account) noexcept nogil:
    """Whether `account` is among the ascending `accounts`. Without a branch that depends on it: they come at random."""
    cdef const uint32_t* base = accounts
    cdef size_t half
    if count == 0 or account < accounts[0] or account > accounts[count - 1]:
        return False
    if accounts[count - 1] - accounts[0] == count - 1:
        return True  # they are without a gap
    while count > 1:
        half = count >> 1
        base = base + half if base[half] <= account else base
        count -= half
    return base[0] == account


cdef size_t take(
    unsigned char* out, const unsigned char* payload, size_t count, uint32_t session, uint8_t key,
    const uint32_t* accounts, size_t account_count,
) noexcept nogil:
    """Copy `count` client commands; the number of good ones before the first bad one."""
    cdef size_t index
    cdef OrderCommand* command
    cdef uint32_t known = 0
    cdef bint has_known = False
    memcpy(out, payload, count * ORDER_BYTES)
    for index in range(count):
        command = <OrderCommand*> (out + index * ORDER_BYTES)
        if unlikely(command.kind < COMMAND_KIND_NEW_ORDER or command.kind > COMMAND_KIND_MASS_CANCEL):
            return index
        if not has_known or command.account != known:
            known = command.account
            has_known = is_allowed(accounts, account_count, known)
            if unlikely(not has_known):
                return index
        command.session = session
        command.key = key
    return count


cdef size_t take_specials(
    unsigned char* out, const unsigned char* payload, size_t count, uint32_t session, uint8_t key,
    const uint32_t* accounts, size_t account_count,
) noexcept nogil:
    """As `take`, of SpecialCommands."""
    cdef size_t index
    cdef OrderCommand* command  # it begins with the same fields
    memcpy(out, payload, count * SPECIAL_BYTES)
    for index in range(count):
        command = <OrderCommand*> (out + index * SPECIAL_BYTES)
        if command.kind != COMMAND_KIND_NEW_SPECIAL or not is_allowed(accounts, account_count, command.account):
            return index
        command.session = session
        command.key = key
    return count


cdef size_t good_orders(
    const unsigned char* payload, size_t count, const uint32_t* accounts, size_t account_count
) noexcept nogil:
    cdef size_t index
    cdef const OrderCommand* command
    for index in range(count):
        command = <const OrderCommand*> (payload + index * ORDER_BYTES)
        if command.kind < COMMAND_KIND_NEW_ORDER or command.kind > COMMAND_KIND_MASS_CANCEL or not is_allowed(
            accounts, account_count, command.account
        ):
            return index
    return count


cdef size_t good_specials(
    const unsigned char* payload, size_t count, const uint32_t* accounts, size_t account_count
) noexcept nogil:
    cdef size_t index
    cdef const OrderCommand* command
    for index in range(count):
        command = <const OrderCommand*> (payload + index * SPECIAL_BYTES)
        if command.kind != COMMAND_KIND_NEW_SPECIAL or not is_allowed(accounts, account_count, command.account):
            return index
    return count


cdef void frame(
    unsigned char* commands, size_t length, unsigned char* records, uint64_t seq, int64_t ts_ns
) noexcept nogil:
    """Number and stamp commands in place, and write their records. Chains of checksums of neighbours overlap."""
    cdef unsigned char* end = commands + length
    cdef OrderCommand* command
    cdef RecordHeader* header
    cdef uint32_t size
    while commands < end:
        command = <OrderCommand*> commands
        header = <RecordHeader*> records
        size = bytes_of(command.kind)
        command.seq = seq
        command.ts_ns = ts_ns
        header.length = size
        header.crc = record_crc(size, commands, size)
        memcpy(records + HEADER_BYTES, commands, ORDER_BYTES)
        if unlikely(size != ORDER_BYTES):
            memcpy(records + HEADER_BYTES + ORDER_BYTES, commands + ORDER_BYTES, size - ORDER_BYTES)
        seq += 1
        commands += size
        records += HEADER_BYTES + size


cdef size_t whole(size_t size, size_t offset, size_t each) except? 0:
    """How many commands of `each` bytes are in `size` bytes from `offset` on. Raises ValueError."""
    if offset > size or (size - offset) % each:
        raise ValueError(f"{size} bytes from {offset} on are not whole commands of {each} bytes")
    return (size - offset) // each


cdef class CommandBatch:
    """Commands on their way to the journal. Fill it, `seal` it, hand out `records` and `commands`, `clear` it.

    `next_seq`: number of the first command. `last_ts_ns`: no command gets an earlier time. `records` and `commands` are
    bytes of their own: they stay as they are while the next batch fills.
    """

    def __cinit__(self, uint64_t next_seq, int64_t last_ts_ns=0):
        self.data = <unsigned char*> malloc(FIRST_ROOM)
        if self.data == NULL:
            raise MemoryError
        self.room = FIRST_ROOM
        self.next_seq = next_seq
        self.last_ts_ns = last_ts_ns
        self.records = b""

    def __dealloc__(self):
        free(self.data)

    def __len__(self):
        return self.count

    cdef int reserve(self, size_t more) except -1:
        """Room for `more` bytes; refuses a batch that is sealed."""
        cdef size_t room = self.room
        cdef unsigned char* data
        if self.sealed:
            raise ValueError("the batch is sealed: clear it first")
        if unlikely(self.length + more > room):
            while room < self.length + more:
                room *= 2
            data = <unsigned char*> realloc(self.data, room)
            if data == NULL:
                raise MemoryError
            self.data = data
            self.room = room
        return 0

    def add_orders(
        self, bytes payload not None, size_t offset, uint32_t session, bytes accounts not None, uint8_t key=0,
    ):
        """Copy the client commands (64 bytes each) that `payload` holds from byte `offset` on.

        `accounts`: the ids that the session may use, u32, ascending. `session` and `key` go into each command, whatever
        it says there. Returns how many were added, or -(1 + index) of the first one whose kind is not 1..4 or whose
        account is not allowed: then none was added. Raises ValueError for bytes that are not whole commands.
        """
        cdef const unsigned char* source = <const unsigned char*> PyBytes_AS_STRING(payload)
        cdef const uint32_t* allowed = <const uint32_t*> PyBytes_AS_STRING(accounts)
        cdef size_t count = whole(len(payload), offset, ORDER_BYTES)
        return self.put(source + offset, count, session, key, allowed, len(accounts) // sizeof(uint32_t))

    def add_specials(
        self, bytes payload not None, size_t offset, uint32_t session, bytes accounts not None, uint8_t key=0,
    ):
        """As `add_orders`, of SpecialCommands (128 bytes each), whose kind must be NEW_SPECIAL."""
        cdef const unsigned char* source = <const unsigned char*> PyBytes_AS_STRING(payload)
        cdef const uint32_t* allowed = <const uint32_t*> PyBytes_AS_STRING(accounts)
        cdef size_t count = whole(len(payload), offset, SPECIAL_BYTES)
        return self.put_specials(source + offset, count, session, key, allowed, len(accounts) // sizeof(uint32_t))

    cdef Py_ssize_t put(
        self, const unsigned char* payload, size_t count, uint32_t session, uint8_t key,
        const uint32_t* accounts, size_t account_count,
    ) except? -1:
        """As `add_orders`, of `count` commands at `payload`."""
        cdef size_t good
        self.reserve(count * ORDER_BYTES)
        good = take(self.data + self.length, payload, count, session, key, accounts, account_count)
        if unlikely(good < count):
            return -1 - <Py_ssize_t> good
        self.count += count
        self.length += count * ORDER_BYTES
        return count

    cdef Py_ssize_t put_specials(
        self, const unsigned char* payload, size_t count, uint32_t session, uint8_t key,
        const uint32_t* accounts, size_t account_count,
    ) except? -1:
        """As `add_specials`, of `count` commands at `payload`."""
        cdef size_t good
        self.reserve(count * SPECIAL_BYTES)
        good = take_specials(self.data + self.length, payload, count, session, key, accounts, account_count)
        if unlikely(good < count):
            return -1 - <Py_ssize_t> good
        self.count += count
        self.length += count * SPECIAL_BYTES
        return count

    def add_admin(self, command):
        """Add one AdminCommand (256 bytes), or a TICK, ARM or DISCONNECT (64 bytes) with its session filled in.

        Raises ValueError for anything else.
        """
        cdef Py_buffer buffer
        cdef uint16_t kind = 0
        cdef size_t size
        PyObject_GetBuffer(command, &buffer, PyBUF_SIMPLE)
        try:
            size = buffer.len
            if size >= ORDER_BYTES:
                memcpy(&kind, <const unsigned char*> buffer.buf + 16, sizeof(kind))
            if not (size == ADMIN_BYTES and ADMIN_KIND <= kind <= COMMAND_KIND_SET_KEY) and not (
                size == ORDER_BYTES and COMMAND_KIND_TICK <= kind <= COMMAND_KIND_DISCONNECT
            ):
                raise ValueError(f"{size} bytes of kind {kind} are neither an AdminCommand nor one of the engine's")
            self.reserve(size)
            memcpy(self.data + self.length, buffer.buf, size)
        finally:
            PyBuffer_Release(&buffer)
        self.count += 1
        self.length += size

    def seal(self, int64_t ts_ns):
        """Number the commands, stamp them with `ts_ns`, frame and checksum them. Returns their number.

        Where the last batch's time is later than `ts_ns`, that is taken: time never falls. Raises ValueError when the
        batch is sealed already.
        """
        cdef bytes records
        if self.sealed:
            raise ValueError("the batch is sealed already")
        if ts_ns < self.last_ts_ns:
            ts_ns = self.last_ts_ns
        records = PyBytes_FromStringAndSize(NULL, self.length + self.count * HEADER_BYTES)
        frame(self.data, self.length, <unsigned char*> PyBytes_AS_STRING(records), self.next_seq, ts_ns)
        self.records = records
        self.last_ts_ns = ts_ns
        self.sealed = True
        return self.count

    @property
    def commands(self):
        """The commands of the sealed batch, back to back, as bytes of their own."""
        return PyBytes_FromStringAndSize(<const char*> self.data, self.length) if self.sealed else b""

    def view(self):
        """The commands of the sealed batch without a copy: a memoryview that is good until `clear`."""
        return PyMemoryView_FromMemory(<char*> self.data, self.length if self.sealed else 0, PyBUF_READ)

    @property
    def last_seq(self):
        """Number of the last command; next_seq - 1 while there is none."""
        return self.next_seq + self.count - 1

    def clear(self):
        """Empty it. The next batch goes on with the next number; commands that were not sealed use up none."""
        if self.sealed:
            self.next_seq += self.count
        self.sealed = False
        self.count = 0
        self.length = 0
        self.records = b""
