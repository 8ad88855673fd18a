"""Which open orders are tied to each other, for the read models: docs/linked.md.

The first order of a group may have come alone: nothing said then that others would name it, and nothing but its client
order id is named. So the open orders of an account are followed by that id, from the first one on that is tied.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from ext.copying cimport NO_MEMORY


cdef class Groups:
    def __cinit__(self):
        self.of = {}
        self.named = {}

    def __dealloc__(self):
        free(self.marks)

    cdef bint is_followed(self, uint32_t account) noexcept nogil:
        return account < self.accounts and self.marks[account]

    cdef int follow(self, uint32_t account) except -1:
        """From now on. Whoever asks has to note the orders that are open already."""
        cdef size_t count = self.accounts if self.accounts else 1024
        cdef unsigned char* marks
        while count <= account:
            count *= 2
        if count > self.accounts:
            marks = <unsigned char*> realloc(self.marks, count)
            if marks == NULL:
                raise MemoryError
            memset(marks + self.accounts, 0, count - self.accounts)
            self.marks = marks
            self.accounts = count
        self.named[account] = {}
        self.marks[account] = 1
        return 0

    cdef int note(self, uint32_t account, uint64_t client_order_id, size_t slot) noexcept nogil:
        with gil:
            try:
                self.named[account][client_order_id] = slot
            except MemoryError:
                return NO_MEMORY
        return 0

    cdef int forget(self, uint32_t account, uint64_t client_order_id) noexcept nogil:
        """An order of an account that is followed has ended."""
        with gil:
            try:
                self.named[account].pop(client_order_id, None)
                self.of.pop((account, client_order_id), None)
            except MemoryError:
                return NO_MEMORY
        return 0
