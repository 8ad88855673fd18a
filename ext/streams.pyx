"""The accounts' private streams: events of all accounts in; to each session the frames of its accounts out.

Of each account the last events are kept, in chunks from one pool: a new chunk takes the place of the oldest of all, but
a quiet account keeps its last chunk while others have more.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memset

from ext.bits cimport likely, touch_page, unlikely
from ext.wire cimport (
    AccountRow, EVENT_FLAG_DUPLICATE, EVENT_KIND_ACCEPTED, EVENT_KIND_FILL, Event, FRAME_TYPE_EVENTS, FrameHeader,
)

cdef enum:
    MAGIC = 0x424F
    VERSION = 1
    SMALLEST_PAGE = 4096    # of memory
    PARDONS = 64            # quiet accounts passed over in the search for a chunk
    DUPLICATES = 0          # place of the answers to retries among the counts by kind


cdef bytes frame_of(size_t count):
    """An EVENTS frame with room for `count` events."""
    cdef bytes frame = PyBytes_FromStringAndSize(NULL, sizeof(FrameHeader) + count * sizeof(Event))
    cdef FrameHeader* header = <FrameHeader*> PyBytes_AS_STRING(frame)
    header.magic = MAGIC
    header.version = VERSION
    header.type = FRAME_TYPE_EVENTS
    header.count = <uint32_t> count
    header.number = 0
    return frame


cdef class Streams:
    """events: how many are kept of all accounts together. frame_events: most events in a frame."""

    def __cinit__(self, size_t events, size_t accounts=0, uint32_t frame_events=1024):
        if not CHUNK_EVENTS <= events <= <size_t> 1 << 32 or frame_events < 1:
            raise ValueError(
                f"events must be {CHUNK_EVENTS} to 2**32 and frame_events at least 1, got {events} and {frame_events}"
            )
        self.chunk_capacity = <uint32_t> (events // CHUNK_EVENTS)
        self.chunks = <Chunk*> malloc(self.chunk_capacity * sizeof(Chunk))
        self.touched = <uint32_t*> malloc(sizeof(uint32_t))
        if self.chunks == NULL or self.touched == NULL:
            raise MemoryError
        self.chunk_free = self.oldest = self.newest = NO_CHUNK
        self.link_free = NO_LINK
        self.frame_events = frame_events
        self.grow_accounts(accounts if accounts else 1)

    def __dealloc__(self):
        free(self.streams)
        free(self.chunks)
        free(self.links)
        free(self.slots)
        free(self.touched)

    def touch_memory(self):
        """Have the system give the memory of all events now, so that none waits for it; returns its bytes."""
        cdef char* place = <char*> self.chunks
        cdef size_t size = self.chunk_capacity * sizeof(Chunk), at = 0
        with nogil:
            while at < size:
                touch_page(place + at)
                at += SMALLEST_PAGE
        return size

    # ------------------------------------------------------------ events in

    def route(self, events):
        """Keep Event records and deal them to the sessions: a list of (slot, EVENTS frame). Raises ValueError."""
        cdef Py_buffer view
        cdef list frames = []
        cdef size_t count, part, touched, begin = 0
        PyObject_GetBuffer(events, &view, PyBUF_SIMPLE)
        try:
            if view.len % sizeof(Event):
                raise ValueError(f"records of {sizeof(Event)} bytes expected, got {view.len} bytes")
            count = <size_t> view.len // sizeof(Event)
            while begin < count:
                part = min(count - begin, self.frame_events)
                touched = self.store(<const Event*> view.buf + begin, part, True)
                self.deal(<const Event*> view.buf + begin, part, touched, frames)
                begin += part
        finally:
            PyBuffer_Release(&view)
        return frames

    def record(self, events):
        """Keep Event records of a replay, deal them to nobody. Raises ValueError."""
        cdef Py_buffer view
        PyObject_GetBuffer(events, &view, PyBUF_SIMPLE)
        try:
            if view.len % sizeof(Event):
                raise ValueError(f"records of {sizeof(Event)} bytes expected, got {view.len} bytes")
            self.store(<const Event*> view.buf, <size_t> view.len // sizeof(Event), False)
        finally:
            PyBuffer_Release(&view)

    def settle(self, accounts):
        """Take over the account_seq of all accounts (AccountRow records) after a replay that began in the middle.

        What was kept and does not reach up to it is dropped. Raises ValueError.
        """
        cdef Py_buffer view
        cdef const AccountRow* row
        cdef Stream* stream
        cdef size_t index
        PyObject_GetBuffer(accounts, &view, PyBUF_SIMPLE)
        try:
            if view.len % sizeof(AccountRow):
                raise ValueError(f"rows of {sizeof(AccountRow)} bytes expected, got {view.len} bytes")
            for index in range(<size_t> view.len // sizeof(AccountRow)):
                row = <const AccountRow*> view.buf + index
                self.grow_accounts(<size_t> row.account + 1)
                stream = &self.streams[row.account]
                if stream.last_seq != row.account_seq:
                    self.forget(stream)
                    stream.last_seq = row.account_seq
                    stream.first_seq = row.account_seq + 1
        finally:
            PyBuffer_Release(&view)

    # ------------------------------------------------------------ listeners

    def listen(self, uint32_t slot, uint32_t account):
        """Have a session (by its slot, a small number) get the account's events from now on, once."""
        cdef uint32_t place
        cdef size_t room
        cdef Link* grown
        if slot >= 1 << 24 or account >= 1 << 24:
            raise ValueError(f"slot and account must be below 2**24, got {slot} and {account}")
        self.grow_accounts(<size_t> account + 1)
        self.grow_slots(<size_t> slot + 1)
        place = self.streams[account].link
        while place != NO_LINK:
            if self.links[place].slot == slot:
                return
            place = self.links[place].next
        if self.link_free == NO_LINK:
            room = self.link_room * 2 if self.link_room else 64
            grown = <Link*> realloc(self.links, room * sizeof(Link))
            if grown == NULL:
                raise MemoryError
            self.links = grown
            for place in range(self.link_room, room):
                grown[place].next = self.link_free
                self.link_free = place
            self.link_room = room
        place = self.link_free
        self.link_free = self.links[place].next
        self.links[place].slot = slot
        self.links[place].next = self.streams[account].link
        self.streams[account].link = place

    def leave(self, uint32_t slot, uint32_t account):
        """Undo `listen`; nothing happens where there was none."""
        cdef uint32_t* place
        cdef uint32_t gone
        if account >= self.accounts:
            return
        place = &self.streams[account].link
        while place[0] != NO_LINK:
            gone = place[0]
            if self.links[gone].slot == slot:
                place[0] = self.links[gone].next
                self.links[gone].next = self.link_free
                self.link_free = gone
                return
            place = &self.links[gone].next

    # ------------------------------------------------------------ what is kept

    def range(self, uint32_t account):
        """account_seq of the oldest event kept (last + 1 when none is), and of the last event."""
        if account >= self.accounts:
            return 1, 0
        return self.streams[account].first_seq, self.streams[account].last_seq

    def frames(self, uint32_t account, from_seq, uint32_t frame_events=0):
        """EVENTS frames of what is kept of the account from account_seq `from_seq` on."""
        cdef Stream* stream
        cdef Chunk* chunk
        cdef uint64_t seq, first
        cdef uint32_t chunk_index, place, count
        cdef size_t left, in_frame = 0
        cdef bytes frame
        cdef unsigned char* out = NULL
        cdef uint32_t most = frame_events if frame_events else self.frame_events
        cdef list frames = []
        if account >= self.accounts:
            return frames
        stream = &self.streams[account]
        first = max(int(from_seq), stream.first_seq)
        if first > stream.last_seq:
            return frames
        left = stream.last_seq - first + 1
        seq = stream.first_seq
        chunk_index = stream.first_chunk
        while left:
            chunk = &self.chunks[chunk_index]
            if seq + chunk.count <= first:
                seq += chunk.count
                chunk_index = chunk.next
                continue
            place = <uint32_t> (first - seq)
            count = chunk.count - place
            if in_frame == 0:
                in_frame = min(left, <size_t> most)
                frame = frame_of(in_frame)
                frames.append(frame)
                out = <unsigned char*> PyBytes_AS_STRING(frame) + sizeof(FrameHeader)
            count = min(count, <uint32_t> in_frame)
            memcpy(out, &chunk.events[place], count * sizeof(Event))
            out += count * sizeof(Event)
            in_frame -= count
            left -= count
            first += count
        return frames

    def first_after(self, uint32_t account, uint64_t seq):
        """account_seq of the first event kept of the account that followed the command `seq`; last + 1: none did."""
        cdef Chunk* chunk
        cdef uint32_t chunk_index, place
        cdef uint64_t number
        if account >= self.accounts:
            return 1
        number = self.streams[account].first_seq
        if number > self.streams[account].last_seq:
            return self.streams[account].last_seq + 1
        chunk_index = self.streams[account].first_chunk
        while chunk_index != NO_CHUNK:
            chunk = &self.chunks[chunk_index]
            if chunk.count and chunk.events[chunk.count - 1].seq > seq:
                for place in range(chunk.count):
                    if chunk.events[place].seq > seq:
                        return number + place
            number += chunk.count
            chunk_index = chunk.next
        return number

    def fills(self, uint32_t account, size_t limit):
        """The last FILL events kept of the account, at most `limit`, oldest first: Event records."""
        cdef uint32_t chunk_index, place
        cdef size_t found = 0, skip
        cdef bytes records
        cdef unsigned char* out
        cdef Chunk* chunk
        if account >= self.accounts or self.streams[account].first_seq > self.streams[account].last_seq:
            return b""
        chunk_index = self.streams[account].first_chunk
        while chunk_index != NO_CHUNK:
            chunk = &self.chunks[chunk_index]
            for place in range(chunk.count):
                found += chunk.events[place].kind == EVENT_KIND_FILL
            chunk_index = chunk.next
        skip = found - limit if found > limit else 0
        records = PyBytes_FromStringAndSize(NULL, (found - skip) * sizeof(Event))
        out = <unsigned char*> PyBytes_AS_STRING(records)
        chunk_index = self.streams[account].first_chunk
        while chunk_index != NO_CHUNK:
            chunk = &self.chunks[chunk_index]
            for place in range(chunk.count):
                if chunk.events[place].kind == EVENT_KIND_FILL:
                    if skip:
                        skip -= 1
                    else:
                        memcpy(out, &chunk.events[place], sizeof(Event))
                        out += sizeof(Event)
            chunk_index = chunk.next
        return records

    @property
    def counts(self):
        """How many events of each kind came; at 0 the ACCEPTED that answer a retry, which are not among the others."""
        return [self.kinds[kind] for kind in range(KINDS)]

    def add_counts(self, counts):
        """Add counts of a snapshot."""
        cdef size_t kind
        for kind, count in enumerate(counts):
            if kind < KINDS:
                self.kinds[kind] += <uint64_t> count

    # ------------------------------------------------------------ inside

    cdef int grow_accounts(self, size_t count) except -1:
        cdef size_t room = self.accounts if self.accounts else 64
        cdef size_t index
        cdef Stream* grown
        if likely(count <= self.accounts):
            return 0
        while room < count:
            room *= 2
        grown = <Stream*> realloc(self.streams, room * sizeof(Stream))
        if grown == NULL:
            raise MemoryError
        for index in range(self.accounts, room):
            grown[index].last_seq = 0
            grown[index].first_seq = 1
            grown[index].first_chunk = grown[index].last_chunk = NO_CHUNK
            grown[index].chunks = 0
            grown[index].link = NO_LINK
        self.streams = grown
        self.accounts = room
        return 0

    cdef int grow_slots(self, size_t count) except -1:
        cdef size_t room = self.slot_room if self.slot_room else 64
        cdef Slot* grown
        cdef uint32_t* touched
        if count <= self.slot_room:
            return 0
        while room < count:
            room *= 2
        grown = <Slot*> realloc(self.slots, room * sizeof(Slot))
        if grown == NULL:
            raise MemoryError
        self.slots = grown
        memset(grown + self.slot_room, 0, (room - self.slot_room) * sizeof(Slot))
        touched = <uint32_t*> realloc(self.touched, room * sizeof(uint32_t))
        if touched == NULL:
            raise MemoryError
        self.touched = touched
        self.slot_room = room
        return 0

    cdef uint32_t take_chunk(self) noexcept nogil:
        """A chunk for new events: an unused one, or the oldest, which its account loses."""
        cdef uint32_t taken, pardons = 0
        cdef Stream* owner
        if self.chunk_free != NO_CHUNK:
            taken = self.chunk_free
            self.chunk_free = self.chunks[taken].next
            return taken
        if self.chunk_top < self.chunk_capacity:
            self.chunk_top += 1
            return self.chunk_top - 1
        while True:
            taken = self.oldest
            owner = &self.streams[self.chunks[taken].account]
            if self.oldest == self.newest:
                break
            if owner.chunks > 1 or pardons == PARDONS:
                break
            # a quiet account's only chunk: to the end of the queue
            pardons += 1
            self.oldest = self.chunks[taken].queued
            self.chunks[self.newest].queued = taken
            self.chunks[taken].queued = NO_CHUNK
            self.newest = taken
        self.oldest = self.chunks[taken].queued
        if self.oldest == NO_CHUNK:
            self.newest = NO_CHUNK
        owner.first_seq += self.chunks[taken].count
        owner.first_chunk = self.chunks[taken].next
        owner.chunks -= 1
        if owner.chunks == 0:
            owner.last_chunk = NO_CHUNK
        return taken

    cdef void forget(self, Stream* stream) noexcept nogil:
        """Empty what is kept of a stream; its chunks stay with it."""
        cdef uint32_t place = stream.first_chunk
        while place != NO_CHUNK:
            self.chunks[place].count = 0
            place = self.chunks[place].next

    cdef void keep(self, const Event* event) noexcept nogil:
        """Append an event to its account's stream."""
        cdef Stream* stream = &self.streams[event.account]
        cdef Chunk* chunk
        cdef uint32_t taken
        if unlikely(event.account_seq != stream.last_seq + 1):
            self.forget(stream)  # of a replay that began in the middle
            stream.first_seq = event.account_seq
        stream.last_seq = event.account_seq
        if likely(stream.last_chunk != NO_CHUNK):
            chunk = &self.chunks[stream.last_chunk]
            if likely(chunk.count < CHUNK_EVENTS):
                chunk.events[chunk.count] = event[0]
                chunk.count += 1
                return
        taken = self.take_chunk()
        chunk = &self.chunks[taken]
        chunk.account = event.account
        chunk.count = 1
        chunk.next = NO_CHUNK
        chunk.queued = NO_CHUNK
        chunk.events[0] = event[0]
        if stream.chunks:
            self.chunks[stream.last_chunk].next = taken
        else:
            stream.first_chunk = taken
            stream.first_seq = event.account_seq
        stream.last_chunk = taken
        stream.chunks += 1
        if self.newest != NO_CHUNK:
            self.chunks[self.newest].queued = taken
        else:
            self.oldest = taken
        self.newest = taken

    cdef int store(self, const Event* events, size_t count, bint deal) except -1:
        """Count and keep events; with `deal` also how many each session gets. Returns the number of sessions."""
        cdef size_t index
        cdef const Event* event
        cdef Slot* slot
        cdef uint32_t place
        cdef int touched = 0
        for index in range(count):
            event = &events[index]
            if likely(event.kind < KINDS):
                if event.kind == EVENT_KIND_ACCEPTED and event.flags & EVENT_FLAG_DUPLICATE:
                    self.kinds[<int> DUPLICATES] += 1
                else:
                    self.kinds[event.kind] += 1
            if event.account_seq:
                if unlikely(event.account >= self.accounts):
                    self.grow_accounts(<size_t> event.account + 1)
                self.keep(event)
                if deal:
                    place = self.streams[event.account].link
                    while place != NO_LINK:
                        slot = &self.slots[self.links[place].slot]
                        if slot.count == 0:
                            self.touched[touched] = self.links[place].slot
                            touched += 1
                        slot.count += 1
                        place = self.links[place].next
        return touched

    cdef int deal(self, const Event* events, size_t count, size_t touched, list frames) except -1:
        """To each of the sessions that `store` has found one frame with the events of its accounts, in their order."""
        cdef size_t index
        cdef uint32_t place
        cdef const Event* event
        cdef Slot* slot
        cdef bytes frame
        cdef bint all_to_one = False
        for index in range(touched):
            slot = &self.slots[self.touched[index]]
            frame = frame_of(slot.count)
            slot.out = <unsigned char*> PyBytes_AS_STRING(frame) + sizeof(FrameHeader)
            all_to_one = touched == 1 and slot.count == count
            slot.count = 0
            frames.append((self.touched[index], frame))
        if all_to_one:
            memcpy(slot.out, events, count * sizeof(Event))
            return 0
        if touched:
            for index in range(count):
                event = &events[index]
                if event.account_seq:
                    place = self.streams[event.account].link
                    while place != NO_LINK:
                        slot = &self.slots[self.links[place].slot]
                        memcpy(slot.out, event, sizeof(Event))
                        slot.out += sizeof(Event)
                        place = self.links[place].next
        return 0
